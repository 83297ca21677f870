import type { Readable } from 'node:stream';
import { type CsvRecord, readCsvRecords, UnreadableCsv } from '../../../common/csv-records';
import type { CatalogueGroup } from './shopify-catalogue';
import { ShopifyProduct } from './shopify-product';
import { type ShopifyHeader, ShopifyRow } from './shopify-row';
import { OPTION_SLOTS } from './shopify-variant';

const MAX_GROUP_ROWS = 2000;
const MAX_COLUMNS = 1000;
const MAX_COLUMN_NAME = 255;

/** Columns whose values are kept. */
const KEPT: ReadonlySet<string> = new Set([
  ...['Handle', 'Title', 'Body (HTML)', 'Vendor', 'Type', 'Tags', 'Published', 'Status'],
  ...OPTION_SLOTS.flatMap((slot) => [`Option${slot} Name`, `Option${slot} Value`]),
  ...['Variant SKU', 'Variant Grams', 'Variant Inventory Qty', 'Variant Price', 'Variant Compare At Price'],
  ...['Variant Requires Shipping', 'Variant Taxable', 'Variant Barcode', 'Variant Image', 'Cost per item'],
  ...['Image Src', 'Image Position', 'Image Alt Text', 'Currency'],
  ...['Variant Inventory Tracker', 'Variant Weight Unit'], // not kept, but no information is lost: weights are in grams
]);

/** Values that Shopify writes in other columns by default. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['Gift Card', 'false'],
  ['Variant Inventory Policy', 'deny'],
  ['Variant Fulfillment Service', 'manual'],
]);

/**
 * Streams a Shopify product CSV, one group for each run of rows with the same Handle. A row that belongs to no group (no
 * Handle, or beyond the limit of a group) is a group of its own. Memory holds one product.
 * @param currency ISO 4217, for products that do not name theirs
 * @param notStored receives the names of columns with values that are not kept
 * @throws UnreadableCsv when the file is not such a CSV, after the groups before the fault
 */
export async function* readShopifyCsv(
  source: Readable,
  currency: string,
  notStored = new Set<string>(),
): AsyncGenerator<CatalogueGroup> {
  let header: ShopifyHeader | undefined;
  let product: ShopifyProduct | undefined;
  for await (const records of readCsvRecords(source))
    for (const record of records) {
      if (header === undefined) {
        header = readHeader(record);
        continue;
      }
      const row = new ShopifyRow(header, record);
      noteNotStored(header, record, notStored);
      if (row.handle === null) {
        yield rejected(row);
        continue;
      }
      if (product?.handle !== row.handle) {
        if (product !== undefined) yield product.finish();
        product = new ShopifyProduct(row.handle, row, currency);
        continue;
      }
      if (product.rows < MAX_GROUP_ROWS) {
        product.add(row);
        continue;
      }
      row.fail('ROWS_TOO_MANY', null, `A product has at most ${MAX_GROUP_ROWS} rows.`);
      yield rejected(row);
    }
  if (product !== undefined) yield product.finish();
  if (header === undefined) throw new UnreadableCsv('The file is empty.');
}

function rejected(row: ShopifyRow): CatalogueGroup {
  return { product: null, problems: row.problems, rows: 1 };
}

function readHeader({ line, cells }: CsvRecord): ShopifyHeader {
  if (cells.length > MAX_COLUMNS)
    throw new UnreadableCsv(`The header names more than ${MAX_COLUMNS} columns.`, line);
  const columns = new Map<string, number>();
  for (const [index, cell] of cells.entries()) {
    const name = cell.trim() || `column ${index + 1}`; // spreadsheets add columns without a name at the end
    if (name.length > MAX_COLUMN_NAME || name.includes('\0'))
      throw new UnreadableCsv(
        `The name of column ${index + 1} is too long or contains a NUL character.`,
        line,
      );
    if (columns.has(name)) throw new UnreadableCsv(`The header names the column "${name}" twice.`, line);
    columns.set(name, index);
  }
  if (!columns.has('Handle'))
    throw new UnreadableCsv(
      'The header names no column "Handle"; are the columns separated by commas?',
      line,
    );
  return { columns, width: cells.length };
}

function noteNotStored(
  { columns, width }: ShopifyHeader,
  { cells }: CsvRecord,
  notStored: Set<string>,
): void {
  if (cells.length !== width) return; // its values may be in the wrong columns
  for (const [name, index] of columns) {
    if (KEPT.has(name) || notStored.has(name)) continue;
    const value = (cells[index] ?? '').trim();
    if (value !== '' && value.toLowerCase() !== DEFAULTS.get(name)) notStored.add(name);
  }
}
