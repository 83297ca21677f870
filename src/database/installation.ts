import type { Client } from 'pg';
import type { Logger } from '../common/logger';
import { OperatorError } from '../common/report';
import {
  DENIED,
  INVALID_AUTHORIZATION,
  INVALID_PASSWORD,
  isDatabaseAway,
  NO_SUCH_DATABASE,
  NO_SUCH_TABLE,
  sqlState,
} from '../common/sqlstate';
import { placeOf } from '../config/database-url';
import type { Env } from '../config/env';
import { bootstrap } from './bootstrap';
import { type DatabaseServer, openExistingServer, openServer } from './server/database-server';
import { quoteIdent, quoteLiteral } from './identifiers';
import { migrateJobs } from './job-schema';
import { loginUrl, openLogin } from './logins';
import { PUBLIC_MIGRATIONS } from './migration-folders';
import { renameRoleCreators } from './renamed-roles';
import { type Roles, rolesOf } from './roles';
import { loadMigrations, type Migration } from './schema-migrations';
import { migratePublic } from './public-migrator';
import { adminSecrets, existingSecrets, openSecrets, Secrets } from './secrets';
import { ensureSigningKeys } from './signing-keys';
import { withClient } from './with-client';

/** Injection token of the installation. */
export const INSTALLATION = Symbol('Installation');

/** A database that is ready: roles exist, logins have passwords, `public` is at the newest version and has keys. */
export interface Installation {
  server: Omit<DatabaseServer, 'adminUrl'>;
  roles: Roles;
  /** URLs of the logins that serve requests, through the pooler if there is one. */
  logins: Record<'public' | 'tenant', string>;
  /** Null in a process that has no admin rights (PROVISIONING=worker). */
  admin: AdminAccess | null;
  secrets: Secrets;
  /** Public migrations that this start applied. */
  applied: Migration[];
}

/** Direct connections, for provisioning, migrations and commands. */
export interface AdminAccess {
  /** DATABASE_URL, or the embedded server's superuser. */
  bootstrapUrl: string;
  /** URL of the admin login. */
  url: string;
}

/** @throws OperatorError in a process without admin rights */
export function adminOf({ admin }: Installation): AdminAccess {
  if (admin === null) throw new OperatorError('This process has no admin rights: PROVISIONING=worker.');
  return admin;
}

/**
 * Opens the server, bootstraps roles and migrates `public`. Idempotent; several instances may do it at once.
 * The caller closes `server`.
 * @param onServer called with the description of the server before anything is done there
 * @throws OperatorError, or the server's own error
 */
export async function openInstallation(
  env: Env,
  logger: Logger,
  onServer?: (description: string) => void,
): Promise<Installation> {
  assertAdminSecret(env);
  const secrets = openSecrets(env);
  const server = await openServer(env, logger);
  onServer?.(server.description);
  const bootstrapUrl = server.adminUrl;
  const roles = rolesOf(databaseOf(bootstrapUrl));
  try {
    const url = await withClient(bootstrapUrl, 'bootstrap', async (client) => {
      const open = await bootstrap(client, roles, env.HARDENING === 'on');
      if (open.length > 0) logger.warn({ event: 'database.not_hardened', open: open.length });
      return openLogins(client, bootstrapUrl, roles, env, secrets);
    });
    // One connection: since PostgreSQL 16, the first statement of the admin login reads all its memberships.
    const applied = await withClient(url, 'prepare', async (client) => {
      await renameRoleCreators(client, roles);
      await migrateJobs(client, url, roles, logger); // before public, whose version tells an API that all is ready
      const migrations = await migratePublic(client, roles);
      await ensureSigningKeys(client, secrets);
      return migrations;
    });
    const logins = requestLogins(env, bootstrapUrl, roles, secrets);
    return { server, roles, logins, admin: { bootstrapUrl, url }, secrets, applied };
  } catch (error) {
    await server.close();
    throw unreachable(error, server.description);
  }
}

/**
 * Opens the installation without changing the database: it creates, grants and migrates nothing, and does not guarantee
 * that the logins can log in. For commands that inspect; `openInstallation` would repair some faults first.
 * @param onServer as for `openInstallation`
 * @throws OperatorError if there is no embedded server in DATA_DIR
 */
export async function findInstallation(
  env: Env,
  logger: Logger,
  onServer?: (description: string) => void,
): Promise<Installation> {
  assertAdminSecret(env);
  const secrets = existingSecrets(env);
  const server = await openExistingServer(env, logger);
  onServer?.(server.description);
  const bootstrapUrl = server.adminUrl;
  const roles = rolesOf(databaseOf(bootstrapUrl));
  const logins = requestLogins(env, bootstrapUrl, roles, secrets);
  const admin = { bootstrapUrl, url: loginUrl(bootstrapUrl, roles, 'admin', adminSecrets(env, secrets)) };
  return { server, roles, logins, admin, secrets, applied: [] };
}

/**
 * Joins an installation without any admin rights, for an API process with PROVISIONING=worker: it knows the
 * passwords of the public and of the tenant login only.
 * @throws OperatorError when a setting is missing or grants too much, or the database is not ready
 */
export async function joinInstallation(env: Env): Promise<Installation> {
  const { DATABASE_URL, APP_SECRET, ADMIN_SECRET } = env;
  if (DATABASE_URL === undefined || APP_SECRET === undefined) {
    const missing = Object.entries({ DATABASE_URL, APP_SECRET }).filter(([, value]) => value === undefined);
    throw new OperatorError(`PROVISIONING=worker needs ${missing.map(([name]) => name).join(' and ')}.`);
  }
  if (ADMIN_SECRET !== undefined || new URL(DATABASE_URL).username !== '')
    throw new OperatorError(
      'PROVISIONING=worker keeps admin rights out of this process: leave ADMIN_SECRET, and the user in DATABASE_URL, to the worker.',
    );
  const secrets = new Secrets(APP_SECRET);
  const roles = rolesOf(databaseOf(DATABASE_URL));
  const logins = requestLogins(env, DATABASE_URL, roles, secrets);
  await assertReady(logins.public);
  const server = {
    description: `${placeOf(DATABASE_URL)}, without admin rights`,
    announce: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { server, roles, logins, admin: null, secrets, applied: [] };
}

function assertAdminSecret({ PROVISIONING, ADMIN_SECRET, DATABASE_URL }: Env): void {
  if (PROVISIONING !== 'worker') return;
  if (ADMIN_SECRET === undefined || DATABASE_URL === undefined || new URL(DATABASE_URL).username === '')
    throw new OperatorError(
      'PROVISIONING=worker needs ADMIN_SECRET and a user in DATABASE_URL here: these are not the settings of the API.',
    );
}

/** @returns URL of the admin login */
async function openLogins(
  client: Client,
  url: string,
  roles: Roles,
  env: Env,
  secrets: Secrets,
): Promise<string> {
  await openLogin(client, url, roles, 'public', secrets);
  await openLogin(client, url, roles, 'tenant', secrets);
  await keepAdminSecret(client, roles, env);
  return openLogin(client, url, roles, 'admin', adminSecrets(env, secrets));
}

const OWN_SECRET = 'password from ADMIN_SECRET';

/**
 * Refuses a process without ADMIN_SECRET once the admin login has a secret of its own: the process would set a password
 * that the API can derive.
 * @throws OperatorError
 */
async function keepAdminSecret(client: Client, roles: Roles, { ADMIN_SECRET }: Env): Promise<void> {
  const { rows } = await client.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = $1`,
    [roles.admin],
  );
  const hasOwn = rows[0]?.comment === OWN_SECRET;
  if (hasOwn && ADMIN_SECRET === undefined)
    throw new OperatorError(
      'The admin login of this installation has a secret of its own: set ADMIN_SECRET.',
    );
  if (!hasOwn && ADMIN_SECRET !== undefined)
    await client.query(`COMMENT ON ROLE ${quoteIdent(roles.admin)} IS ${quoteLiteral(OWN_SECRET)}`);
}

function requestLogins(env: Env, server: string, roles: Roles, secrets: Secrets): Installation['logins'] {
  const base = env.POOLER_URL ?? server;
  return {
    public: loginUrl(base, roles, 'public', secrets),
    tenant: loginUrl(base, roles, 'tenant', secrets),
  };
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

/** Explains that the database cannot be reached, and which one. */
export function unreachable(error: unknown, description: string): unknown {
  const isMissing = sqlState(error) === NO_SUCH_DATABASE;
  if (!isMissing && !isDatabaseAway(error)) return error;
  const hint = isMissing ? 'Create the database first: PostgreSQL does not make it by itself.' : '';
  return new OperatorError(`No connection to the database, ${description}. ${hint}`.trim(), { cause: error });
}

/** Errors before the worker has run, or when it has another APP_SECRET: no role, password, table or database. */
const NOT_MADE = [INVALID_AUTHORIZATION, INVALID_PASSWORD, NO_SUCH_TABLE, DENIED, NO_SUCH_DATABASE];

async function assertReady(publicUrl: string): Promise<void> {
  const newest = (await loadMigrations(PUBLIC_MIGRATIONS)).at(-1)?.version ?? 0;
  const version = await withClient(publicUrl, 'join', async (client) => {
    const { rows } = await client.query<{ version: number }>(
      'SELECT max(version) AS version FROM schema_migrations',
    );
    return Number(rows[0]?.version);
  }).catch((cause: unknown) => {
    if (!NOT_MADE.includes(sqlState(cause) ?? '')) throw cause;
    const text = 'The database is not ready: start the provisioning worker first, with the same APP_SECRET.';
    throw new OperatorError(text, { cause });
  });
  if (version < newest)
    throw new OperatorError('The database is behind this program: start the provisioning worker first.');
}
