import { DEFAULT_PAGE, MAX_PAGE } from '../common/bounds';
import { Flag, Text, Whole } from './fields';

/** Query of every list. */
export class PageQuery {
  @Whole({
    min: 1,
    max: MAX_PAGE,
    optional: true,
    query: true,
    example: 20,
    description: `Number of rows; default ${DEFAULT_PAGE}. The plan of a shop may allow fewer than ${MAX_PAGE}, and a page of very large rows has fewer.`,
  })
  limit: number = DEFAULT_PAGE;

  @Text({ max: 2000, optional: true, description: '`nextCursor` of the previous page.' })
  cursor?: string;
}

/** A count goes no further: counting a million rows would take a second. */
export const MAX_COUNT = 10_000;

/** Query of a list that can be counted. */
export class CountedPageQuery extends PageQuery {
  @Flag({
    ...{ optional: true, query: true, example: false },
    description: `Adds to the answer how many rows there are: \`count\`, at most ${MAX_COUNT}, and \`isCountExact\`, false if there are more.`,
  })
  count?: boolean;
}

/** A page ends early beyond so many characters: a hundred of the largest products would take as much memory as all other answers. */
const MAX_LENGTH = 8 * 1_048_576;
const CURSOR_AFTER = Symbol('cursor after an item');

/** Answer of every list. `nextCursor` is null on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
  /** Number of rows on all pages, at most MAX_COUNT; only when asked for. */
  count?: number;
  /** False if there are more than `count`. */
  isCountExact?: boolean;
  /** Gives the cursor after the item with this index. */
  [CURSOR_AFTER]?: (index: number) => string;
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
    [CURSOR_AFTER]: (index) => cursorOf(shown[index]!), // `items` has as many
  };
}

/** Writes an answer as JSON. A page whose items are too long together has fewer of them, at least one, and the cursor of the next. */
export function jsonOf(payload: object): string {
  if (!isPage(payload)) return JSON.stringify(payload);
  const { items, nextCursor, [CURSOR_AFTER]: cursorAfter, ...rest } = payload;
  const texts: string[] = [];
  let length = 0;
  for (const item of items) {
    const text = JSON.stringify(item);
    length += text.length;
    if (length > MAX_LENGTH && texts.length > 0) break;
    texts.push(text);
  }
  const next = texts.length < items.length ? cursorAfter(texts.length - 1) : nextCursor;
  return `{"items":[${texts.join(',')}],${JSON.stringify({ nextCursor: next, ...rest }).slice(1)}`;
}

function isPage(
  payload: object,
): payload is Required<Pick<Page<unknown>, typeof CURSOR_AFTER>> & Page<unknown> {
  return CURSOR_AFTER in payload;
}
