import type { Client } from 'pg';
import { createLogger } from '../src/common/logger';
import type { Env } from '../src/config/env';
import { adminOf, type Installation } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { createHttpApp } from '../src/app/http-server';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { explainEverything, ExplainedLog } from './indexes/explained';
import { type Finding, findingOf } from './indexes/plans';
import { type Call, callsOf } from './indexes/routes';
import { unusedIndexes } from './indexes/unused';
import { makeWorld, signUp, type SignedUp } from './indexes/world';
import { countArgument, print, start } from './lib/command';
import { describeSetup } from './lib/machine';
import { printSetup, save } from './lib/results';
import { withServer } from './lib/server';

/**
 * Calls every route of a large shop and inspects the executed plan of every statement: `npm run bench:indexes -- 100000
 * 1000000` with the numbers of products and order lines. Exits with 1 if a statement scans a large table, or reads much more
 * than it returns or writes.
 */
const PRODUCTS = countArgument(1, 100_000);
const LINES = countArgument(2, 1_000_000);

/** Routes for sign-up and login, which do not concern a shop, and routes that use no database. */
const ELSEWHERE = /^(?:\w+ \/api\/v1\/auth\/|\w+ \/health\/|\w+ \/\.well-known\/|POST \/api\/v1\/shops$)/;

interface Seen extends Finding {
  route: string;
}

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    await explainEverything(installation);
    const { schema, seen } = await drive(installation, env);
    const unused = await withClient(adminOf(installation).bootstrapUrl, 'bench', (client) =>
      unusedIndexes(client, schema),
    );
    printSetup(setup);
    printPlans(seen);
    for (const { index, table, bytes } of unused)
      print(`unused: ${index} of ${table}, ${Math.round(bytes / 1024)} kB, not needed by any key`);
    save('indexes', { ...setup, plans: seen, unused });
    const faults = seen.filter(({ fault }) => fault !== null);
    if (faults.length > 0) throw new Error(`${faults.length} statement(s) read too much`);
  }),
);

async function drive(installation: Installation, env: Env): Promise<{ schema: string; seen: Seen[] }> {
  const app = await createHttpApp({ env, logger: createLogger(env.LOG_LEVEL), installation });
  const log = new ExplainedLog(env);
  try {
    await app.listen(0, '127.0.0.1');
    const owner = await signUp(`${await app.getUrl()}/api/v1`);
    const calls = callsOf(await makeWorld(installation, owner, PRODUCTS, LINES));
    print(`created a shop with ${PRODUCTS} products and ${LINES} order lines`);
    await assertAll(owner, calls);
    const { schema } = new TenantLocator().locate(owner.shopId);
    return { schema, seen: await callAll(installation, schema, owner, calls, log) };
  } finally {
    await app.close(); // closing connections report their statistics
  }
}

/** Fails if a route has no call, so that new routes are covered. */
async function assertAll({ url }: SignedUp, calls: readonly Call[]): Promise<void> {
  const response = await fetch(new URL('/openapi.json', url));
  const { paths } = (await response.json()) as { paths: Record<string, object> };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const called = new Set(calls.map(({ route }) => route));
  const left = routes.filter((route) => !called.has(route) && !ELSEWHERE.test(route));
  if (left.length > 0) throw new Error(`no call of ${left.join(', ')}`);
}

async function callAll(
  installation: Installation,
  schema: string,
  { send }: SignedUp,
  calls: readonly Call[],
  log: ExplainedLog,
) {
  const { url } = adminOf(installation);
  const sizes = await withClient(url, 'bench', (client) => rowsOfTables(client, schema));
  const seen: Seen[] = [];
  await send(calls[0]!); // the first statement of a connection also reads the catalogue
  for (const call of calls) {
    log.next();
    await send(call);
    const route = call.note === undefined ? call.route : `${call.route}, ${call.note}`;
    for (const explained of log.next()) seen.push({ route, ...findingOf(explained, sizes, call.blocks) });
  }
  return seen;
}

async function rowsOfTables(client: Client, schema: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; count: number }>(
    `SELECT relname AS name, reltuples::float8 AS count FROM pg_class
     WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, $1::regnamespace)`,
    [schema],
  );
  return new Map(rows.map(({ name, count }) => [name, count]));
}

function printPlans(seen: readonly Seen[]): void {
  print('| route | statement | plan | rows | blocks | fault |');
  print('|---|---|---|---:|---:|---|');
  const printed = new Set<string>();
  for (const { route, statement, plan, rows, blocks, fault } of seen) {
    const short = statement.length > 60 ? `${statement.slice(0, 60)}…` : statement;
    if (printed.has(`${route} ${short} ${plan}`) && fault === null) continue;
    printed.add(`${route} ${short} ${plan}`);
    print(`| ${[route, short.replaceAll('|', '\\|'), plan, rows, blocks, fault ?? ''].join(' | ')} |`);
  }
}
