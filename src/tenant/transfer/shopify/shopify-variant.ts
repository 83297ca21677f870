import type { CatalogueImage, CatalogueVariant } from './shopify-catalogue';
import { shown, type ShopifyRow } from './shopify-row';

/** Shopify has three options; our export adds columns for the others. */
export const OPTION_SLOTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

/** Shopify's notation for a product without options: one option of this name with this value. */
export const NO_OPTIONS = { name: 'Title', value: 'Default Title' } as const;

const MAX_STOCK = 1_000_000_000;
const MAX_POSITION = 10_000;

/** Names of the options by slot; '' where the product has none. */
export type OptionNames = readonly string[];

export function isVariantRow(row: ShopifyRow): boolean {
  return (
    row.has('Variant Price') ||
    row.has('Variant SKU') ||
    OPTION_SLOTS.some((slot) => row.has(`Option${slot} Value`))
  );
}

/** Reads the option names from the first row of a product. */
export function readOptionNames(row: ShopifyRow): OptionNames {
  const seen = new Set<string>();
  return OPTION_SLOTS.map((slot) => {
    const column = `Option${slot} Name`;
    const name = row.text(column);
    if (name === '' || isNoOptions(row, slot)) return '';
    if (name !== '__proto__' && !seen.has(name)) {
      seen.add(name);
      return name;
    }
    row.fail('OPTION_NAME_INVALID', column, `${shown(name)} cannot be the name of an option.`);
    return '';
  });
}

/** Reads a variant row. Use the result only if the row has no problems. */
export function readVariant(row: ShopifyRow, names: OptionNames, currency: string): CatalogueVariant {
  if (!row.has('Variant Price'))
    row.fail('PRICE_MISSING', 'Variant Price', 'The row of a variant needs a Variant Price.');
  return {
    row: row.line,
    sku: row.textOrNull('Variant SKU'),
    optionValues: readOptionValues(row, names),
    priceMinor: row.money('Variant Price', currency) ?? 0,
    compareAtMinor: row.money('Variant Compare At Price', currency),
    costMinor: row.money('Cost per item', currency),
    stock: readStock(row),
    barcode: row.textOrNull('Variant Barcode'),
    grams: row.number('Variant Grams', /^\d+(\.\d+)?$/, MAX_STOCK, 'GRAMS_INVALID'),
    requiresShipping: row.flag('Variant Requires Shipping'),
    taxable: row.flag('Variant Taxable'),
    imageSrc: row.url('Variant Image'),
  };
}

/** Reads the image of a row; null when it has none. */
export function readImage(row: ShopifyRow, nextPosition: number): CatalogueImage | null {
  const src = row.url('Image Src');
  const position = row.number('Image Position', /^0*[1-9]\d*$/, MAX_POSITION, 'IMAGE_POSITION_INVALID');
  const alt = row.textOrNull('Image Alt Text', 1000);
  if (src === null) return null;
  return { src, position: position === 0 ? Math.min(nextPosition, MAX_POSITION) : position, alt };
}

function readOptionValues(row: ShopifyRow, names: OptionNames): Record<string, string> {
  const values = new Map<string, string>();
  for (const slot of OPTION_SLOTS) {
    const name = names[slot - 1] ?? '';
    if (name === '' && isNoOptions(row, slot)) continue;
    const value = row.text(`Option${slot} Value`);
    checkOption(row, slot, name, value);
    if (name !== '') values.set(name, value);
  }
  return Object.fromEntries(values);
}

function checkOption(row: ShopifyRow, slot: number, name: string, value: string): void {
  const [nameColumn, valueColumn] = [`Option${slot} Name`, `Option${slot} Value`];
  const repeated = row.text(nameColumn);
  if (repeated !== '' && repeated !== name)
    return row.fail(
      'OPTION_NAME_INVALID',
      nameColumn,
      'The first row of the product has another name for this option.',
    );
  if (name === '' && value !== '')
    return row.fail('OPTION_NAME_MISSING', valueColumn, `The first row of the product has no ${nameColumn}.`);
  if (name !== '' && value === '')
    row.fail('OPTION_VALUE_MISSING', valueColumn, `The variant has no value for ${shown(name)}.`);
}

function isNoOptions(row: ShopifyRow, slot: number): boolean {
  if (slot !== 1 || row.text('Option1 Value') !== NO_OPTIONS.value) return false;
  return ['', NO_OPTIONS.name].includes(row.text('Option1 Name'));
}

function readStock(row: ShopifyRow): number {
  const column = 'Variant Inventory Qty';
  if (row.text(column).startsWith('-')) {
    row.fail(
      'STOCK_NEGATIVE',
      column,
      'Stock is below 0 (oversold), which Shopify allows and this shop does not.',
    );
    return 0;
  }
  return row.number(column, /^\d+$/, MAX_STOCK, 'STOCK_INVALID');
}
