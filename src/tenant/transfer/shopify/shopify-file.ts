import { formatMinor } from '../../../common/money';
import type { CsvCell } from '../../../http/csv-download';
import { imageName } from '../../products/product-images';
import { type ProductImage, SOLD_STATUSES } from '../../products/product.entity';
import type { ProductRow } from '../../products/products.dto';
import type { VariantDto } from '../../products/variants.dto';
import { attributeColumn, isDefault, OPTION_SLOTS } from './shopify-columns';
import { NO_OPTIONS } from './shopify-variant';

type Row = ReadonlyMap<string, CsvCell>;

const SHOPIFY_SLOTS = 3;
const optionColumns = (slots: readonly number[]): string[] =>
  slots.flatMap((slot) => [`Option${slot} Name`, `Option${slot} Value`]);

/** The columns of Shopify in its order, followed by those that it does not have. Attributes come after them. */
export const SHOPIFY_COLUMNS: readonly string[] = [
  ...['Handle', 'Title', 'Body (HTML)', 'Vendor', 'Type', 'Tags', 'Published'],
  ...optionColumns(OPTION_SLOTS.slice(0, SHOPIFY_SLOTS)),
  ...['Variant SKU', 'Variant Grams', 'Variant Inventory Tracker', 'Variant Inventory Qty'],
  ...['Variant Inventory Policy', 'Variant Fulfillment Service', 'Variant Price', 'Variant Compare At Price'],
  ...['Variant Requires Shipping', 'Variant Taxable', 'Variant Barcode'],
  ...['Image Src', 'Image Position', 'Image Alt Text', 'Variant Image', 'Cost per item', 'Status'],
  ...['Currency', ...optionColumns(OPTION_SLOTS.slice(SHOPIFY_SLOTS)), 'Option Values'],
];

/**
 * The rows of a product: each has the next variant and the next image, as long as there are any. Images that the shop stores are left
 * out, because only members can fetch them.
 * @param columns SHOPIFY_COLUMNS, then the names of attributes
 */
export function shopifyRows(product: ProductRow, columns: readonly string[]): CsvCell[][] {
  const { variants } = product;
  const images = product.images.filter(({ src }) => imageName(src) === null);
  return Array.from({ length: Math.max(variants.length, images.length) }, (_, i) => {
    const [variant, image] = [variants[i], images[i]];
    const row: Row = new Map<string, CsvCell>([
      ['Handle', product.handle],
      ...(i === 0 ? productCells(product) : []),
      ...(variant === undefined ? [] : variantCells(product, variant)),
      ...(image === undefined ? [] : imageCells(image)),
    ]);
    return columns.map((column) => row.get(column) ?? null);
  });
}

function productCells(product: ProductRow): [string, CsvCell][] {
  const { options, status } = product;
  const names = options.map(({ name }, i): [string, CsvCell] => [`Option${i + 1} Name`, name]);
  return [
    ...attributeCells('product', product.attributes),
    ['Title', product.name],
    ['Body (HTML)', product.description],
    ['Vendor', product.vendor],
    ['Type', product.type],
    ['Tags', product.tags.join(', ')],
    ['Published', SOLD_STATUSES.includes(status)],
    ['Status', status],
    ['Currency', product.currency],
    ['Option Values', listsOf(product)],
    ...(names.length > 0 ? names : [['Option1 Name', NO_OPTIONS.name] satisfies [string, CsvCell]]),
  ];
}

function variantCells({ options, currency }: ProductRow, variant: VariantDto): [string, CsvCell][] {
  const money = (minor: number | null) => (minor === null ? null : formatMinor(minor, currency));
  const values = options.map(({ name }, i): [string, CsvCell] => [
    `Option${i + 1} Value`,
    variant.optionValues[name] ?? null,
  ]);
  return [
    ['Variant Fulfillment Service', 'manual'],
    ...attributeCells('variant', variant.attributes),
    ...(values.length > 0 ? values : [['Option1 Value', NO_OPTIONS.value] satisfies [string, CsvCell]]),
    ['Variant SKU', codeCell(variant.sku)],
    ['Variant Grams', variant.grams],
    ['Variant Inventory Tracker', variant.tracksStock ? 'shopify' : null], // Shopify's word for: the stock is counted
    ['Variant Inventory Qty', variant.stock],
    ['Variant Inventory Policy', variant.sellsWhenOut ? 'continue' : 'deny'],
    ['Variant Price', money(variant.priceMinor)],
    ['Variant Compare At Price', money(variant.compareAtMinor)],
    ['Variant Requires Shipping', variant.requiresShipping],
    ['Variant Taxable', variant.taxable],
    ['Variant Barcode', codeCell(variant.barcode)],
    ['Variant Image', variant.imageSrc],
    ['Cost per item', money(variant.costMinor)],
  ];
}

/** Values of the options if their order differs from that of the variants, or if no variant has one of them. */
function listsOf({ options, variants }: ProductRow): string | null {
  const isTold = options.every(({ name, values }) => {
    const shown = new Set(variants.map(({ optionValues }) => optionValues[name]));
    return JSON.stringify([...shown]) === JSON.stringify(values);
  });
  // NFC would join a mark with the letter of an escape before it: \n and U+0301 to \ń.
  const json = JSON.stringify(options.map(({ values }) => values));
  return isTold ? null : json.replaceAll(/\p{M}/gu, (mark) => mark.split('').map(escaped).join(''));
}

/** A value that means no more than none has no cell: a column for it alone would be missing in the export of another shop. */
function attributeCells(
  kind: 'product' | 'variant',
  attributes: Record<string, string>,
): [string, CsvCell][] {
  return Object.entries(attributes)
    .filter(([name, text]) => !isDefault(name, text))
    .map(([name, text]) => [attributeColumn(kind, name), text]);
}

/** An import removes one apostrophe before a digit. */
function codeCell(code: string | null): string | null {
  return code !== null && /^'+\d/.test(code) ? `'${code}` : code;
}

function imageCells({ src, position, alt }: ProductImage): [string, CsvCell][] {
  return [
    ['Image Src', src],
    ['Image Position', position],
    ['Image Alt Text', alt],
  ];
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
