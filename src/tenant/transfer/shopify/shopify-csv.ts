import { type CsvRecord, readCsvRecords, type Separator, UnreadableCsv } from '../../../common/csv-records';
import type { CatalogueGroup, ReadingOptions } from './shopify-catalogue';
import { isDefault, isSeparatorLine, readHeader, type ShopifyHeader } from './shopify-columns';
import { ShopifyProduct } from './shopify-product';
import { ShopifyRow } from './shopify-row';
import { RowSpill } from './row-spill';

const MAX_PRODUCTS = 1_000_000;
/** Rows of one product: twice what its variants and images need. */
const MAX_ROWS = 5000;
/** Characters of the rows of one product; some programs repeat the description in each. */
const MAX_SIZE = 16_000_000;

/** A file that can be read more than once, as UTF-8. */
export interface ShopifyFile {
  open(): AsyncIterable<Buffer>;
  separator: Separator;
}

/**
 * A Shopify product CSV, read in two passes before it is stored. The first finds products whose rows do not stand together, or whose
 * titled row is not their first; the second, if there are any, puts the rows of those aside on disk. Memory holds one product, and a little
 * for each product and for each row put aside.
 */
export class ShopifyCsv {
  private constructor(
    private readonly file: ShopifyFile,
    private readonly options: ReadingOptions,
    private readonly first: FirstPass,
    private readonly spill: RowSpill,
  ) {}

  /** @throws UnreadableCsv when the file is not such a CSV */
  static async open(file: ShopifyFile, options: ReadingOptions): Promise<ShopifyCsv> {
    const first = await passOver(file, options);
    const csv = new ShopifyCsv(file, options, first, await RowSpill.open());
    try {
      if (first.scattered.size > 0) await csv.putAside();
      return csv;
    } catch (error) {
      await csv.close();
      throw error;
    }
  }

  /** Rows with any value. */
  get rows(): number {
    return this.first.rows;
  }

  /** Names of the columns with values that are not kept. */
  get notStored(): ReadonlySet<string> {
    return this.first.notStored;
  }

  /**
   * One group for each product, those whose rows were put aside last. May be called again.
   * @returns also null, after each piece of the file: it may have no row that is given out
   */
  async *groups(): AsyncGenerator<CatalogueGroup | null> {
    const { currency } = this.options;
    let product: ShopifyProduct | undefined;
    let handle: string | null = null;
    for await (const rows of rowsOf(this.file, this.options)) {
      for (const { row } of rows) {
        if (this.isScattered(row)) continue;
        if (product !== undefined && row.handle === handle) {
          yield* added(product, row);
          continue;
        }
        if (product !== undefined) yield product.finish();
        ({ handle } = row);
        product = handle === null ? undefined : new ShopifyProduct(row, currency);
        if (handle === null)
          yield row.problems.length > 0 ? rejected(row) : new ShopifyProduct(row, currency).finish();
      }
      yield null;
    }
    if (product !== undefined) yield product.finish();
    yield* this.gathered();
  }

  close(): Promise<void> {
    return this.spill.close();
  }

  private async putAside(): Promise<void> {
    for await (const rows of rowsOf(this.file, this.options))
      for (const { row, record } of rows)
        if (this.isScattered(row)) await this.spill.add(row.handle!, record, isTitled(row)); // scattered rows have one
    await this.spill.finish();
  }

  private isScattered({ handle }: ShopifyRow): boolean {
    return handle !== null && this.first.scattered.has(handle);
  }

  private async *gathered(): AsyncGenerator<CatalogueGroup> {
    for (const records of this.spill.products()) {
      let product: ShopifyProduct | undefined;
      for await (const record of records) {
        const row = new ShopifyRow(this.first.header!, record, this.options); // there are rows
        if (product === undefined) product = new ShopifyProduct(row, this.options.currency);
        else yield* added(product, row);
      }
      if (product !== undefined) yield product.finish();
    }
  }
}

interface FirstPass {
  rows: number;
  /** Undefined if no row has a value. */
  header: ShopifyHeader | undefined;
  /** Handles whose rows have other rows between them, or a row before the titled one. */
  scattered: ReadonlySet<string>;
  notStored: ReadonlySet<string>;
}

/** @throws UnreadableCsv */
async function passOver(file: ShopifyFile, options: ReadingOptions): Promise<FirstPass> {
  const seen = new Set<string>();
  const scattered = new Set<string>();
  const notStored = new Set<string>();
  let header: ShopifyHeader | undefined;
  let last: string | null = null;
  let rows = 0;
  let isFirstTitled = false;
  for await (const piece of rowsOf(file, options))
    for (const { row, record } of piece) {
      rows++;
      header = row.columns;
      noteNotStored(header, record, notStored);
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
  return { rows, header, scattered, notStored };
}

interface FileRow {
  row: ShopifyRow;
  record: CsvRecord;
}

/** Rows with any value, those of a piece of the file at once. @throws UnreadableCsv */
async function* rowsOf(file: ShopifyFile, options: ReadingOptions): AsyncGenerator<FileRow[]> {
  let header: ShopifyHeader | undefined;
  for await (const records of readCsvRecords(file.open(), file.separator)) {
    const rows: FileRow[] = [];
    for (const record of records) {
      if (header === undefined) {
        if (!isSeparatorLine(record)) header = readHeader(record);
      } else if (record.cells.some((cell) => cell.trim() !== ''))
        rows.push({ row: new ShopifyRow(header, record, options), record });
    }
    yield rows;
  }
  if (header === undefined) throw new UnreadableCsv('The file is empty.');
}

/** Adds a row to its product, or gives it back as a group of its own if that would be too much for memory. */
function added(product: ShopifyProduct, row: ShopifyRow): CatalogueGroup[] {
  const isTooLarge = product.size + row.size > MAX_SIZE;
  if (product.rows < MAX_ROWS && !isTooLarge) {
    product.add(row);
    return [];
  }
  if (isTooLarge)
    row.fail('PRODUCT_TOO_LARGE', null, `The rows of a product have at most ${MAX_SIZE} characters.`);
  else row.fail('ROWS_TOO_MANY', null, `A product has at most ${MAX_ROWS} rows.`);
  return [rejected(row)];
}

function isTitled(row: ShopifyRow): boolean {
  return row.has('Title') && !row.isRagged;
}

function rejected(row: ShopifyRow): CatalogueGroup {
  return { product: null, problems: row.problems, warnings: [], rows: 1, size: 0 };
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
