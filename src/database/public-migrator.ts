import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../common/report';
import { isContention } from '../common/sqlstate';
import type { EngineClient } from './engine-client';
import { quoteIdent } from './identifiers';
import { PUBLIC_MIGRATIONS } from './migration-folders';
import { publicRightsSql } from './public-rights';
import type { Roles } from './roles';
import {
  adoptSql,
  applySql,
  CREATE_VERSION_TABLE,
  editedFiles,
  loadMigrations,
  type Migration,
  type VersionRow,
  VERSION_TABLE,
} from './schema-migrations';

/** Lock timeout of a change to a busy table: queries that arrive later queue behind it. After it, the change is retried. */
const LOCK_TIMEOUT = '1s';
const ATTEMPTS = 20;

/**
 * Brings `public` up to date, one transaction per migration: DDL and version row are committed together. An advisory
 * lock serialises concurrent starts, however long the first one takes; the second finds nothing to do.
 * @param client of the admin login
 * @returns the migrations that this call applied
 * @throws OperatorError naming a file that was edited after it was applied, or of a kind that is for tenants only
 */
export async function migratePublic(client: EngineClient, roles: Roles): Promise<Migration[]> {
  const migrations = await loadMigrations(PUBLIC_MIGRATIONS);
  for (const { name, kind } of migrations)
    if (kind !== 'sql')
      throw new OperatorError(`migrations/public/${name}: the kind ${kind} is for tenants only`);
  const applied: Migration[] = [];
  for (;;) {
    const next = await retried(() => applyNext(client, roles, migrations));
    if (next === undefined) return applied;
    applied.push(next);
  }
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isContention(error) || attempt === ATTEMPTS) throw error;
      await sleep(100 + Math.random() * 400);
    }
  }
}

/** @returns the migration that was applied; undefined when none was pending, and the rights are set */
async function applyNext(
  client: EngineClient,
  roles: Roles,
  migrations: readonly Migration[],
): Promise<Migration | undefined> {
  await client.exec(beginSql(roles));
  try {
    const [next, ...more] = pendingAfter(await readVersions(client), migrations);
    const step = next === undefined ? '' : adoptSql(migrations) + applySql(next);
    // Together with the last migration: a program that finds it applied starts to use the tables.
    await client.exec(step + (more.length === 0 ? publicRightsSql(roles) : ''));
    await client.exec('COMMIT');
    return next;
  } catch (error) {
    await client.exec('ROLLBACK').catch(() => undefined); // the first error is the one that counts
    throw error;
  }
}

/** Begins a transaction. The wait for the advisory lock has no limit: another instance may run a long migration. */
function beginSql({ owner }: Roles): string {
  return `BEGIN;
    SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock(hashtextextended('migrate public', 0));
    SET LOCAL lock_timeout = '${LOCK_TIMEOUT}';
    SET LOCAL ROLE ${quoteIdent(owner)};
    SET LOCAL search_path TO public, pg_temp;
    ${CREATE_VERSION_TABLE}`;
}

async function readVersions(client: EngineClient): Promise<VersionRow[]> {
  const { rows } = await client.query<VersionRow>(
    `SELECT v.version, v.name, coalesce(to_jsonb(v) ->> 'checksum', '') AS checksum FROM ${VERSION_TABLE} v`,
  );
  return rows;
}

function pendingAfter(rows: readonly VersionRow[], migrations: readonly Migration[]): Migration[] {
  const [edited] = editedFiles(rows, migrations);
  if (edited !== undefined)
    throw new OperatorError(
      `migrations/public/${edited} was edited after it was applied: restore it, and write a new migration.`,
    );
  const done = new Set(rows.map(({ version }) => version));
  return migrations.filter(({ version }) => !done.has(version));
}
