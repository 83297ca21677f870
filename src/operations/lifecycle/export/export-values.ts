import { formulaSafe } from '../../../common/formula-safe';
import type { CopyValue } from '../copy/copy-rows';
import type { TableDescription } from '../../../tenancy/described.decorator';

/** Form of a value in an export. */
type ValueType = 'text' | 'id' | 'number' | 'flag' | 'time' | 'json' | 'texts';

const VALUE_TYPES: Partial<Record<string, ValueType>> = {
  ...{ text: 'text', uuid: 'id', integer: 'number', bigint: 'number', boolean: 'flag' },
  ...{ timestamptz: 'time', jsonb: 'json', 'text[]': 'texts' },
};

/** Name of a column in an export: that of the API, such as `priceMinor`. */
export function exportName(column: string): string {
  return column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Type and meaning of a column. One that this program does not know, of a newer version, is a text. */
export function columnOf(
  table: TableDescription | undefined,
  column: string,
): { type: ValueType; about: string } {
  const { type = 'text', about = 'A column of a newer version' } = table?.columns.get(column) ?? {};
  return { type: VALUE_TYPES[type] ?? 'text', about };
}

/** Cell of a CSV file. Every spreadsheet may open it: no text runs as a formula. */
export function csvValue(value: CopyValue, type: ValueType): string {
  if (value === null) return '';
  if (type === 'text') return formulaSafe(value);
  if (type === 'texts') return formulaSafe(parseArray(value).join(', '));
  if (type === 'json') return value.replaceAll(';', String.raw`\u003b`); // the same JSON, without a separator of cells
  if (type === 'time') return timeOf(value);
  return type === 'flag' ? flagOf(value) : value;
}

/** JSON text of a value. Numbers are written digit by digit, so none is rounded. */
export function jsonValue(value: CopyValue, type: ValueType): string {
  if (value === null) return 'null';
  if (type === 'json' || type === 'number') return value;
  if (type === 'texts') return JSON.stringify(parseArray(value));
  if (type === 'flag') return flagOf(value);
  return JSON.stringify(type === 'time' ? timeOf(value) : value);
}

function flagOf(value: string): string {
  return value === 't' ? 'true' : 'false';
}

/** ISO 8601 in UTC: `2026-11-29 12:00:00.5+00` becomes `2026-11-29T12:00:00.500Z`, as in the API. */
function timeOf(value: string): string {
  return new Date(value.replace(' ', 'T').replace(/\+00$/, 'Z')).toISOString();
}

/** Elements of PostgreSQL's text of an array of one dimension without NULL: `{a,"b,\"c"}`. */
export function parseArray(text: string): string[] {
  return [...text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)].map(
    ([, quoted, plain]) => quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain!, // one of the two groups matches
  );
}
