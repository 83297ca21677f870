import { isDatabaseAway, sqlState } from '../common/sqlstate';

/** Raised by the functions in `public` that a step calls (migrations/public/1795273200000-create-migration-runs.ts). */
const ELSEWHERE = 'ST001';
const STALE = 'ST002';
const CONFIGURED_LIMIT = '53400'; // such as temp_file_limit: the fault of one tenant's data, not of the server
const BUSY = new Set(['55P03', '40P01', '40001']);

/**
 * `elsewhere`: another runner has the tenant. `stale`: the index does not say what the schema does. `busy`:
 * a lock was not to be had. `server`: nobody's fault in particular, such as a full disk or a restart. `tenant`:
 * everything else, and then the tenant has failed.
 */
export type Fault = 'elsewhere' | 'stale' | 'busy' | 'server' | 'tenant';

export function faultOf(error: unknown): Fault {
  const code = sqlState(error);
  if (code === ELSEWHERE) return 'elsewhere';
  if (code === STALE) return 'stale';
  if (code !== undefined && BUSY.has(code)) return 'busy';
  if (code !== CONFIGURED_LIMIT && isDatabaseAway(error)) return 'server';
  return 'tenant';
}

/** Whether the connection may be broken: everything but what PostgreSQL says of its resources and goes on. */
export function isDisconnected(error: unknown): boolean {
  return !/^5[38]...$/.test(sqlState(error) ?? '');
}

/** What an error says, for the index, the summary and people. */
export function describe(error: unknown): { message: string; sqlState: string | null } {
  return {
    message: error instanceof Error ? error.message : String(error),
    sqlState: sqlState(error) ?? null,
  };
}

/** Thrown where no message of PostgreSQL says it. */
export class HeldElsewhere extends Error {
  readonly code = ELSEWHERE;
}

/** Thrown when a run is told to stop in the middle of a tenant that can go on later, such as a backfill. */
export class Interrupted extends Error {}
