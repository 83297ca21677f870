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

export const COUNT_LIMIT = MAX_COUNT + 1;

/** Rows that are looked through in order before all others are searched. */
const WINDOW = 2000;

interface Source {
  /** SELECT with the columns of a row. */
  columns: string;
  table: string;
  /** Name of the table in columns, filters and sorting. */
  alias: string;
  /**
   * Set if rows must be looked for in two steps, because PostgreSQL cannot know how frequent they are: a condition that
   * follows from the filters and for which there is an index, or `true`.
   */
  narrowed?: string | undefined;
}

/** @throws InvalidCursor */
export function listingOf<R>(
  source: Source,
  filters: Conditions,
  sorting: Sorting,
  { limit, cursor }: { limit: number; cursor?: string },
): Listing<R> {
  const { columns, table, alias, narrowed = 'true' } = source;
  const from = `FROM ${table} ${alias}`;
  const count: Statement = [
    `SELECT count(*) FROM (SELECT ${from} WHERE ${narrowed} AND ${filters.toString()} LIMIT ${COUNT_LIMIT}) counted`,
    [...filters.parameters],
  ];
  const after = sorting.after(filters, cursor);
  const order = `ORDER BY ${sorting.orderBy}`;
  const page = `${order} LIMIT ${filters.placeholder(limit + 1)}`;
  const found = `${columns}, ${sorting.column} ${from}`;
  const sql =
    source.narrowed === undefined
      ? `${found} WHERE ${filters.toString()} AND ${after} ${page}`
      : `WITH ${hitsOf({ from, alias, filters: filters.toString(), narrowed, after, order, page })}
         ${found} JOIN hits ON hits.id = ${alias}.id ${page}`;
  return {
    page: [sql, filters.parameters],
    count,
    cursorOf: (row) => sorting.cursorOf(row as R & { sortKey: string[] }),
  };
}

/**
 * Ids of a page. Frequent values fill it from the first rows in order; only otherwise are all rows searched, by an index that
 * has no order or as PostgreSQL sees fit. OFFSET 0 keeps it from reading them in order.
 */
function hitsOf(
  sql: Record<'from' | 'alias' | 'filters' | 'narrowed' | 'after' | 'order' | 'page', string>,
): string {
  const { from, alias, filters, narrowed, after, order, page } = sql;
  return `near AS (
      SELECT ${alias}.id FROM (SELECT ${alias}.* ${from} WHERE ${after} ${order} LIMIT ${WINDOW}) ${alias}
      WHERE ${filters} ${page}),
    hits AS (
      SELECT id FROM near UNION
      (SELECT ${alias}.id FROM (SELECT ${alias}.* ${from} WHERE ${narrowed} AND ${filters} AND ${after} OFFSET 0) ${alias}
       WHERE (SELECT count(*) FROM near) < ${page.split(' ').at(-1)} ${page}))`;
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
  const [rows, counted] = await Promise.all([reading, manager.query<{ count: string }[]>(...count)]);
  const found = Number(counted[0]?.count ?? 0);
  return { ...pageOf(rows), count: Math.min(found, MAX_COUNT), isCountExact: found <= MAX_COUNT };
}
