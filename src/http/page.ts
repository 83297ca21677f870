import { Text, Whole } from './fields';

export const MAX_PAGE = 100;

/** Query of every list. */
export class PageQuery {
  @Whole({
    min: 1,
    max: MAX_PAGE,
    optional: true,
    query: true,
    example: 20,
    description: 'Number of rows; default 20.',
  })
  limit: number = 20;

  @Text({ max: 100, optional: true, description: '`nextCursor` of the previous page.' })
  cursor?: string;
}

/** Answer of every list. `nextCursor` is null on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * Builds a page from rows read with `LIMIT limit + 1`; the extra row only indicates that another page exists.
 * @param cursorOf cursor after which the next page starts; must identify a row in the list's fixed order
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
