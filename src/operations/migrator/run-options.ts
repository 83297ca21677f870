import { availableParallelism } from 'node:os';
import { isId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import type { EngineClient } from '../../database/engine-client';
import type { Migration } from '../../database/schema-migrations';
import { findShopIds, shopNotFound } from '../../tenancy/named-shops';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { assertInstalled } from '../installed';
import type { TenantSelection, UnfinishedTenant } from '../../tenancy/tenant-registry';

/** State that a run brings tenants to. */
export interface MigrationTarget {
  /** All migrations that the program knows, oldest first. */
  known: readonly Migration[];
  /** Migrations that tenants must have. */
  wanted: readonly Migration[];
  /** Migration to undo instead, on tenants that have `wanted` and this. */
  undone?: Migration;
}

/**
 * The newest version by default, an earlier one with `to`, all but the newest migration with `undo`.
 * @throws OperatorError for a version that no migration has, and for a migration that cannot be undone
 */
export function targetOf(
  { list }: TenantMigrations,
  { to, undo = false }: { to?: number; undo?: boolean } = {},
): MigrationTarget {
  if (undo) return { known: list, wanted: list.slice(0, -1), undone: undoable(list.at(-1)!) }; // never empty
  const at = to === undefined ? list.length - 1 : list.findIndex(({ version }) => version === to);
  if (at === -1) throw new OperatorError(`No tenant migration has the version ${to}.`);
  return { known: list, wanted: list.slice(0, at + 1) };
}

function undoable(migration: Migration): Migration {
  if (migration.marks.contract === undefined) return migration;
  throw new OperatorError(`${migration.name} removed something that only a backup can restore.`);
}

export interface RunOptions extends TenantSelection {
  /** Maximum number of tenants, oldest first. */
  limit?: number;
  /** Connections that migrate. */
  concurrency?: number;
  /** Tenants to migrate first: these, or a random percentage. A failure among them ends the run. */
  canary?: { shopIds: readonly string[] } | { percent: number };
  /** Further shares to migrate one after the other, percent of all; the rest comes last. */
  waves?: readonly number[];
  /** Number of failures that ends the run. */
  errorBudget?: number;
  /** How long busy tenants are retried after the last success, milliseconds. */
  patienceMs?: number;
  /** How long to wait for a server in trouble, milliseconds. */
  pauseLimitMs?: number;
  /** How long older programs have to stop serving tenants before a contract step, milliseconds. */
  drainMs?: number;
  /** Limit for one statement of a step, milliseconds. */
  statementMs?: number;
  signal?: AbortSignal;
  onProgress?: (progress: RunProgress) => void;
  /** Called when all workers pause because of `error`. */
  onPause?: (error: unknown, ms: number) => void;
}

export interface RunProgress {
  done: number;
  total: number;
  failed: number;
}

export interface RunSummary {
  /** Null when there was nothing to do. */
  runId: string | null;
  /** Version that tenants were brought to. */
  target: number;
  /** Tenants that were to be migrated when the run began. */
  total: number;
  migrated: number;
  failed: UnfinishedTenant[];
  /** Tenants that other runners, which share the run, failed on: tried and counted there. */
  failedElsewhere: UnfinishedTenant[];
  /** Busy until the end. */
  deferred: UnfinishedTenant[];
  /** `stopped`: the run ended itself, see `reason`. `unfinished`: some tenants could not be migrated. */
  outcome: 'done' | 'unfinished' | 'stopped' | 'interrupted';
  reason?: string;
}

/** Two to four measured best on two cores; with more, connections only wait for one another on the server. */
export function defaultConcurrency(): number {
  return Math.min(Math.max(availableParallelism(), 2), 8);
}

/** A broken migration fails on every tenant: the earlier the run stops, the fewer tenants need attention. */
export function defaultErrorBudget(total: number): number {
  return Math.max(5, Math.ceil(total / 100));
}

/**
 * Ids of shops that an operator names by slug or id, and of spare tenants, which have no slug.
 * @throws ShopNotFound naming the first that does not exist; OperatorError for a database older than the program
 */
export async function shopIdsOf(client: EngineClient, shops: readonly string[]): Promise<string[]> {
  await assertInstalled(client);
  const found = await findShopIds(async (sql, values) => (await client.query(sql, values)).rows, shops);
  const { rows } = await client.query<{ id: string }>(
    'SELECT shop_id AS id FROM tenants WHERE shop_id = ANY ($1)',
    [shops.filter(isId)],
  );
  const tenants = new Set(rows.map(({ id }) => id));
  return shops.map((name, i) => {
    const id = found[i] ?? name.toLowerCase();
    if (found[i] === null && !tenants.has(id)) throw shopNotFound(name);
    return id;
  });
}
