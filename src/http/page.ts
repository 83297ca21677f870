import { Text, Whole } from './fields';

export const MAX_PAGE = 100;

/** What every list takes. */
export class PageQuery {
  @Whole({
    min: 1,
    max: MAX_PAGE,
    optional: true,
    query: true,
    example: 20,
    description: 'Rows, default 20.',
  })
  limit: number = 20;

  @Text({ max: 100, optional: true, description: '`nextCursor` of the page before.' })
  cursor?: string;
}

/** What every list answers. `nextCursor` is null on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * Cuts a page from rows that were read with `LIMIT limit + 1`: the extra row only tells that there is more.
 * @param cursorOf what the next page starts after; must identify a row in the list's fixed order
 */
export function toPage<R, T>(
  rows: R[],
  limit: number,
  cursorOf: (row: R) => string,
  map: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(map),
    nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null,
  };
}

/** Rows that are read at once: a product may have 2,000 variants, an order 1,000 lines. */
const AT_ONCE = 25;

/**
 * All rows of a list, some at a time: nothing else is held, and the next are read by the key of the last. A cursor
 * would need one statement less, but one WITH HOLD outlives its transaction and could be read by the next shop, so that
 * DECLARE is not sent.
 * @param first what comes before all rows
 * @param read gives at most `limit` rows behind `after`, in the order of the key
 */
export async function* eachRow<R, K>(
  first: K,
  keyOf: (row: R) => K,
  read: (after: K, limit: number) => Promise<R[]>,
): AsyncGenerator<R> {
  for (let after = first; ;) {
    const rows = await read(after, AT_ONCE);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < AT_ONCE) return;
    after = keyOf(last);
  }
}
