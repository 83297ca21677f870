import { type CsvRecord, readCsvRecords, type Separator, UnreadableCsv } from '../../../common/csv-records';
import type { CatalogueGroup, ReadingOptions } from './shopify-catalogue';
import { isDefault, isSeparatorLine, readHeader, type ShopifyHeader } from './shopify-columns';
import { ShopifyProduct } from './shopify-product';
import { ShopifyRow } from './shopify-row';
import { RowSpill } from './row-spill';

const MAX_PRODUCTS = 1_000_000;
/** Rows of one product: twice what its variants and images need. */
const MAX_ROWS = 5000;

/** A file that can be read more than once, as UTF-8. */
export interface ShopifyFile {
  open(): AsyncIterable<Buffer>;
  separator: Separator;
}

/**
 * Reads a Shopify product CSV, one group for each product. Two passes: the first finds products whose rows do not stand
 * together, or whose titled row is not their first. The second yields the others as it reads them and puts the rows of those
 * aside on disk; they follow at the end. Memory holds one product, and a little for each product and for each row put aside.
 * @param notStored receives the names of columns with values that are not kept
 * @throws UnreadableCsv when the file is not such a CSV
 */
export async function* readShopifyCsv(
  file: ShopifyFile,
  options: ReadingOptions,
  notStored = new Set<string>(),
): AsyncGenerator<CatalogueGroup> {
  const scattered = await findScattered(file, options);
  const spill = await RowSpill.open();
  try {
    let header: ShopifyHeader | undefined;
    let product: ShopifyProduct | undefined;
    let handle: string | null = null;
    for await (const { record, header: own } of recordsOf(file)) {
      header = own;
      const row = new ShopifyRow(header, record, options);
      noteNotStored(header, record, notStored);
      if (row.handle !== null && scattered.has(row.handle)) {
        await spill.add(row.handle, record, isTitled(row));
        continue;
      }
      if (product !== undefined && row.handle === handle) {
        yield* added(product, row);
        continue;
      }
      if (product !== undefined) yield product.finish();
      ({ handle } = row);
      product = handle === null ? undefined : new ShopifyProduct(row, options.currency);
      if (handle === null)
        yield row.problems.length > 0 ? rejected(row) : new ShopifyProduct(row, options.currency).finish();
    }
    if (product !== undefined) yield product.finish();
    if (header !== undefined) yield* gathered(spill, header, options);
  } finally {
    await spill.close();
  }
}

/** Rows with any value, each with the header of the file. @throws UnreadableCsv */
async function* recordsOf(file: ShopifyFile): AsyncGenerator<{ record: CsvRecord; header: ShopifyHeader }> {
  let header: ShopifyHeader | undefined;
  for await (const records of readCsvRecords(file.open(), file.separator))
    for (const record of records) {
      if (header === undefined) {
        if (!isSeparatorLine(record)) header = readHeader(record);
      } else if (record.cells.some((cell) => cell.trim() !== '')) yield { record, header };
    }
  if (header === undefined) throw new UnreadableCsv('The file is empty.');
}

/** Handles whose rows have other rows between them, or a row before the titled one. */
async function findScattered(file: ShopifyFile, options: ReadingOptions): Promise<Set<string>> {
  const seen = new Set<string>();
  const scattered = new Set<string>();
  let last: string | null = null;
  let isFirstTitled = false;
  for await (const { record, header } of recordsOf(file)) {
    const row = new ShopifyRow(header, record, options);
    const { handle } = row;
    const isNext = handle !== last;
    last = handle;
    if (handle === null) continue;
    if (isNext) {
      if (seen.has(handle)) scattered.add(handle);
      isFirstTitled = isTitled(row);
    } else if (isTitled(row) && !isFirstTitled) scattered.add(handle);
    seen.add(handle);
    if (seen.size > MAX_PRODUCTS)
      throw new UnreadableCsv(`The file has more than ${MAX_PRODUCTS} products; split it.`, record.line);
  }
  return scattered;
}

async function* gathered(
  spill: RowSpill,
  header: ShopifyHeader,
  options: ReadingOptions,
): AsyncGenerator<CatalogueGroup> {
  for await (const records of spill.products()) {
    let product: ShopifyProduct | undefined;
    for await (const record of records) {
      const row = new ShopifyRow(header, record, options);
      if (product === undefined) product = new ShopifyProduct(row, options.currency);
      else yield* added(product, row);
    }
    if (product !== undefined) yield product.finish();
  }
}

/** Adds a row to its product, or gives it back as a group of its own if the product has too many: memory holds their problems. */
function added(product: ShopifyProduct, row: ShopifyRow): CatalogueGroup[] {
  if (product.rows < MAX_ROWS) {
    product.add(row);
    return [];
  }
  row.fail('ROWS_TOO_MANY', null, `A product has at most ${MAX_ROWS} rows.`);
  return [rejected(row)];
}

function isTitled(row: ShopifyRow): boolean {
  return row.has('Title') && !row.isRagged;
}

function rejected(row: ShopifyRow): CatalogueGroup {
  return { product: null, problems: row.problems, warnings: [], rows: 1 };
}

function noteNotStored(
  { columns, others, width }: ShopifyHeader,
  { cells }: CsvRecord,
  notStored: Set<string>,
): void {
  if (cells.length > width) return; // its values may be in the wrong columns
  for (const name of others) {
    if (notStored.has(name)) continue;
    const value = cells[columns.get(name) ?? -1] ?? '';
    if (!isDefault(name, value.trim())) notStored.add(name);
  }
}
