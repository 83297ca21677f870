import { quoteIdent } from '../database/identifiers';
import { lockTimeout } from '../database/lock-timeout';
import { VERSION_TABLE } from '../database/schema-migrations';
import type { Placement } from './tenant';

/** Limits of one tenant transaction, milliseconds. */
export interface Limits {
  statement: number;
  lock: number;
  idle: number;
}

/** Mode of work that may write, unless its member or its shop may not: then PostgreSQL refuses each write with 25006. */
export type WriteMode = 'READ WRITE' | 'READ ONLY';

/** In a REPEATABLE READ transaction, all statements see the data as of the first. */
type Mode = WriteMode | 'READ ONLY, ISOLATION LEVEL REPEATABLE READ';

/**
 * The statements that enter a tenant, sent as one message before the first query. Everything is LOCAL: it ends with
 * the transaction, so a pooled connection carries nothing over (PostgreSQL manual, SET). `public` is never in the
 * path, because a missing schema would silently fall through to it. `pg_temp` is last because PostgreSQL searches it
 * first when it is not named.
 *
 * The lock is the shop's door: whoever must have the shop to himself for some milliseconds takes it in ACCESS EXCLUSIVE
 * mode, and waits for transactions that are inside while others wait outside with no lock yet. It costs some microseconds.
 */
export function preamble({ schema, role }: Placement, mode: Mode, limits: Limits): string {
  return (
    `BEGIN ${mode}; SET LOCAL ROLE ${quoteIdent(role)}; ` +
    `SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp; ` +
    `SET LOCAL statement_timeout = ${limits.statement}; ${lockTimeout(limits.lock)}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${limits.idle}; LOCK TABLE ${VERSION_TABLE} IN ACCESS SHARE MODE`
  );
}
