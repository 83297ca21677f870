import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';

/** Ordered by their foreign keys. */
const TABLES = [
  'customers',
  'products',
  'product_variants',
  'stock_changes',
  'orders',
  'order_lines',
  'order_events',
  'changes',
];

/** Has the server write the rows of a shop to its data directory. @returns the number of order lines */
export function saveRows(installation: Installation, schema: string): Promise<number> {
  return asSuperuser(installation, async (query) => {
    for (const table of TABLES) await query(`COPY ${schema}.${table} TO '${await fileOf(query, table)}'`);
    const [row] = await query<{ lines: number }>(`SELECT count(*)::int AS lines FROM ${schema}.order_lines`);
    return row!.lines; // count gives one row
  });
}

/** The minimum that stores the same rows: the server reads them from its own disk, in one transaction. */
export function copyRows(installation: Installation, schema: string): Promise<void> {
  return asSuperuser(installation, async (query) => {
    await query('BEGIN');
    for (const table of TABLES) await query(`COPY ${schema}.${table} FROM '${await fileOf(query, table)}'`);
    await query('COMMIT');
  });
}

/** Empties the shop, so that neither side pays for what the other left behind. */
export function clear(installation: Installation, schema: string): Promise<void> {
  return asSuperuser(installation, async (query) => {
    await query(`TRUNCATE ${TABLES.map((table) => `${schema}.${table}`).join(', ')}`);
    await query('CHECKPOINT');
  });
}

type Query = <T>(sql: string) => Promise<T[]>;

async function fileOf(query: Query, table: string): Promise<string> {
  const [row] = await query<{ data_directory: string }>('SHOW data_directory');
  return `${row!.data_directory}/bench-${table}.copy`; // SHOW gives one row
}

function asSuperuser<T>(installation: Installation, work: (query: Query) => Promise<T>): Promise<T> {
  return withClient(adminOf(installation).bootstrapUrl, 'bench', (client) =>
    work(async <R>(sql: string) => ((await client.exec(sql)) as { rows: R[] }).rows),
  );
}
