import { sqlState, STATEMENT_CANCELLED } from '../common/sqlstate';
import type { PublicDatabase } from '../database/control-database';
import { quoteIdent, quoteLiteral } from '../database/identifiers';
import type { TenantDatabase } from './tenant-database';

/** A table of a tenant, as operators see it. */
export interface TenantTable {
  name: string;
  rows: number;
  /** False if `rows` is PostgreSQL's estimate, because counting took longer than the limit of a statement. */
  isExact: boolean;
  /** Bytes on disk, indexes included. */
  bytes: number;
}

/** Shops a statement. Each is a transaction of its own, because it locks every table that it reads until it ends. */
const BATCH = 200;

/** Lists the tables of a tenant with their rows and sizes; empty for a tenant without a schema. */
export async function listTables(
  publicDatabase: PublicDatabase,
  database: TenantDatabase,
  shopId: string,
): Promise<TenantTable[]> {
  const tables = await publicDatabase.read<{ name: string; estimate: number; bytes: number }>(
    'SELECT name, estimated_rows AS estimate, bytes FROM shop_tables($1) ORDER BY name',
    [shopId],
  );
  const names = tables.map(({ name }) => name);
  const counts = names.length === 0 ? new Map<string, number>() : await countRows(database, shopId, names);
  return tables.map(({ name, estimate, bytes }) => ({
    name,
    rows: counts?.get(name) ?? estimate,
    isExact: counts !== null,
    bytes,
  }));
}

/** Counts exactly, with the rights of the tenant. @returns null if that takes longer than a statement may */
async function countRows(
  database: TenantDatabase,
  shopId: string,
  tables: readonly string[],
): Promise<Map<string, number> | null> {
  const sql = tables
    .map((name) => `SELECT ${quoteLiteral(name)} AS name, count(*) AS rows FROM ${quoteIdent(name)}`)
    .join(' UNION ALL ');
  try {
    const rows = await database.run(
      shopId,
      (manager) => manager.query<{ name: string; rows: number }[]>(sql),
      true,
    );
    return new Map(rows.map(({ name, rows: count }) => [name, count]));
  } catch (error) {
    if (sqlState(error) !== STATEMENT_CANCELLED) throw error;
    return null;
  }
}

/**
 * Time of the newest order of each of these shops that has one.
 * @param read sends a statement as the public login. For many shops, on a connection that is closed afterwards: its server
 *   process keeps what it has read about their tables
 */
export async function readLastOrders(
  read: (sql: string, values: unknown[]) => Promise<{ id: string; placedAt: Date }[]>,
  shopIds: readonly string[],
): Promise<Map<string, Date>> {
  const found = new Map<string, Date>();
  for (let at = 0; at < shopIds.length; at += BATCH) {
    const rows = await read(
      `SELECT shop_id AS id, placed_at AS "placedAt" FROM public.last_orders($1) WHERE placed_at IS NOT NULL`,
      [shopIds.slice(at, at + BATCH)],
    );
    for (const { id, placedAt } of rows) found.set(id, placedAt);
  }
  return found;
}
