import type {
  CatalogueGroup,
  CatalogueImage,
  CatalogueProduct,
  CatalogueStatus,
  CatalogueVariant,
  RowProblem,
} from './shopify-catalogue';
import { shown, type ShopifyRow } from './shopify-row';
import { isVariantRow, type OptionNames, readImage, readOptionNames, readVariant } from './shopify-variant';

const MAX_DESCRIPTION = 100_000;
const MAX_TAG = 255;
const MAX_TAGS = 250;
const MAX_IMAGES = 250;

type ProductFields = Pick<CatalogueProduct, 'name' | 'description' | 'vendor' | 'type' | 'tags' | 'status'>;

const NO_FIELDS: ProductFields = {
  name: null,
  description: '',
  vendor: '',
  type: '',
  tags: [],
  status: 'active',
};

/** Collects the rows of one product. A row with any problem is left out completely. */
export class ShopifyProduct {
  rows = 0;
  private readonly fields: ProductFields;
  private readonly currency: string;
  private readonly optionNames: OptionNames;
  /** True if the first row has a problem: then no row of the group can be used. */
  private readonly isBroken: boolean;
  private readonly variants: CatalogueVariant[] = [];
  private readonly images: CatalogueImage[] = [];
  private readonly rowOfCombination = new Map<string, number>();
  private readonly rowOfSku = new Map<string, number>();
  private readonly problems: RowProblem[] = [];
  private readonly goodRows: number[] = [];

  constructor(
    readonly handle: string,
    private readonly first: ShopifyRow,
    fallback: string,
  ) {
    this.currency = first.isRagged ? fallback : first.currency(fallback);
    this.fields = first.isRagged ? NO_FIELDS : readFields(first);
    this.optionNames = first.isRagged ? [] : readOptionNames(first);
    this.isBroken = first.problems.length > 0 && first.has('Title');
    this.add(first);
  }

  add(row: ShopifyRow): void {
    this.rows += 1;
    const isRead = row === this.first || !this.isBroken; // a broken first row is still read, to report all its problems
    if (isRead && !row.isRagged) this.take(row);
    if (row.problems.length === 0) this.goodRows.push(row.line);
    this.problems.push(...row.problems);
  }

  finish(): CatalogueGroup {
    const { problems, rows } = this;
    const isContinuation = this.fields.name === null;
    const hasContent = this.variants.length > 0 || (isContinuation && this.images.length > 0);
    if (hasContent && !this.isBroken) return { product: this.product(), problems, rows };
    return { product: null, problems: [...problems, ...this.lostRows()].sort((a, b) => a.row - b.row), rows };
  }

  private take(row: ShopifyRow): void {
    const isTitleRow = row === this.first && row.has('Title');
    if (row !== this.first && row.currency(this.currency) !== this.currency)
      row.fail(
        'CURRENCY_INVALID',
        'Currency',
        `The first row of the product has its prices in ${this.currency}.`,
      );
    const hasImage = row.has('Image Src');
    const variant =
      isTitleRow || isVariantRow(row) ? readVariant(row, this.optionNames, this.currency) : null;
    const image = hasImage ? readImage(row, this.nextPosition()) : null;
    if (variant === null && !hasImage)
      row.fail('ROW_EMPTY', null, 'The row has neither a variant nor an image.');
    if (variant !== null) this.checkUnique(row, variant);
    if (hasImage && this.images.length >= MAX_IMAGES)
      row.fail('IMAGES_TOO_MANY', 'Image Src', `The product has more than ${MAX_IMAGES} images.`);
    if (row.problems.length > 0) return;
    if (variant !== null) this.keep(variant);
    if (image !== null) this.images.push(image);
  }

  private nextPosition(): number {
    return Math.max(0, ...this.images.map(({ position }) => position)) + 1;
  }

  private checkUnique(row: ShopifyRow, variant: CatalogueVariant): void {
    const same = this.rowOfCombination.get(combinationOf(variant));
    if (same !== undefined)
      row.fail('OPTION_VALUES_DUPLICATE', 'Option1 Value', `Row ${same} has the same option values.`);
    const sameSku = variant.sku === null ? undefined : this.rowOfSku.get(variant.sku);
    if (sameSku !== undefined)
      row.fail('SKU_DUPLICATE', 'Variant SKU', `Row ${sameSku} of this product has the same SKU.`);
  }

  private keep(variant: CatalogueVariant): void {
    this.variants.push(variant);
    this.rowOfCombination.set(combinationOf(variant), variant.row);
    if (variant.sku !== null) this.rowOfSku.set(variant.sku, variant.row);
  }

  private product(): CatalogueProduct {
    const { goodRows, handle, currency, fields, variants, images } = this;
    return { rows: goodRows, handle, currency, ...fields, options: this.options(), images, variants };
  }

  private options(): CatalogueProduct['options'] {
    if (this.variants.length === 0) return [];
    return this.optionNames
      .filter((name) => name !== '')
      .map((name) => ({
        name,
        values: [...new Set(this.variants.map(({ optionValues }) => optionValues[name] ?? ''))],
      }));
  }

  private lostRows(): RowProblem[] {
    const message = this.isBroken
      ? `The product cannot be read because of its first row, row ${this.first.line}.`
      : 'The product has no variant that can be read.';
    return this.goodRows.map((row) => {
      return { row, handle: this.handle, column: null, code: 'PRODUCT_UNUSABLE', message };
    });
  }
}

function combinationOf({ optionValues }: CatalogueVariant): string {
  return JSON.stringify(Object.values(optionValues));
}

function readFields(row: ShopifyRow): ProductFields {
  return {
    name: row.textOrNull('Title'),
    description: row.verbatim('Body (HTML)', MAX_DESCRIPTION),
    vendor: row.text('Vendor'),
    type: row.text('Type'),
    tags: readTags(row),
    status: readStatus(row),
  };
}

function readTags(row: ShopifyRow): string[] {
  const texts = row.text('Tags', MAX_TAGS * (MAX_TAG + 2)).split(',');
  const tags = [...new Set(texts.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
  if (tags.length > MAX_TAGS)
    row.fail('TAGS_TOO_MANY', 'Tags', `A product has at most ${MAX_TAGS} tags, not ${tags.length}.`);
  if (tags.some((tag) => tag.length > MAX_TAG))
    row.fail('TEXT_TOO_LONG', 'Tags', `A tag is longer than ${MAX_TAG} characters.`);
  return tags;
}

function readStatus(row: ShopifyRow): CatalogueStatus {
  const status = row.text('Status').toLowerCase();
  if (status === 'draft' || status === 'active' || status === 'archived') return status;
  if (status !== '')
    row.fail('STATUS_INVALID', 'Status', `${shown(status)} is none of draft, active and archived.`);
  return row.flag('Published', 'STATUS_INVALID') ? 'active' : 'draft';
}
