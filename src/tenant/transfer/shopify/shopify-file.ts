import type { CsvCell } from '../../../http/csv-download';
import { formatMinor } from '../../../common/money';
import type { CatalogueImage, CatalogueProduct, CatalogueVariant } from './shopify-catalogue';
import { NO_OPTIONS, OPTION_SLOTS } from './shopify-variant';

/** The fields of a product that a file contains. */
export interface FiledProduct extends Omit<CatalogueProduct, 'rows' | 'name' | 'options' | 'variants'> {
  name: string;
  options: { name: string }[];
  variants: FiledVariant[];
}
type FiledVariant = Omit<CatalogueVariant, 'row'>;

type Row = ReadonlyMap<string, CsvCell>;

const SHOPIFY_SLOTS = 3;
const optionColumns = (slots: readonly number[]): string[] =>
  slots.flatMap((slot) => [`Option${slot} Name`, `Option${slot} Value`]);

/** The columns of Shopify in its order, followed by those that it does not have. */
export const SHOPIFY_COLUMNS = [
  ...['Handle', 'Title', 'Body (HTML)', 'Vendor', 'Type', 'Tags', 'Published'],
  ...optionColumns(OPTION_SLOTS.slice(0, SHOPIFY_SLOTS)),
  ...['Variant SKU', 'Variant Grams', 'Variant Inventory Tracker', 'Variant Inventory Qty'],
  ...['Variant Inventory Policy', 'Variant Fulfillment Service', 'Variant Price', 'Variant Compare At Price'],
  ...['Variant Requires Shipping', 'Variant Taxable', 'Variant Barcode'],
  ...['Image Src', 'Image Position', 'Image Alt Text', 'Variant Image', 'Cost per item', 'Status'],
  ...['Currency', ...optionColumns(OPTION_SLOTS.slice(SHOPIFY_SLOTS))],
];

/** The rows of a product: each has the next variant and the next image, as long as there are any. */
export function shopifyRows(product: FiledProduct): CsvCell[][] {
  const { variants, images } = product;
  return Array.from({ length: Math.max(variants.length, images.length) }, (_, i) => {
    const [variant, image] = [variants[i], images[i]];
    const row: Row = new Map<string, CsvCell>([
      ['Handle', product.handle],
      ...(i === 0 ? productCells(product) : []),
      ...(variant === undefined ? [] : variantCells(product, variant)),
      ...(image === undefined ? [] : imageCells(image)),
    ]);
    return SHOPIFY_COLUMNS.map((column) => row.get(column) ?? null);
  });
}

function productCells(product: FiledProduct): [string, CsvCell][] {
  const { options, status } = product;
  const names = options.map(({ name }, i): [string, CsvCell] => [`Option${i + 1} Name`, name]);
  return [
    ['Title', product.name],
    ['Body (HTML)', product.description],
    ['Vendor', product.vendor],
    ['Type', product.type],
    ['Tags', product.tags.join(', ')],
    ['Published', status === 'active'],
    ['Status', status],
    ['Currency', product.currency],
    ...(names.length > 0 ? names : [['Option1 Name', NO_OPTIONS.name] satisfies [string, CsvCell]]),
  ];
}

function variantCells({ options, currency }: FiledProduct, variant: FiledVariant): [string, CsvCell][] {
  const money = (minor: number | null) => (minor === null ? null : formatMinor(minor, currency));
  const values = options.map(({ name }, i): [string, CsvCell] => [
    `Option${i + 1} Value`,
    variant.optionValues[name] ?? null,
  ]);
  return [
    ...(values.length > 0 ? values : [['Option1 Value', NO_OPTIONS.value] satisfies [string, CsvCell]]),
    ['Variant SKU', variant.sku],
    ['Variant Grams', variant.grams],
    ['Variant Inventory Tracker', 'shopify'], // otherwise Shopify does not track the stock
    ['Variant Inventory Qty', variant.stock],
    ['Variant Inventory Policy', 'deny'],
    ['Variant Fulfillment Service', 'manual'],
    ['Variant Price', money(variant.priceMinor)],
    ['Variant Compare At Price', money(variant.compareAtMinor)],
    ['Variant Requires Shipping', variant.requiresShipping],
    ['Variant Taxable', variant.taxable],
    ['Variant Barcode', variant.barcode],
    ['Variant Image', variant.imageSrc],
    ['Cost per item', money(variant.costMinor)],
  ];
}

function imageCells({ src, position, alt }: CatalogueImage): [string, CsvCell][] {
  return [
    ['Image Src', src],
    ['Image Position', position],
    ['Image Alt Text', alt],
  ];
}
