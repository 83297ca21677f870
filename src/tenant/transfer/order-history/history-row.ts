import type { Readable } from 'node:stream';
import { type CsvRecord, readCsvRecords, UnreadableCsv } from '../../../common/csv-records';
import { isLonger } from '../../../common/is-longer';
import { hasControls } from '../../../common/safe-text';
import type { OrderKind } from '../../orders/order.entity';
import { MAX_QUANTITY } from '../../orders/orders.dto';
import { amountsOf } from './amounts';
import { momentOf } from './moments';
import { type FaultCode, type HistoryRow, MAX_NUMBER, MAX_TEXT, type RowFault } from './history-line';
import { isShopifyHeader, shopifyReader } from './shopify-orders';

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

/**
 * Streams order lines, one array for each chunk of the file. Its header tells whether it is a file of order lines or Shopify's
 * export of orders.
 * @param currency ISO 4217, of prices that name none
 * @param notStored receives columns of Shopify whose values are not stored
 * @throws UnreadableCsv when the file is not a CSV of either kind
 */
export async function* readHistory(
  source: Readable,
  currency: string,
  notStored = new Set<string>(),
): AsyncGenerator<HistoryRow[]> {
  let read: ((record: CsvRecord) => HistoryRow | null) | undefined;
  for await (const records of readCsvRecords(source)) {
    const first = read === undefined ? records.shift() : undefined;
    if (first !== undefined) read = readerFor(first, currency, notStored);
    if (read !== undefined) yield records.map(read).filter((row) => row !== null);
  }
  if (read === undefined) throw new UnreadableCsv('The file is empty.');
}

function readerFor(header: CsvRecord, currency: string, notStored: Set<string>) {
  const names = header.cells.map((cell) => cell.trim());
  if (isShopifyHeader(names)) return shopifyReader(names, currency, notStored);
  const places = readHeader(names, header.line);
  return (record: CsvRecord) => rowOf(record, places, currency);
}

/** Indexes of HISTORY_COLUMNS. Other columns are refused, because their values would be lost. */
function readHeader(names: readonly string[], line: number): number[] {
  const missing = HISTORY_COLUMNS.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new UnreadableCsv(`The header lacks ${missing.join(', ')}.`, line);
  if (names.length > HISTORY_COLUMNS.length)
    throw new UnreadableCsv(`The header names columns other than ${HISTORY_COLUMNS.join(', ')}.`, line);
  return HISTORY_COLUMNS.map((name) => names.indexOf(name));
}

function rowOf({ line, cells }: CsvRecord, places: number[], currency: string): HistoryRow {
  const texts = places.map((place) => cells[place]?.normalize('NFC').trim() ?? '');
  const [invoice, spelling, description, count, placedAt, price, customer, country] = texts as TextsOfRow;
  const fault = (code: FaultCode, message: string): RowFault => ({ line, invoice, code, message });
  if (cells.length !== HISTORY_COLUMNS.length)
    return fault('COLUMN_COUNT', `There are ${cells.length} cells instead of ${HISTORY_COLUMNS.length}.`);
  if (texts.some((text) => isLonger(text, MAX_TEXT) || hasControls(text)) || invoice.length > MAX_NUMBER)
    return fault('TEXT_INVALID', 'A cell is too long or contains a control character.');
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
  if (momentOf(placedAt) !== placedAt)
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
    discountMinor: 0,
    fulfilled: quantity,
    cancelled: 0,
    isPartlyFulfilled: false,
    currency,
    placedAt,
    customer: customer || null,
    country: country || null,
    head: undefined,
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
