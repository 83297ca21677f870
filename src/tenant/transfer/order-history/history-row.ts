import type { Readable } from 'node:stream';
import { type CsvRecord, readCsvRecords, UnreadableCsv } from '../../../common/csv-records';
import type { OrderKind } from '../../orders/order.entity';
import { MAX_QUANTITY } from '../../orders/orders.dto';
import { amountsOf } from './amounts';

/** Columns of a file of past orders; the export of orders begins with them. */
export const HISTORY_COLUMNS = [
  'Invoice',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'Price',
  'Customer ID',
  'Country',
] as const;

const MAX_TEXT = 255;
const MAX_NUMBER = 64;
const TIME = /^(?:19|20)\d\d-(?:0[1-9]|1[0-2])-([0-3]\d)[ T](?:[01]\d|2[0-3])(?::[0-5]\d){2}$/;

/** Reason why a row is not stored; except PRICE_ROUNDED: that row is stored. */
export type FaultCode =
  | 'COLUMN_COUNT'
  | 'TEXT_INVALID'
  | 'INVOICE_MISSING'
  | 'STOCK_CODE_MISSING'
  | 'QUANTITY_INVALID'
  | 'PRICE_INVALID'
  | 'SIGNS_INVALID'
  | 'TIME_INVALID'
  | 'KIND_DIFFERS'
  | 'CUSTOMER_DIFFERS'
  | 'LINES_TOO_MANY'
  | 'ORDER_UNUSABLE'
  | 'PRICE_ROUNDED';

export interface RowFault {
  /** Line of the file; the header is line 1. */
  line: number;
  invoice: string | null;
  code: FaultCode;
  /** For people. */
  message: string;
}

/** A line of an order. Amounts and quantity are never negative: `kind` gives their direction. */
export interface HistoryLine {
  line: number;
  invoice: string;
  /** The stock code as spelled in the file. */
  spelling: string;
  /** The stock code in upper case: files spell one code in both cases. */
  sku: string;
  /** May be empty. */
  description: string;
  kind: OrderKind;
  quantity: number;
  unitMinor: number;
  totalMinor: number;
  isRounded: boolean;
  /** Without a time zone, as in the file. */
  placedAt: string;
  customer: string | null;
  country: string | null;
}

export type HistoryRow = HistoryLine | RowFault;

export function isFault(row: HistoryRow): row is RowFault {
  return 'code' in row;
}

/**
 * Streams order lines, one array for each chunk of the file.
 * @param currency ISO 4217, of the prices
 * @throws UnreadableCsv when the file is not a CSV with these columns
 */
export async function* readHistory(source: Readable, currency: string): AsyncGenerator<HistoryRow[]> {
  let places: number[] | undefined;
  for await (const records of readCsvRecords(source)) {
    const first = places === undefined ? records.shift() : undefined;
    if (first !== undefined) places = readHeader(first);
    if (places !== undefined) yield records.map((record) => rowOf(record, places!, currency)); // set above
  }
  if (places === undefined) throw new UnreadableCsv('The file is empty.');
}

/** Indexes of HISTORY_COLUMNS. Other columns are refused, because their values would be lost. */
function readHeader({ line, cells }: CsvRecord): number[] {
  const names = cells.map((cell) => cell.trim());
  const missing = HISTORY_COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new UnreadableCsv(`The header lacks ${missing.join(', ')}.`, line);
  if (names.length > HISTORY_COLUMNS.length)
    throw new UnreadableCsv(`The header names columns other than ${HISTORY_COLUMNS.join(', ')}.`, line);
  return HISTORY_COLUMNS.map((name) => names.indexOf(name));
}

function rowOf({ line, cells }: CsvRecord, places: number[], currency: string): HistoryRow {
  const texts = places.map((place) => cells[place]?.trim() ?? '');
  const [invoice, spelling, description, count, placedAt, price, customer, country] = texts as TextsOfRow;
  const fault = (code: FaultCode, message: string): RowFault => ({ line, invoice, code, message });
  if (cells.length !== HISTORY_COLUMNS.length)
    return fault('COLUMN_COUNT', `There are ${cells.length} cells instead of ${HISTORY_COLUMNS.length}.`);
  if (texts.some((text) => text.length > MAX_TEXT || text.includes('\0')) || invoice.length > MAX_NUMBER)
    return fault('TEXT_INVALID', 'A cell is too long or contains a NUL character.');
  if (invoice === '') return fault('INVOICE_MISSING', 'The row names no order: its Invoice is empty.');
  if (spelling === '')
    return fault('STOCK_CODE_MISSING', 'The row names no product: its StockCode is empty.');
  const signed = /^-?\d{1,9}$/.test(count) ? Number(count) : 0;
  const quantity = Math.abs(signed);
  if (quantity < 1 || quantity > MAX_QUANTITY)
    return fault(
      'QUANTITY_INVALID',
      `"${count}" is not a quantity: a whole number from 1 to ${MAX_QUANTITY}, or its negative.`,
    );
  const amounts = amountsOf(price.replace(/^-/, ''), quantity, currency);
  if (amounts === null) return fault('PRICE_INVALID', `"${price}" is not a price.`);
  const kind = kindOf(invoice, signed, price);
  if (kind === null) return fault('SIGNS_INVALID', 'Quantity and price are both negative.');
  if (!isTime(placedAt))
    return fault('TIME_INVALID', `"${placedAt}" is not a time such as 2010-12-01 08:26:00.`);
  const { unitMinor, totalMinor, isRounded } = amounts;
  return {
    line,
    invoice,
    spelling,
    sku: spelling.toUpperCase(),
    description,
    kind,
    quantity,
    unitMinor,
    totalMinor,
    isRounded,
    placedAt,
    customer: customer || null,
    country: country || null,
  };
}

type TextsOfRow = [string, string, string, string, string, string, string, string];

/**
 * A negative price writes money off, such as a bad debt. A negative quantity takes goods back; without a price, and
 * unless the number marks a credit note, it writes goods off.
 */
function kindOf(invoice: string, quantity: number, price: string): OrderKind | null {
  if (price.startsWith('-') && /[1-9]/.test(price)) return quantity > 0 ? 'adjustment' : null;
  if (quantity > 0) return 'sale';
  return /[1-9]/.test(price) || /^C/i.test(invoice) ? 'return' : 'adjustment';
}

function isTime(text: string): boolean {
  const day = TIME.exec(text)?.[1];
  if (day === undefined || day === '00') return false;
  return day <= '28' || new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(day); // 30 February would be 2 March
}
