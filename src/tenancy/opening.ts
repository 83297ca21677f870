import { quoteIdent } from '../database/identifiers';
import type { Placement } from './tenant';

/** Limits of one tenant transaction, milliseconds. */
export interface Limits {
  statement: number;
  lock: number;
  idle: number;
}

/** Of the last, all statements see what was there at the first. */
type Mode = 'READ WRITE' | 'READ ONLY' | 'READ ONLY, ISOLATION LEVEL REPEATABLE READ';

/**
 * The statements that enter a tenant, sent as one message in front of the first query. Everything is LOCAL, so
 * it ends with the transaction and a pooled connection carries nothing over (PostgreSQL manual, SET). `public`
 * is never in the path: a missing schema would silently fall through to it. `pg_temp` stands last because
 * it would be searched first if it were not named.
 */
export function opening({ schema, role }: Placement, mode: Mode, limits: Limits): string {
  return (
    `BEGIN ${mode}; SET LOCAL ROLE ${quoteIdent(role)}; ` +
    `SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp; ` +
    `SET LOCAL statement_timeout = ${limits.statement}; SET LOCAL lock_timeout = ${limits.lock}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${limits.idle}`
  );
}
