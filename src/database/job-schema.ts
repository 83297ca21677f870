import { Pool } from 'pg';
import type { Logger } from '../common/logger';
import { connectionConfig } from './data-source';
import type { EngineClient } from './engine-client';
import { quoteIdent } from './identifiers';
import type { Roles } from './roles';

/** Schema of graphile-worker and of our own table of runners (docs/decisions/0029-job-library.md). */
export const JOB_SCHEMA = 'jobs';

/** Newest migration of the installed graphile-worker. A test compares it with the package, which takes long to load. */
export const JOB_SCHEMA_VERSION = 19;

/** How long the server may owe an answer, and a connection take to open. No statement of the library takes nearly as long. */
const RESPONSE_MS = 15_000;

/**
 * Everything in the schema belongs to the owner, who may not create schemas, so ours exists before the library looks:
 * PostgreSQL checks the right of CREATE SCHEMA IF NOT EXISTS even where the schema exists. The library starts with its
 * first migration when its table is there and empty.
 */
function prepareSql({ owner }: Roles): string {
  const role = quoteIdent(owner);
  return `BEGIN;
    SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock(hashtextextended('migrate jobs', 0));
    CREATE SCHEMA IF NOT EXISTS ${JOB_SCHEMA} AUTHORIZATION ${role};
    SET LOCAL ROLE ${role};
    CREATE TABLE IF NOT EXISTS ${JOB_SCHEMA}.migrations (
      id int PRIMARY KEY,
      ts timestamptz NOT NULL DEFAULT now(),
      breaking boolean NOT NULL DEFAULT false
    );
    CREATE TABLE IF NOT EXISTS ${JOB_SCHEMA}.runners (
      id text PRIMARY KEY,
      beat_at timestamptz NOT NULL DEFAULT now()
    );
    COMMIT`;
}

/**
 * Creates the schema of the job library, or brings it up to date. Idempotent; several instances may do it at once.
 * @param client of the admin login
 * @param url of the admin login
 */
export async function migrateJobs(
  client: EngineClient,
  url: string,
  roles: Roles,
  logger: Logger,
): Promise<void> {
  if ((await versionOf(client)) >= JOB_SCHEMA_VERSION) return;
  await client.exec(prepareSql(roles));
  const { runMigrations, Logger: LibraryLogger } = await import('graphile-worker');
  const pool = openJobPool(url, roles, 2, logger);
  try {
    const silent = new LibraryLogger(() => () => undefined);
    await runMigrations({ pgPool: pool, schema: JOB_SCHEMA, logger: silent });
  } finally {
    await pool.end();
  }
}

async function versionOf(client: EngineClient): Promise<number> {
  const { rows: found } = await client.query(
    `SELECT FROM pg_tables WHERE schemaname = '${JOB_SCHEMA}' AND tablename = 'migrations'`,
  );
  if (found.length === 0) return 0;
  const { rows } = await client.query<{ version: number | null }>(
    `SELECT max(id) AS version FROM ${JOB_SCHEMA}.migrations`,
  );
  return rows[0]?.version ?? 0;
}

/** Opens connections of the admin login that act as the owner, for the job library only. */
export function openJobPool(url: string, roles: Roles, size: number, logger: Logger): Pool {
  const settings = connectionConfig('jobs', {
    kept: 0,
    responseTimeoutMs: RESPONSE_MS,
    severalStatements: true,
  });
  const pool = new Pool({
    ...settings,
    connectionString: url,
    max: size,
    connectionTimeoutMillis: RESPONSE_MS,
    options: `-c role=${roles.owner}`,
  });
  pool.on('error', (err) => logger.warn({ event: 'pool.error', pool: 'jobs', err }));
  pool.on('connect', () => undefined); // the library warns on the console about a pool without such a listener
  return pool;
}
