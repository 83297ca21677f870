import { isDatabaseAway, sqlState } from '../common/sqlstate';

/** Raised by functions in `public` that a step calls (migrations/public/1795273200000-create-migration-runs.ts). */
const HELD_ELSEWHERE = 'ST001';
const STALE_REGISTRY = 'ST002';
const CONFIGURED_LIMIT = '53400'; // for example temp_file_limit: caused by one tenant's data, not by the server
const BUSY = new Set(['55P03', '40P01', '40001']);

/**
 * Meaning of a failure for work on one tenant:
 * - `elsewhere`: another runner holds the tenant's advisory lock.
 * - `stale`: the registry disagrees with the schema.
 * - `busy`: a lock was not available in time.
 * - `server`: the server or the network is in trouble (disk full, restart); no tenant is to blame.
 * - `tenant`: everything else; this tenant has failed.
 */
export type Fault = 'elsewhere' | 'stale' | 'busy' | 'server' | 'tenant';

export function faultOf(error: unknown): Fault {
  const code = sqlState(error);
  if (code === HELD_ELSEWHERE) return 'elsewhere';
  if (code === STALE_REGISTRY) return 'stale';
  if (code !== undefined && BUSY.has(code)) return 'busy';
  if (code !== CONFIGURED_LIMIT && isDatabaseAway(error)) return 'server';
  return 'tenant';
}

/** True unless PostgreSQL only reported a lack of resources, which leaves the connection usable. */
export function isDisconnected(error: unknown): boolean {
  return !/^5[38]...$/.test(sqlState(error) ?? '');
}

/** Message and SQLSTATE of an error, for the registry, summaries and people. */
export function describeError(error: unknown): { message: string; sqlState: string | null } {
  return {
    message: error instanceof Error ? error.message : String(error),
    sqlState: sqlState(error) ?? null,
  };
}

/** Thrown when another runner holds a tenant's lock and no message of PostgreSQL reports it. */
export class HeldElsewhere extends Error {
  readonly code = HELD_ELSEWHERE;
}

/** Thrown when a run is stopped in the middle of a tenant that can continue later, for example in a backfill. */
export class Interrupted extends Error {}
