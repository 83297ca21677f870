import { isISO4217CurrencyCode } from 'class-validator';
import type { CsvRecord } from '../../../common/csv-records';
import { minorDigits, parseMinor } from '../../../common/money';
import type { ProblemCode, RowProblem } from './shopify-catalogue';

const SHORT_TEXT = 255;
const URL_LENGTH = 2048;

export interface ShopifyHeader {
  /** A Map because `__proto__` and `constructor` are valid column names. */
  columns: ReadonlyMap<string, number>;
  width: number;
}

/**
 * One row, read cell by cell. An unreadable cell is added to `problems` and yields a harmless value, so that one pass
 * finds all problems of a row.
 */
export class ShopifyRow {
  readonly problems: RowProblem[] = [];
  readonly line: number;
  readonly isRagged: boolean;
  /** Null when missing or unreadable, which is in `problems` then. */
  readonly handle: string | null = null;
  private readonly cells: readonly string[];

  constructor(
    private readonly header: ShopifyHeader,
    { line, cells }: CsvRecord,
  ) {
    this.line = line;
    this.cells = cells;
    this.isRagged = cells.length !== header.width;
    const handle = this.text('Handle');
    this.handle = handle === '' ? null : handle;
    if (this.isRagged)
      this.fail('COLUMN_COUNT', null, `The row has ${cells.length} cells, the header has ${header.width}.`);
    else if (handle === '' && this.problems.length === 0)
      this.fail('HANDLE_MISSING', 'Handle', 'The row names no product: its Handle is empty.');
  }

  /** Adds a problem; one of the same cell and code is added once. */
  fail(code: ProblemCode, column: string | null, message: string): void {
    if (this.problems.some((problem) => problem.code === code && problem.column === column)) return;
    this.problems.push({ row: this.line, handle: this.handle, column, code, message });
  }

  has(column: string): boolean {
    return this.cell(column).trim() !== '';
  }

  text(column: string, max = SHORT_TEXT): string {
    return this.verbatim(column, max).trim();
  }

  textOrNull(column: string, max = SHORT_TEXT): string | null {
    const text = this.text(column, max);
    return text === '' ? null : text;
  }

  /** Spaces around the text count towards `max`: in V8 a trimmed string keeps the whole cell in memory. */
  verbatim(column: string, max: number): string {
    const cell = this.cell(column);
    if (isLonger(cell, max)) {
      this.fail('TEXT_TOO_LONG', column, `${column} is longer than ${max} characters.`);
      return '';
    }
    if (cell.includes('\0')) {
      this.fail('TEXT_INVALID', column, `${column} contains a NUL character.`);
      return '';
    }
    return cell;
  }

  /** Null when empty. */
  money(column: string, currency: string): number | null {
    const text = this.text(column);
    if (text === '') return null;
    const minor = parseMinor(text, currency);
    if (minor === null) {
      const example = minorDigits(currency) === 0 ? '1234' : `1234.${'5'.padEnd(minorDigits(currency), '0')}`;
      this.fail(
        'PRICE_INVALID',
        column,
        `${shown(text)} is not an amount of ${currency} such as ${example}.`,
      );
    }
    return minor;
  }

  /** Currency of the product, a column that Shopify does not have; `fallback` when empty. */
  currency(fallback: string): string {
    const code = this.text('Currency').toUpperCase();
    if (code === '') return fallback;
    if (isISO4217CurrencyCode(code)) return code;
    this.fail('CURRENCY_INVALID', 'Currency', `${shown(code)} is not an ISO 4217 currency code.`);
    return fallback;
  }

  /** True when empty. */
  flag(column: string, code: ProblemCode = 'BOOLEAN_INVALID'): boolean {
    const text = this.text(column).toLowerCase();
    if (text !== '' && text !== 'true' && text !== 'false')
      this.fail(code, column, `${shown(text)} is neither true nor false.`);
    return text !== 'false';
  }

  /** 0 when empty. `pattern` must match only non-negative numbers. */
  number(column: string, pattern: RegExp, max: number, code: ProblemCode): number {
    const text = this.text(column);
    if (text === '') return 0;
    const value = pattern.test(text) ? Math.round(Number(text)) : Infinity;
    if (value <= max) return value;
    this.fail(code, column, `${shown(text)} is not a number that ${column} can hold.`);
    return 0;
  }

  /** Null when empty. */
  url(column: string): string | null {
    const text = this.text(column, URL_LENGTH);
    if (text === '') return null;
    if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
    this.fail('URL_INVALID', column, `${shown(text)} is not an http or https address.`);
    return null;
  }

  private cell(column: string): string {
    const index = this.header.columns.get(column);
    return index === undefined ? '' : (this.cells[index] ?? '');
  }
}

/** The beginning of a cell for a message, as a copy: a slice would keep the cell in memory. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** Counts an emoji as one character, like the validation of request bodies. */
function isLonger(text: string, max: number): boolean {
  return text.length > 2 * max || (text.length > max && [...text].length > max);
}
