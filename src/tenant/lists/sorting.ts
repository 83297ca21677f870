import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import type { Conditions } from './conditions';

/** An expression by which a list is sorted, and the type of its values. */
export interface SortKey {
  sql: string;
  type: 'uuid' | 'bigint' | 'text' | 'timestamptz';
}

/** PostgreSQL has no year 0. */
const isTime = (text: string) => {
  const time = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text) ? new Date(text) : new Date(NaN);
  return !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 19) === text.slice(0, 19);
};

const IS_VALUE: Record<SortKey['type'], (text: string) => boolean> = {
  uuid: isId,
  bigint: (text) => /^\d{1,15}$/.test(text),
  text: (text) => text.isWellFormed() && !text.includes('\0'),
  timestamptz: isTime,
};

/** A time keeps its microseconds: two rows of one millisecond would be one place otherwise. */
const asText = ({ sql, type }: SortKey) =>
  type === 'timestamptz'
    ? `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    : `${sql}::text`;

/** An order of a list. Its name begins with a hyphen if it is descending. The keys together identify a row. */
export class Sorting {
  private readonly isDescending: boolean;
  private readonly isDefault: boolean;

  /** @param isDefault the order of a list that is not asked for another; it has one key, which is the cursor as it stands */
  constructor(
    private readonly name: string,
    private readonly keys: readonly SortKey[],
    { isDefault = false } = {},
  ) {
    this.isDescending = name.startsWith('-');
    this.isDefault = isDefault;
  }

  /** Column with the place of a row, for `cursorOf`. */
  get column(): string {
    return `ARRAY[${this.keys.map(asText).join(', ')}] AS "sortKey"`;
  }

  get orderBy(): string {
    return this.keys.map(({ sql }) => `${sql} ${this.isDescending ? 'DESC' : 'ASC'}`).join(', ');
  }

  cursorOf({ sortKey }: { sortKey: string[] }): string {
    return this.isDefault ? sortKey[0]! : toCursor(this.name, sortKey); // one key
  }

  /** Condition that a row follows a cursor. @param parameters gets the values @throws InvalidCursor if it is of another sort */
  after(parameters: Conditions, cursor: string | undefined): string {
    if (cursor === undefined) return 'true';
    const types = this.keys.map(({ type }) => type);
    const values = this.isDefault ? checked([cursor], types) : fromCursor(cursor, this.name, types);
    const place = types.map((type, i) => `${parameters.placeholder(values[i])}::${type}`);
    const keys = this.keys.map(({ sql }) => sql).join(', ');
    return `(${keys}) ${this.isDescending ? '<' : '>'} (${place.join(', ')})`;
  }
}

/** A cursor names its list's order, so that it is refused in another. */
export function toCursor(name: string, values: readonly string[]): string {
  return Buffer.from(JSON.stringify([name, ...values])).toString('base64url');
}

export function isCursorOf(cursor: string, name: string): boolean {
  return parse(cursor)[0] === name;
}

/** @returns one value for each type @throws InvalidCursor */
export function fromCursor(cursor: string, name: string, types: readonly SortKey['type'][]): string[] {
  const [found, ...values] = parse(cursor);
  if (found !== name) throw new InvalidCursor();
  return checked(values, types);
}

function checked(values: readonly unknown[], types: readonly SortKey['type'][]): string[] {
  const isValue = (value: unknown, i: number) => typeof value === 'string' && IS_VALUE[types[i]!](value); // as many
  if (values.length !== types.length || !values.every(isValue)) throw new InvalidCursor();
  return values as string[];
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch (cause) {
    throw new InvalidCursor({ cause });
  }
}
