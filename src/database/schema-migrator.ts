import type { ClientBase } from 'pg';
import { quoteIdent, quoteLiteral } from './identifiers';
import { applySql, CREATE_VERSION_TABLE, type Migration, VERSION_TABLE } from './schema-migrations';

export interface SchemaTarget {
  schema: string;
  /** Role that will own the tables. */
  owner: string;
  /** SQL to run as the owner behind each migration, in its transaction. */
  rights?: string;
  /** SQL to run as the owner when nothing is pending, each time. */
  settle?: string;
  /** SQL to run in the same transaction once a version is applied, as the admin login. */
  record?: (version: number) => string;
}

const LOCK_TIMEOUT = '5s';

/**
 * Brings one schema up to date, one transaction a migration: DDL, version row and `record` are there together
 * or not at all. An advisory lock makes concurrent runners take turns; who comes second finds nothing to do.
 * @returns the migrations that this call applied
 */
export async function migrateSchema(
  client: ClientBase,
  target: SchemaTarget,
  migrations: readonly Migration[],
): Promise<Migration[]> {
  const applied: Migration[] = [];
  for (;;) {
    await client.query(openMigration(target));
    try {
      const next = await firstPending(client, migrations);
      await client.query(next === undefined ? (target.settle ?? '') : step(target, next));
      await client.query('COMMIT');
      if (next === undefined) return applied;
      applied.push(next);
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined); // the first error is the one that counts
      throw error;
    }
  }
}

/** BEGIN, lock, role and path of a migration; afterwards unqualified names mean `target.schema`. */
function openMigration({ schema, owner }: SchemaTarget): string {
  return `BEGIN;
    SET LOCAL lock_timeout = '${LOCK_TIMEOUT}';
    SELECT pg_advisory_xact_lock(hashtextextended(${quoteLiteral(`migrate ${schema}`)}, 0));
    ${enterAsOwner(schema, owner)}
    ${CREATE_VERSION_TABLE}`;
}

/** What the owner's statements need in front of them, inside a transaction. */
export function enterAsOwner(schema: string, owner: string): string {
  return `SET LOCAL ROLE ${quoteIdent(owner)}; SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp;`;
}

async function firstPending(
  client: ClientBase,
  migrations: readonly Migration[],
): Promise<Migration | undefined> {
  const { rows } = await client.query<{ version: number }>(`SELECT version FROM ${VERSION_TABLE}`);
  const done = new Set(rows.map((row) => Number(row.version)));
  return migrations.find((migration) => !done.has(migration.version));
}

function step(target: SchemaTarget, migration: Migration): string {
  return `${applySql(migration)}${target.rights ?? ''} RESET ROLE; ${target.record?.(migration.version) ?? ''}`;
}
