import type {
  CatalogueFields,
  CatalogueGroup,
  CatalogueImage,
  CatalogueProduct,
  CatalogueVariant,
  RowProblem,
} from './shopify-catalogue';
import type { ProductOption } from '../../products/product.entity';
import { MAX_IMAGES } from '../../products/product-images';
import { MAX_VARIANTS } from '../../products/product-options';
import { readFields } from './shopify-fields';
import type { ShopifyRow } from './shopify-row';
import {
  hasVariants,
  isVariantRow,
  type OptionNames,
  readImage,
  readOptionNames,
  readOptions,
  readVariant,
} from './shopify-variant';

/** Columns in which another titled row of the product should not differ from the first. */
const TITLED_COLUMNS = ['Title', 'Body (HTML)', 'Vendor', 'Type', 'Tags', 'Status', 'Published'];

/**
 * Collects the rows of one product; its titled row, if it has one, comes first. A row with any problem is left out completely.
 */
export class ShopifyProduct {
  rows = 0;
  /** Characters of its rows. */
  size = 0;
  private readonly fields: CatalogueFields | null;
  private readonly currency: string;
  private readonly optionNames: OptionNames;
  private readonly options: ProductOption[];
  private readonly titledCells: ReadonlyMap<string, string>;
  /** True if the first row has a problem: then no row of the group can be used. */
  private readonly isBroken: boolean;
  private readonly variants: CatalogueVariant[] = [];
  private readonly images: CatalogueImage[] = [];
  private readonly variantOfKey = new Map<string, CatalogueVariant>();
  private readonly problems: RowProblem[] = [];
  private readonly warnings: RowProblem[] = [];
  private readonly goodRows: number[] = [];

  constructor(
    private readonly first: ShopifyRow,
    fallback: string,
  ) {
    const isTitled = first.has('Title') || !first.knows('Title');
    this.currency = first.isRagged ? fallback : first.currency(fallback);
    this.fields = first.isRagged || !isTitled ? null : readFields(first);
    this.optionNames = first.isRagged ? [] : readOptionNames(first);
    this.options = first.isRagged ? [] : readOptions(first, this.optionNames);
    this.isBroken = first.problems.length > 0 && isTitled;
    this.titledCells = new Map(TITLED_COLUMNS.map((column) => [column, first.comparable(column)]));
    this.add(first);
  }

  add(row: ShopifyRow): void {
    this.rows += 1;
    this.size += row.size;
    const isRead = row === this.first || !this.isBroken; // a broken first row is still read, to report all its problems
    if (isRead && !row.isRagged) this.take(row);
    if (row.problems.length === 0) this.goodRows.push(row.line);
    this.problems.push(...row.problems);
  }

  finish(): CatalogueGroup {
    const { problems, warnings, rows, size } = this;
    const inOrder = (some: RowProblem[]) => some.toSorted((a, b) => a.row - b.row);
    const isNew = this.first.has('Title') && hasVariants(this.first);
    const hasContent =
      this.variants.length > 0 || (!isNew && (this.images.length > 0 || this.fields !== null));
    if (hasContent && !this.isBroken)
      return { product: this.product(), problems: inOrder(problems), warnings, rows, size };
    return { product: null, problems: inOrder([...problems, ...this.lostRows()]), warnings: [], rows, size };
  }

  private take(row: ShopifyRow): void {
    const isFirst = row === this.first;
    if (!isFirst && row.currency(this.currency) !== this.currency)
      row.fail(
        'CURRENCY_INVALID',
        'Currency',
        `The first row of the product has its prices in ${this.currency}.`,
      );
    const hasImage = row.has('Image Src');
    const variant = this.isVariant(row) ? readVariant(row, this.optionNames, this.currency) : null;
    const image = hasImage ? readImage(row, this.nextPosition()) : null;
    if (variant === null && !hasImage && (!isFirst || this.fields === null))
      row.fail('ROW_EMPTY', null, 'The row has neither a variant nor an image.');
    const isKnown = variant !== null && this.checkUnique(row, variant);
    if (variant !== null && !isKnown && this.variants.length >= MAX_VARIANTS)
      row.fail('ROWS_TOO_MANY', null, `A product has at most ${MAX_VARIANTS} variants.`);
    if (hasImage && this.images.length >= MAX_IMAGES)
      row.fail('IMAGES_TOO_MANY', 'Image Src', `The product has more than ${MAX_IMAGES} images.`);
    if (row.problems.length > 0) return;
    if (!isFirst) this.compareFields(row);
    if (variant !== null && !isKnown) {
      this.variants.push(variant);
      this.variantOfKey.set(keyOf(variant), variant);
    }
    if (image !== null) this.images.push(image);
  }

  private isVariant(row: ShopifyRow): boolean {
    if (isVariantRow(row)) return true;
    if (row === this.first && row.has('Title')) return hasVariants(row);
    return !row.knows('Title') && !row.has('Image Src') && hasVariants(row);
  }

  private nextPosition(): number {
    return Math.max(0, ...this.images.map(({ position }) => position)) + 1;
  }

  /** @returns true for a variant that an earlier row has too, with all its values: the row repeats it for an image */
  private checkUnique(row: ShopifyRow, variant: CatalogueVariant): boolean {
    const same = this.variantOfKey.get(keyOf(variant));
    if (same === undefined) return false;
    if (isEqual(same, variant)) return true;
    row.fail(
      'OPTION_VALUES_DUPLICATE',
      variant.optionValues === undefined ? 'Variant SKU' : 'Option1 Value',
      `Row ${same.row} is the same variant with other values.`,
    );
    return false;
  }

  /** Warns of a titled row whose fields are ignored because the first titled row has others. */
  private compareFields(row: ShopifyRow): void {
    for (const [column, text] of this.titledCells)
      if (row.has(column) && row.comparable(column) !== text)
        this.warnings.push({
          row: row.line,
          handle: row.handle,
          column,
          code: 'FIELD_REPEATED',
          message: `Row ${this.first.line} of this product has another ${column}, which is stored.`,
        });
  }

  private product(): CatalogueProduct {
    const { goodRows, currency, fields, variants, options, images, first } = this;
    return {
      rows: goodRows,
      handle: first.handle ?? '', // only a product that is found by SKU has none
      hasHandle: first.hasHandle,
      currency,
      namesCurrency: first.namesCurrency,
      fields,
      ...{ variants, options },
      ...(first.knows('Image Src') ? { images: images.toSorted((a, b) => a.position - b.position) } : {}),
    };
  }

  private lostRows(): RowProblem[] {
    const message = this.isBroken
      ? `The product cannot be read because of its first row, row ${this.first.line}.`
      : 'The product has no variant that can be read.';
    const { handle } = this.first;
    return this.goodRows.map((row) => ({ row, handle, column: null, code: 'PRODUCT_UNUSABLE', message }));
  }
}

function keyOf({ optionValues, sku }: CatalogueVariant): string {
  return optionValues === undefined ? `sku ${sku}` : JSON.stringify(Object.values(optionValues));
}

function isEqual({ row: _a, ...a }: CatalogueVariant, { row: _b, ...b }: CatalogueVariant): boolean {
  return JSON.stringify(a) === JSON.stringify(b); // both are read in the order of the columns
}
