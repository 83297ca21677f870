import { quoteIdent, quoteLiteral } from '../database/identifiers';
import { lockTimeout } from '../database/lock-timeout';
import { VERSION_TABLE } from '../database/schema-migrations';
import type { Placement } from './tenant';

/** Limits of one tenant transaction; times in milliseconds. */
export interface Limits {
  statement: number;
  lock: number;
  idle: number;
  /** Null: as the server says. */
  workMemKiB: number | null;
  /** Null: as the server says. Only for a login that may set it: a refused SET would end every transaction. */
  tempFileMiB: number | null;
}

/** Mode of work that may write, unless its member or its shop may not: then PostgreSQL refuses each write with 25006. */
export type WriteMode = 'READ WRITE' | 'READ ONLY';

/** In a REPEATABLE READ transaction, all statements see the data as of the first. */
export type Mode = WriteMode | 'READ ONLY, ISOLATION LEVEL REPEATABLE READ';

/**
 * The statements that enter a tenant, sent as one message before the first query. Everything is LOCAL: it ends with
 * the transaction, so a pooled connection carries nothing over (PostgreSQL manual, SET). `public` is never in the
 * path, because a missing schema would silently fall through to it. `pg_temp` is last because PostgreSQL searches it
 * first when it is not named.
 *
 * The application name says in `pg_stat_activity` and in the server's log which shop a statement belongs to. The limit of temporary
 * files is set before the role, because only the login may set it.
 *
 * The lock is the shop's door: whoever must have the shop to himself for some milliseconds takes it in ACCESS EXCLUSIVE
 * mode, and waits for transactions that are inside while others wait outside with no lock yet. It costs some microseconds.
 */
export function preamble({ schema, role }: Placement, mode: Mode, limits: Limits): string {
  const { workMemKiB, tempFileMiB } = limits;
  const tempFiles = tempFileMiB === null ? '' : `SET LOCAL temp_file_limit = '${tempFileMiB}MB'; `;
  const workMem = workMemKiB === null ? '' : `SET LOCAL work_mem = '${workMemKiB}kB'; `;
  return (
    `BEGIN ${mode}; ${tempFiles}SET LOCAL ROLE ${quoteIdent(role)}; ` +
    `SET LOCAL search_path TO ${quoteIdent(schema)}, pg_temp; ` +
    `SET LOCAL application_name = ${quoteLiteral(`stoa ${schema}`)}; ${workMem}` +
    `SET LOCAL statement_timeout = ${limits.statement}; ${lockTimeout(limits.lock)}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${limits.idle}; LOCK TABLE ${VERSION_TABLE} IN ACCESS SHARE MODE`
  );
}
