import { sqlState } from '../../common/sqlstate';
import type { EngineClient } from '../../database/engine-client';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import type { Placement } from '../../tenancy/tenant';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { tenantLockKey } from '../tenant-lock';
import { DERIVED_TABLES, listTables } from './copy/tenant-tables';
import { RestoreConflict, RestoreTableUnknown } from './lifecycle.errors';
import { enterMembersSql } from './swap-tenants';
import { retryWhileBusy } from './retry-while-busy';

const FOREIGN_KEY = '23503';
const LOCK_MS = 200;

/** Last number that was given out, by the name of the table that has the numbers. */
const COUNTERS = 'counters';

/**
 * Replaces the rows of some tables of a shop by those of a held tenant at the same version, in one transaction. Foreign keys
 * to and from these tables are dropped and made again, so rows elsewhere stay as they are. Present members stay in `members`, and
 * no counter goes back: otherwise the next order would have nobody who took it, or a number that another order has.
 * @param within runs in the transaction
 * @throws RestoreConflict when rows of other tables refer to rows that the new ones lack: nothing is changed
 * @throws RestoreTableUnknown when the shop lacks one of them, for example one that was dropped or renamed
 */
export async function replaceTables(
  client: EngineClient,
  roles: Roles,
  shopId: string,
  heldId: string,
  names: readonly string[],
  within: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const locator = new TenantLocator();
  const [live, held] = [locator.locate(shopId), locator.locate(heldId)];
  const attempt = async () => {
    await client.exec(`BEGIN; SET LOCAL lock_timeout = ${LOCK_MS}; SET LOCAL statement_timeout = 0;
      SELECT pg_advisory_xact_lock(${tenantLockKey(live.schema)}); SET LOCAL ROLE ${quoteIdent(roles.owner)}`);
    await client.exec(await replaceSql(client, shopId, live, held, names));
    await client.exec('RESET ROLE');
    await within();
    await client.exec('COMMIT');
  };
  try {
    await retryWhileBusy(client, signal, attempt, () => 50 + Math.random() * 250);
  } catch (error) {
    if (sqlState(error) !== FOREIGN_KEY) throw error;
    throw new RestoreConflict({
      detail: `${(error as Error).message}. Restore both tables, or the whole shop.`,
      cause: error,
    });
  }
}

async function replaceSql(
  client: EngineClient,
  shopId: string,
  live: Placement,
  held: Placement,
  names: readonly string[],
): Promise<string> {
  const all = await listTables(client, live.schema);
  const tables = all.filter(({ name }) => names.includes(name));
  const missing = names.filter((wanted) => !tables.some(({ name }) => name === wanted));
  if (missing.length > 0)
    throw new RestoreTableUnknown({
      detail: `The shop has no table ${missing.join(', ')} now: restore the whole shop.`,
    });
  const in_ = ({ schema }: Placement, name: string) => `${quoteIdent(schema)}.${quoteIdent(name)}`;
  const { rows: keys } = await client.query<{ of: string; drop: string; create: string }>(
    `SELECT c.relname AS "of", format('ALTER TABLE %I.%I DROP CONSTRAINT %I', $1::text, c.relname, k.conname) AS "drop",
       format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $1::text, c.relname, k.conname, pg_get_constraintdef(k.oid)) AS "create"
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
       JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
     WHERE k.connamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) AND k.contype = 'f'
       AND (c.relname = ANY ($2) OR f.relname = ANY ($2)) ORDER BY c.relname, k.conname`,
    [live.schema, names],
  );
  const derived = new Set(keys.map((key) => key.of).filter((name) => DERIVED_TABLES.includes(name)));
  const emptied = tables.filter(({ name }) => name !== COUNTERS);
  const fill = emptied.map(({ name, columns }) => {
    const list = columns.map(quoteIdent).join(', ');
    return `INSERT INTO ${in_(live, name)} (${list}) SELECT ${list} FROM ${in_(held, name)}`;
  });
  const listed = (some: typeof tables) => some.map(({ name }) => in_(live, name)).join(', ');
  return [
    `LOCK TABLE ${listed(tables)} IN ACCESS EXCLUSIVE MODE`,
    `SET LOCAL search_path TO ${quoteIdent(live.schema)}, pg_temp`,
    ...keys.map((key) => key.drop),
    ...[...derived].map((name) => `TRUNCATE ${in_(live, name)}`),
    ...(emptied.length > 0 ? [`TRUNCATE ${listed(emptied)}`] : []),
    ...fill,
    ...(names.includes('members') ? [enterMembersSql(live, shopId)] : []),
    ...(all.some(({ name }) => name === COUNTERS)
      ? [raiseCountersSql(in_(live, COUNTERS), in_(held, COUNTERS), names)]
      : []),
    ...keys.map((key) => key.create),
  ].join('; ');
}

function raiseCountersSql(live: string, held: string, names: readonly string[]): string {
  const isWanted = names.includes(COUNTERS) ? 'true' : `name IN (${names.map(quoteLiteral).join(', ')})`;
  return `INSERT INTO ${live} AS c (name, value) SELECT name, value FROM ${held} WHERE ${isWanted}
    ON CONFLICT (name) DO UPDATE SET value = greatest(c.value, excluded.value)`;
}
