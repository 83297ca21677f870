import { isISO4217CurrencyCode } from 'class-validator';
import type { CsvRecord } from '../../../common/csv-records';
import { isLonger } from '../../../common/is-longer';
import { beginningOf, hasControls } from '../../../common/safe-text';
import { minorDigits, parseMinor } from '../../../common/money';
import { slugify } from '../../../common/slug';
import type { ProblemCode, ReadingOptions, RowProblem } from './shopify-catalogue';
import type { AttributeColumn, ShopifyHeader } from './shopify-columns';

const SHORT_TEXT = 255;
const URL_LENGTH = 2048;
const ATTRIBUTE_LENGTH = 65_536;

/** Words for yes and no that spreadsheets and shops write, in several languages; none of them means both. */
const YES = new Set(
  'true yes y 1 wahr ja vrai oui verdadero sí si vero sì verdadeiro sim waar prawda tak'.split(' '),
);
const NO = new Set('false no n 0 falsch nein faux non falso não onwaar nee fałsz nie'.split(' '));

/**
 * One row, read cell by cell. An unreadable cell is added to `problems` and yields a harmless value, so that one pass
 * finds all problems of a row.
 */
export class ShopifyRow {
  readonly problems: RowProblem[] = [];
  readonly line: number;
  /** True if a cell lies outside the columns, so that none can be trusted. */
  readonly isRagged: boolean;
  readonly hasHandle: boolean;
  /** Handle of the file, or else made from the title; null when there is neither, or it is unreadable. */
  readonly handle: string | null = null;
  private readonly cells: readonly string[];

  constructor(
    private readonly header: ShopifyHeader,
    { line, cells }: CsvRecord,
    private readonly options: ReadingOptions,
  ) {
    this.line = line;
    this.cells = cells;
    this.isRagged = cells.slice(header.width).some((cell) => cell.trim() !== '');
    const handle = this.text('Handle');
    this.hasHandle = handle !== '';
    if (this.hasHandle) this.handle = handle;
    else if (this.has('Title') && !this.isRagged) this.handle = slugify(this.text('Title')) || 'product';
    if (this.isRagged)
      this.fail('COLUMN_COUNT', null, `The row has ${cells.length} cells, the header has ${header.width}.`);
    else if (this.handle === null && this.problems.length === 0 && !this.has('Variant SKU'))
      this.fail('HANDLE_MISSING', 'Handle', 'The row names no product: it has no Handle, Title or SKU.');
  }

  /** Adds a problem; one of the same cell and code is added once. */
  fail(code: ProblemCode, column: string | null, message: string): void {
    if (this.problems.some((problem) => problem.code === code && problem.column === column)) return;
    const named = this.handle === null ? withSku(message, this.comparable('Variant SKU')) : message;
    this.problems.push({ row: this.line, handle: this.handle, column, code, message: named });
  }

  /** Characters of all cells. */
  get size(): number {
    return this.cells.reduce((sum, cell) => sum + cell.length, 0);
  }

  /** True if the file has the column. */
  knows(column: string): boolean {
    return this.header.columns.has(column);
  }

  has(column: string): boolean {
    return this.cell(column).trim() !== '';
  }

  text(column: string, max = SHORT_TEXT): string {
    return this.verbatim(column, max).trim();
  }

  /** The text for a comparison, without a complaint about it. */
  comparable(column: string): string {
    return this.cell(column).normalize('NFC').trim();
  }

  textOrNull(column: string, max = SHORT_TEXT): string | null {
    const text = this.text(column, max);
    return text === '' ? null : text;
  }

  /**
   * A code of letters and digits, null when empty. One apostrophe before a digit goes: a spreadsheet puts it there to keep
   * leading zeros, and our export puts one before those that belong to the code.
   */
  code(column: string): string | null {
    const text = withoutApostrophe(this.text(column));
    return text === '' ? null : text;
  }

  /** Spaces around the text count towards `max`: in V8 a trimmed string keeps the whole cell in memory. */
  verbatim(column: string, max: number): string {
    const cell = this.cell(column);
    if (isLonger(cell, max)) {
      this.fail('TEXT_TOO_LONG', column, `${column} is longer than ${max} characters.`);
      return '';
    }
    if (hasControls(cell)) {
      this.fail('TEXT_INVALID', column, `${column} contains a control character.`);
      return '';
    }
    return cell.normalize('NFC');
  }

  /** Null when empty. */
  money(column: string, currency: string): number | null {
    const text = withoutApostrophe(this.text(column));
    if (text === '') return null;
    const minor = parseMinor(this.pointed(text), currency);
    if (minor === null) {
      const digits = minorDigits(currency);
      const example = digits === 0 ? '1234' : `1234${this.decimalSign}${'5'.padEnd(digits, '0')}`;
      const isOther = this.options.decimal === 'point' && /^\d+,\d+$/.test(text);
      this.fail(
        'PRICE_INVALID',
        column,
        `${shown(text)} is not an amount of ${currency} such as ${example}.` +
          (isOther ? ' If commas are decimal signs in this file, import it with decimal=comma.' : ''),
      );
    }
    return minor;
  }

  /** True if the file or the request says in which currency the prices are. */
  get namesCurrency(): boolean {
    return this.options.isCurrencyNamed === true || this.has('Currency');
  }

  /** Currency of the product, a column that Shopify does not have; `fallback` when empty. */
  currency(fallback: string): string {
    const code = this.text('Currency').toUpperCase();
    if (code === '') return fallback;
    if (isISO4217CurrencyCode(code)) return code;
    this.fail('CURRENCY_INVALID', 'Currency', `${shown(code)} is not an ISO 4217 currency code.`);
    return fallback;
  }

  /** `empty` when the cell is empty. */
  flag(column: string, empty: boolean, code: ProblemCode = 'BOOLEAN_INVALID'): boolean {
    const text = this.text(column).toLowerCase();
    if (YES.has(text)) return true;
    if (NO.has(text)) return false;
    if (text !== '') this.fail(code, column, `${shown(text)} is neither true nor false.`);
    return empty;
  }

  /** 0 when empty. `pattern` must match only numbers with a decimal point. */
  number(column: string, pattern: RegExp, max: number, code: ProblemCode): number {
    const text = withoutApostrophe(this.text(column));
    if (text === '') return 0;
    const pointed = this.pointed(text);
    const value = pattern.test(pointed) ? Math.round(Number(pointed)) : Infinity;
    if (Math.abs(value) <= max) return value === 0 ? 0 : value; // not -0
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

  /** Values of these columns, by the name of the attribute; null for one that is empty. */
  attributes(columns: readonly AttributeColumn[]): Record<string, string | null> {
    return Object.fromEntries(
      columns.map(({ column, name }) => [name, this.textOrNull(column, ATTRIBUTE_LENGTH)]),
    );
  }

  get columns(): ShopifyHeader {
    return this.header;
  }

  private get decimalSign(): '.' | ',' {
    return this.options.decimal === 'comma' ? ',' : '.';
  }

  /** The number with a decimal point; with its groups of thousands removed where only one reading is possible. */
  private pointed(text: string): string {
    const isComma = this.options.decimal === 'comma';
    const grouped = isComma ? /^\d{1,3}(?:\.\d{3})+,\d+$/ : /^\d{1,3}(?:,\d{3})+\.\d+$/;
    const plain = grouped.test(text) ? text.replaceAll(isComma ? '.' : ',', '') : text;
    return isComma ? plain.replaceAll('.', 'x').replace(',', '.') : plain; // a point is none where commas are
  }

  private cell(column: string): string {
    const index = this.header.columns.get(column);
    return index === undefined ? '' : (this.cells[index] ?? '');
  }
}

/** Names a row that has no handle. */
export function withSku(message: string, sku: string): string {
  return sku === '' || message.includes(sku) ? message : `${message} The SKU is ${shown(sku)}.`;
}

/** The beginning of a cell for a message, as a copy: a slice would keep the cell in memory. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${beginningOf(text, 40)}…` : text);
}

function withoutApostrophe(text: string): string {
  return /^'+\d/.test(text) ? text.slice(1) : text;
}
