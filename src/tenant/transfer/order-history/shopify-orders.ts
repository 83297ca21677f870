import type { CsvRecord } from '../../../common/csv-records';
import { parseMinor } from '../../../common/money';
import { hasControls } from '../../../common/safe-text';
import { MAX_QUANTITY } from '../../orders/orders.dto';
import { type Amounts, amountsOf } from './amounts';
import { type FaultCode, type HistoryRow, MAX_NUMBER, MAX_TEXT } from './history-line';
import { isHead, keptColumns, readHead, type TextOf } from './shopify-head';

/** Columns without which a file is not Shopify's export of orders. */
const NEEDED = ['Name', 'Created at', 'Total', 'Lineitem quantity', 'Lineitem name', 'Lineitem price'];
/** Columns of lines that are stored. The vendor is that of the line too. */
const OF_LINES = new Set([
  ...['Lineitem quantity', 'Lineitem name', 'Lineitem price', 'Lineitem sku', 'Lineitem discount'],
  'Lineitem fulfillment status',
]);
const MAX_CELL = 5000;
/** Words whose apostrophe was not added by a spreadsheet. */
const WORDS = new Set(['Notes', 'Note Attributes', 'Lineitem name', 'Tags']);

export function isShopifyHeader(names: readonly string[]): boolean {
  return NEEDED.every((name) => names.includes(name));
}

/**
 * Reads the rows of Shopify's export of orders: one for each line, of which the first has the data of the order too.
 * @param usual currency of an order that names none
 * @param notStored receives columns whose values are not stored
 * @returns a function that reads a row; null for a row without any value
 */
export function shopifyReader(
  names: readonly string[],
  usual: string,
  notStored: Set<string>,
): (record: CsvRecord) => HistoryRow | null {
  const places = new Map(names.map((name, i) => [name, i] as const).toReversed()); // the first of two equal names
  const unused = names.filter(
    (name) =>
      name === 'Vendor' || name === '__proto__' || (name.startsWith('Lineitem ') && !OF_LINES.has(name)),
  );
  const kept = keptColumns(names);
  let last = { invoice: '', currency: usual };
  return ({ line, cells }) => {
    if (cells.every((cell) => cell.trim() === '')) return null;
    const textOf = (column: string) => cleaned(column, cells[places.get(column) ?? -1]);
    const invoice = textOf('Name');
    const fault = (code: FaultCode, message: string) => ({ line, invoice, code, message });
    if (cells.length > names.length)
      return fault('COLUMN_COUNT', `There are ${cells.length} cells instead of ${names.length}.`);
    const misfit = misfitOf(cells, invoice, textOf);
    if (misfit !== null) return fault(...misfit);
    const head = isHead(textOf) ? readHead(textOf, kept, usual) : null;
    if (Array.isArray(head)) return fault(...head);
    if (head !== null || last.invoice !== invoice) last = { invoice, currency: head?.currency ?? usual };
    const read = readLine(textOf, last.currency);
    if (Array.isArray(read)) return fault(...read);
    for (const name of unused) if (!notStored.has(name) && textOf(name) !== '') notStored.add(name);
    const { quantity, amounts, discountMinor } = read;
    const spelling = textOf('Lineitem sku');
    const status = textOf('Lineitem fulfillment status').toLowerCase();
    return {
      // one literal: V8 takes many times as long for spreads, and a file has hundreds of thousands of rows
      line,
      invoice,
      spelling,
      sku: spelling.toUpperCase(),
      description: textOf('Lineitem name'),
      kind: 'sale',
      quantity,
      unitMinor: amounts.unitMinor,
      totalMinor: amounts.totalMinor - discountMinor,
      isRounded: amounts.isRounded,
      discountMinor,
      fulfilled: status === 'fulfilled' ? quantity : 0,
      cancelled: status === 'restocked' ? quantity : 0,
      isPartlyFulfilled: status === 'partial',
      currency: last.currency,
      placedAt: '',
      customer: null,
      country: null,
      head,
    };
  };
}

type Misfit = [code: FaultCode, message: string];

function misfitOf(cells: readonly string[], invoice: string, textOf: TextOf): Misfit | null {
  const tooLong = cells.some((cell) => cell.length > MAX_CELL || hasControls(cell));
  const texts = [textOf('Lineitem name'), textOf('Lineitem sku')];
  if (tooLong || invoice.length > MAX_NUMBER || texts.some((text) => text.length > MAX_TEXT))
    return ['TEXT_INVALID', 'A cell is too long or contains a control character.'];
  if (invoice === '') return ['INVOICE_MISSING', 'The row names no order: its Name is empty.'];
  return null;
}

interface LineRead {
  quantity: number;
  amounts: Amounts;
  discountMinor: number;
}

function readLine(textOf: TextOf, currency: string): LineRead | Misfit {
  const count = textOf('Lineitem quantity');
  const quantity = /^\d{1,9}$/.test(count) ? Number(count) : 0;
  if (quantity < 1 || quantity > MAX_QUANTITY)
    return ['QUANTITY_INVALID', `"${count}" is not a quantity: a whole number from 1 to ${MAX_QUANTITY}.`];
  const price = textOf('Lineitem price');
  const amounts = amountsOf(price, quantity, currency);
  if (amounts === null) return ['PRICE_INVALID', `"${price}" is not a price.`];
  const discount = textOf('Lineitem discount');
  const discountMinor = discount === '' ? 0 : parseMinor(discount, currency);
  if (discountMinor === null || discountMinor > amounts.totalMinor)
    return ['AMOUNT_INVALID', `"${discount}" is not a discount on the line.`];
  return { quantity, amounts, discountMinor };
}

/** The text in NFC, without the apostrophe by which spreadsheets keep digits as text. */
function cleaned(column: string, cell: string | undefined): string {
  const text = cell?.normalize('NFC').trim() ?? '';
  return text.startsWith("'") && !WORDS.has(column) ? text.replace(/^'(?=[+\d])/, '') : text;
}
