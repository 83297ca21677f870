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
 * Functions with the owner's rights that only the tenant login may call, which has no right on `public`: between two parts of a
 * tenant's transaction it adds a job or an import for the shop, or ends the one that is being done
 * (docs/decisions/0033-jobs-of-shops.md). Of operations it may add imports only, none that read or remove a shop.
 */
export const TENANT_FUNCTIONS: string[] = [
  'add_tenant_job(uuid, uuid, text, jsonb, text, text, timestamp with time zone, integer, uuid, text)',
  'finish_tenant_job(uuid, uuid)',
  'add_products_import(uuid, uuid, uuid, jsonb, integer)',
  'keep_operation_result(uuid, uuid, uuid, jsonb)',
];

/**
 * A function that changes gets another name, because programs of two versions run during a deploy. DO UPDATE locks the waiting job
 * until the COMMIT of the caller: nobody starts it before it can see what the caller wrote.
 */
const CREATE_TENANT_FUNCTIONS = `
  CREATE OR REPLACE FUNCTION ${JOB_SCHEMA}.add_tenant_job(job uuid, shop uuid, job_kind text, body jsonb, ordering text,
    uniqueness text, begin_at timestamptz, tries integer, member uuid, request text)
  RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
  DECLARE found uuid;
  BEGIN
    INSERT INTO public.tenant_jobs AS j
      (id, shop_id, kind, payload, order_key, unique_key, run_at, max_attempts, user_id, request_id)
    VALUES (job, shop, job_kind, body, ordering, uniqueness, coalesce(begin_at, now()), coalesce(tries, 15), member, request)
    ON CONFLICT (shop_id, kind, unique_key) DO UPDATE SET run_at = least(j.run_at, excluded.run_at)
    RETURNING id INTO found;
    RETURN found;
  END $body$;
  CREATE OR REPLACE FUNCTION ${JOB_SCHEMA}.finish_tenant_job(job uuid, held uuid) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
  BEGIN
    DELETE FROM public.tenant_jobs WHERE id = job AND lease = held;
    RETURN FOUND;
  END $body$;
  CREATE OR REPLACE FUNCTION ${JOB_SCHEMA}.add_products_import(operation uuid, shop uuid, member uuid, wanted jsonb, most integer)
  RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
  BEGIN
    INSERT INTO public.operations (id, kind, shop_id, shop_slug, by_kind, by_id, input)
    SELECT operation, 'products-import', s.id, s.slug, 'member', member, wanted FROM public.shops s
    WHERE s.id = shop AND most > (SELECT count(*) FROM public.operations o
      WHERE o.shop_id = shop AND o.kind = 'products-import' AND o.state IN ('queued', 'running'));
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM public.add_job('operation', '{}'::jsonb, NULL, NULL, NULL, NULL);
    RETURN true;
  END $body$;
  CREATE OR REPLACE FUNCTION ${JOB_SCHEMA}.keep_operation_result(operation uuid, held_by uuid, shop uuid, outcome jsonb)
  RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
  BEGIN
    UPDATE public.operations SET checkpoint = jsonb_build_object('result', outcome), seen_at = clock_timestamp()
    WHERE id = operation AND runner = held_by AND shop_id = shop AND state = 'running';
    RETURN FOUND;
  END $body$;
  ${TENANT_FUNCTIONS.map((signature) => `REVOKE ALL ON FUNCTION ${JOB_SCHEMA}.${signature} FROM PUBLIC;`).join(' ')}`;

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
    ${CREATE_TENANT_FUNCTIONS}
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
  const version = await versionOf(client);
  if (version >= JOB_SCHEMA_VERSION && (await hasFunctions(client))) return;
  await client.exec(prepareSql(roles));
  if (version >= JOB_SCHEMA_VERSION) return;
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

async function hasFunctions(client: EngineClient): Promise<boolean> {
  const { rows } = await client.query<{ all: boolean }>(
    'SELECT bool_and(to_regprocedure(name) IS NOT NULL) AS all FROM unnest($1::text[]) name',
    [TENANT_FUNCTIONS.map((signature) => `${JOB_SCHEMA}.${signature}`)],
  );
  return rows[0]?.all === true;
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
