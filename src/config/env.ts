import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../common/report';
import { KEEP_PROBLEM, parseKeep, parseTarget, TARGET_PROBLEM } from './backups';
import { longestInterval } from './cron';
import { databaseUrlProblem } from './database-url';

/** A URL that can be parsed without a doubt about what belongs to the password. */
const databaseUrl = z.string().superRefine((text, context) => {
  const message = databaseUrlProblem(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** Settings of an operator, described in docs/settings.md. Everything else is a constant or derived. */
const settings = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  METRICS_HOST: z.string().default('127.0.0.1'),
  OPERATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  OPERATOR_HOST: z.string().default('127.0.0.1'),
  DATA_DIR: z
    .string()
    .regex(/^[^"$`\\\r\n]+$/, 'must not contain quotes, $, backslashes or line breaks: pg_ctl uses a shell')
    .default('.data')
    .transform((dir) => path.resolve(dir)),
  DATABASE_URL: databaseUrl.optional(),
  APP_SECRET: z.string().min(32).optional(),
  ADMIN_SECRET: z.string().min(32).optional(),
  POOLER_URL: databaseUrl
    .refine((text) => !URL.canParse(text) || new URL(text).username === '', 'must not name a user')
    .optional(),
  PROVISIONING: z.enum(['inline', 'worker']).default('inline'),
  JOBS: z.enum(['inline', 'worker', 'off']).default('inline'),
  WARM_TENANTS: z.coerce.number().int().min(0).max(1000).default(10),
  HARDENING: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  WORKERS: z.coerce.number().int().min(1).max(128).default(1),
  TENANT_POOL_SIZE: z.coerce.number().int().min(1).max(1000).default(10),
  TENANTS_PER_CONNECTION: z.coerce.number().int().min(1).max(1_000_000).default(350),
  PUBLIC_POOL_SIZE: z.coerce.number().int().min(1).max(1000).default(5),
  REDIS_URL: z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol),
      'must begin with redis:// or rediss://',
    )
    .optional(),
  POOL_WAIT_MS: z.coerce.number().int().min(100).max(60_000).default(5000),
  STATEMENT_TIMEOUT_MS: z.coerce.number().int().min(100).max(600_000).default(15_000),
  LOCK_TIMEOUT_MS: z.coerce.number().int().min(100).max(60_000).default(5000),
  IDLE_TIMEOUT_MS: z.coerce.number().int().min(100).max(600_000).default(15_000),
  SLOW_STATEMENT_MS: z.coerce.number().int().min(0).max(600_000).default(1000),
  DRAIN_MS: z.coerce.number().int().min(0).max(60_000).default(0),
  HEADERS_TIMEOUT_MS: z.coerce.number().int().min(100).max(600_000).default(15_000),
  KEEP_ALIVE_MS: z.coerce.number().int().min(100).max(3_600_000).default(75_000),
  MAX_CONNECTIONS: z.coerce.number().int().min(10).max(1_000_000).default(2000),
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(100).max(3_600_000).default(120_000),
  LOGIN_ATTEMPTS_PER_ACCOUNT: z.coerce.number().int().min(1).max(100_000).default(20),
  LOGIN_ATTEMPTS_PER_DAY: z.coerce.number().int().min(1).max(1_000_000).default(100),
  LOGIN_ATTEMPTS_PER_ADDRESS: z.coerce.number().int().min(1).max(100_000).default(100),
  NEW_SHOPS_PER_HOUR: z.coerce.number().int().min(1).max(1_000_000).default(100),
  TRUST_PROXY: z
    .string()
    .refine(isProxyList, 'must be the number of proxies, or their addresses or networks separated by commas')
    .transform((text) => (isCount(text) ? Number(text) : itemsOf(text)))
    .optional(),
  CORS_ORIGINS: z
    .string()
    .transform(itemsOf)
    .refine((origins) => origins.every(isOrigin), 'must be origins such as https://shop.example, by commas')
    .optional(),
  IMPORT_INLINE_MB: z.coerce.number().int().min(0).max(10_240).default(10),
  IMPORT_MAX_MB: z.coerce.number().int().min(1).max(10_240).default(100),
  IMAGE_MAX_MB: z.coerce.number().int().min(1).max(100).default(10),
  FILES_TARGET: z
    .string()
    .refine((text) => parseTarget(text) !== null, TARGET_PROBLEM)
    .optional(),
  FILES_KEEP_FREE_MB: z.coerce.number().int().min(0).max(1_000_000_000).default(512),
  DELETED_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
  BACKUP_TARGET: z
    .string()
    .refine((text) => parseTarget(text) !== null, TARGET_PROBLEM)
    .optional(),
  S3_ENDPOINT: z
    .string()
    .refine(isEndpoint, 'must be http://host:port or https://host:port, without a user, path or query')
    .optional(),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{2,50}$/, 'must be the name of a region, such as eu-central-1')
    .optional(),
  BACKUP_KEEP: z
    .string()
    .default('7d4w')
    .transform((text, context) => {
      const keep = parseKeep(text);
      if (keep !== null) return keep;
      context.addIssue({ code: 'custom', message: KEEP_PROBLEM });
      return z.NEVER;
    }),
  BACKUP_SCHEDULE: z
    .string()
    .refine((text) => longestInterval(text) !== null, 'must be the five fields of cron, such as 30 2 * * *')
    .optional(),
  BACKUP_RECIPIENTS: z
    .string()
    .transform(itemsOf)
    .refine((keys) => keys.every(isRecipient), 'must be public keys of age, which begin with age1, by commas')
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine(isCollector, 'must be the address of a collector, such as http://127.0.0.1:4318')
    .optional(),
  OTEL_SERVICE_NAME: z.string().max(100).default('stoa'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  BACKUP_IDENTITY_FILE: z
    .string()
    .transform((file) => path.resolve(file))
    .optional(),
});

/**
 * Settings of earlier versions and their present names. An environment may have both during a deploy; the old one alone
 * would be ignored, and is refused.
 */
const RENAMED = new Map([['STOCK_SIZE', 'WARM_TENANTS']]);

const schema = settings
  .refine(({ PORT, METRICS_PORT }) => METRICS_PORT === 0 || METRICS_PORT !== PORT, {
    path: ['METRICS_PORT'],
    error: 'must not be PORT',
  })
  .refine(({ PORT, METRICS_PORT, OPERATOR_PORT: own }) => own === 0 || ![PORT, METRICS_PORT].includes(own), {
    path: ['OPERATOR_PORT'],
    error: 'must be neither PORT nor METRICS_PORT',
  });

/** Names of all settings, for the test of docs/settings.md. */
export const SETTING_NAMES = Object.keys(settings.shape);

export type Env = z.infer<typeof schema>;

/** Connections of the admin login. Provisioning is short and rare, and must not take connections from requests. */
export const ADMIN_POOL_SIZE = 4;

/** Injection token of the environment. */
export const ENV = Symbol('Env');

/** Thrown for invalid settings. The message names every bad variable and contains no values. */
export class EnvironmentError extends OperatorError {
  constructor(readonly variables: { name: string; problem: string }[]) {
    super(
      `Cannot start because of invalid settings: ${variables.map((v) => `${v.name} (${v.problem})`).join(', ')}. See .env.example.`,
    );
  }
}

/**
 * Reads and checks all settings; no other code reads settings from `process.env`. A blank variable counts as unset.
 * @throws EnvironmentError with the names of all bad variables
 */
export function readEnv(source: NodeJS.ProcessEnv = loadedEnv()): Env {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value?.trim() !== ''));
  const renamed = [...RENAMED].filter(([name, present]) => name in given && !(present in given));
  const result = schema.safeParse(given);
  if (result.success && renamed.length === 0) return result.data;
  const issues = result.error?.issues ?? [];
  throw new EnvironmentError([
    ...issues.map((issue) => ({ name: issue.path.join('.'), problem: problemOf(issue) })),
    ...renamed.map(([name, present]) => ({ name, problem: `is now called ${present}` })),
  ]);
}

/** In plain words what the library says of a text that is no number: `expected number, received NaN`. */
function problemOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type' && issue.expected === 'number' ? 'must be a number' : issue.message;
}

/** Variables that are no settings but have the letters of one: `TENANT_POOLSIZE` sets nothing. */
export function misspeltSettings(source: NodeJS.ProcessEnv = process.env): { name: string; meant: string }[] {
  const letters = (name: string) => name.toUpperCase().replaceAll(/[^A-Z]/g, '');
  const settingOf = new Map(SETTING_NAMES.map((name) => [letters(name), name]));
  return Object.keys(source).flatMap((name) => {
    const meant = settingOf.get(letters(name));
    return meant === undefined || name === meant ? [] : [{ name, meant }];
  });
}

/** Loads `.env` from the working directory; variables that are already set win. */
function loadedEnv(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

function isProxyList(text: string): boolean {
  return isCount(text) ? Number(text) > 0 : itemsOf(text).every(isNetwork);
}

function isCount(text: string): boolean {
  return /^\s*\d{1,2}\s*$/.test(text);
}

/** Items of a setting, separated by commas. */
function itemsOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

/** True for an origin exactly as browsers send it: neither a path nor a default port, no wildcard, lower case. */
function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isEndpoint(text: string): boolean {
  return /^https?:\/\/[^/?#@]+\/?$/.test(text) && URL.canParse(text);
}

function isCollector(text: string): boolean {
  return /^https?:\/\/[^?#@]+$/.test(text) && URL.canParse(text);
}

/** True for the letters of a public key; `age-encryption` checks the rest when a backup begins. */
function isRecipient(text: string): boolean {
  return /^age1(?:pq1|tag1|tagpq1)?[02-9ac-hj-np-z]{50,}$/.test(text);
}

/** True for an IP address or a network such as `10.0.0.0/8`. */
function isNetwork(text: string): boolean {
  const [address = '', bits = '0', more] = text.split('/');
  const width = isIP(address) === 6 ? 128 : 32;
  return isIP(address) !== 0 && more === undefined && /^\d+$/.test(bits) && Number(bits) <= width;
}

/**
 * Keeps the client of S3 quiet, which warns in each process below Node 22 of releases that are still to come. This one is pinned,
 * and nobody who reads the output of a command can do anything about it. Call it before the client is made.
 */
export function quietAwsClient(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}
