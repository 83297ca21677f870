import type { EntityManager } from 'typeorm';
import { MAX_COUNT, type Page, toPage } from '../../http/page';
import { Conditions, type Statement } from './conditions';
import type { Sorting } from './sorting';

/** A list as a client asked for it. */
export interface Listing<R> {
  /** Reads a row more than the page shows. */
  page: Statement;
  /** Returns `count`, which is COUNT_LIMIT or more if there are more rows than a count may say. */
  count: Statement;
  cursorOf: (row: R) => string;
}

export type Counted = Required<Pick<Page<never>, 'count' | 'isCountExact'>>;

export const COUNT_LIMIT = MAX_COUNT + 1;

/** Rows that are looked through in order before an index without an order is used. */
const WINDOW = 2000;

interface Source {
  /** SELECT with the columns of a row. */
  columns: string;
  table: string;
  /** Name of the table in columns, filters and sorting. */
  alias: string;
  /** Condition that follows from the filters, for which there is an index without an order. */
  indexed?: string | undefined;
}

/** @throws InvalidCursor */
export function listingOf<R>(
  source: Source,
  filters: Conditions,
  sorting: Sorting,
  { limit, cursor }: { limit: number; cursor?: string },
): Listing<R> {
  const { columns, table, alias, indexed = 'true' } = source;
  const from = `FROM ${table} ${alias}`;
  const count: Statement = [
    `SELECT count(*) FROM (SELECT ${from} WHERE ${indexed} AND ${filters.toString()} LIMIT ${COUNT_LIMIT}) counted`,
    [...filters.parameters],
  ];
  const after = sorting.after(filters, cursor);
  const order = `ORDER BY ${sorting.orderBy}`;
  const rows = filters.placeholder(limit + 1);
  const page = `${order} LIMIT ${rows}`;
  const found = `${columns}, ${sorting.column} ${from}`;
  const sql =
    source.indexed === undefined
      ? `${found} WHERE ${filters.toString()} AND ${after} ${page}`
      : `WITH ${hitsOf({ from, alias, filters: filters.toString(), indexed, after, order, rows })}
         ${found} JOIN hits ON hits.id = ${alias}.id ${page}`;
  return {
    page: [sql, filters.parameters],
    count,
    cursorOf: (row) => sorting.cursorOf(row as R & { sortKey: string[] }),
  };
}

/**
 * Ids of a page. A frequent value fills it from the first rows in order; only otherwise is the index read. PostgreSQL cannot
 * choose, because it does not know how frequent a rare value is. OFFSET 0 keeps it from reading all rows in order.
 */
function hitsOf(
  sql: Record<'from' | 'alias' | 'filters' | 'indexed' | 'after' | 'order' | 'rows', string>,
): string {
  const { from, alias, filters, indexed, after, order, rows } = sql;
  const page = `${order} LIMIT ${rows}`;
  return `near AS (
      SELECT ${alias}.id FROM (SELECT ${alias}.* ${from} WHERE ${after} ${order} LIMIT ${WINDOW}) ${alias}
      WHERE ${filters} ${page}),
    hits AS (
      SELECT id FROM near UNION
      (SELECT ${alias}.id FROM (SELECT ${alias}.* ${from} WHERE ${indexed} AND ${filters} AND ${after} OFFSET 0) ${alias}
       WHERE (SELECT count(*) FROM near) < ${rows} ${page}))`;
}

/** Reads a page, with one statement, and with another the number of rows when asked. */
export async function readList<R, T>(
  manager: EntityManager,
  { page, count, cursorOf }: Listing<R>,
  query: { limit: number; count?: boolean },
  map: (row: R) => T,
): Promise<Page<T>> {
  const pageOf = (rows: R[]) => toPage(rows, query.limit, cursorOf, map);
  const reading = manager.query<R[]>(...page);
  if (query.count !== true) return pageOf(await reading);
  const [rows, counted] = await Promise.all([reading, countRows(manager, count)]);
  return { ...pageOf(rows), ...counted };
}

/** @param count of a listing */
export async function countRows(manager: EntityManager, count: Statement): Promise<Counted> {
  const counted = await manager.query<{ count: string }[]>(...count);
  const found = Number(counted[0]?.count ?? 0);
  return { count: Math.min(found, MAX_COUNT), isCountExact: found <= MAX_COUNT };
}
