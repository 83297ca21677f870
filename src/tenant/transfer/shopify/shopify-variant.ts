import { isLonger } from '../../../common/is-longer';
import { hasControls, isReservedName } from '../../../common/safe-text';
import { MAX_POSITION } from '../../products/product-images';
import { MAX_VARIANTS } from '../../products/product-options';
import type { ProductOption } from '../../products/product.entity';
import { STOCK_ANSWER } from '../../products/variants.dto';
import type { CatalogueImage, CatalogueVariant } from './shopify-catalogue';
import { OPTION_SLOTS } from './shopify-columns';
import { shown, type ShopifyRow } from './shopify-row';

/** Shopify's notation for a product without options: one option of this name with this value. */
export const NO_OPTIONS = { name: 'Title', value: 'Default Title' } as const;

const MAX_GRAMS = 1_000_000_000;

const LISTS = 'Option Values';
const MAX_LISTS = 1_000_000;
const MAX_VALUE = 255;

/** Columns whose values make a row that of a variant. Shopify leaves them empty in the row of an image. */
const USUAL_COLUMNS = [
  ...['Variant Price', 'Variant SKU', 'Variant Inventory Qty', 'Variant Barcode'],
  ...['Variant Compare At Price', 'Cost per item'],
  ...OPTION_SLOTS.map((slot) => `Option${slot} Value`),
];

/** Columns that do so in a file without any of those above. */
const OTHER_COLUMNS = [
  ...['Variant Grams', 'Variant Inventory Tracker', 'Variant Inventory Policy'],
  ...['Variant Requires Shipping', 'Variant Taxable', 'Variant Image'],
];

/** Names of the options by slot; '' where the product has none. */
export type OptionNames = readonly string[];

/** True if the file has columns of variants. */
export function hasVariants(row: ShopifyRow): boolean {
  return variantColumns(row).some((column) => row.knows(column));
}

export function isVariantRow(row: ShopifyRow): boolean {
  return variantColumns(row).some((column) => row.has(column));
}

function variantColumns(row: ShopifyRow): readonly string[] {
  const isUsual = USUAL_COLUMNS.some((column) => row.knows(column));
  return isUsual
    ? USUAL_COLUMNS
    : [...OTHER_COLUMNS, ...row.columns.variantAttributes.map(({ column }) => column)];
}

/** Reads the option names from the first row of a product. */
export function readOptionNames(row: ShopifyRow): OptionNames {
  const seen = new Set<string>();
  return OPTION_SLOTS.map((slot) => {
    const column = `Option${slot} Name`;
    const name = row.text(column);
    if (name === '' || isNoOptions(row, slot)) return '';
    if (!isReservedName(name) && !seen.has(name)) {
      seen.add(name);
      return name;
    }
    row.fail('OPTION_NAME_INVALID', column, `${shown(name)} cannot be the name of an option.`);
    return '';
  });
}

/** The options with those of their values that our export lists, where the variants do not tell them: a JSON list for each. */
export function readOptions(row: ShopifyRow, names: OptionNames): ProductOption[] {
  const named = names.filter((name) => name !== '');
  const lists = row.has(LISTS) ? listsOf(row.verbatim(LISTS, MAX_LISTS)) : named.map(() => []);
  if (lists?.length === named.length) return named.map((name, i) => ({ name, values: lists[i] ?? [] }));
  row.fail(
    'OPTION_VALUES_INVALID',
    LISTS,
    'The cell is no JSON list with a list of distinct texts for each option.',
  );
  return [];
}

function listsOf(cell: string): string[][] | null {
  try {
    const lists: unknown = JSON.parse(cell);
    return Array.isArray(lists) && lists.every(isValues) ? lists : null;
  } catch {
    return null; // not JSON
  }
}

function isValues(list: unknown): list is string[] {
  if (!Array.isArray(list) || list.length > MAX_VARIANTS || new Set(list).size < list.length) return false;
  return list.every(
    (value) => typeof value === 'string' && value !== '' && isStorable(value) && !isLonger(value, MAX_VALUE),
  );
}

/** JSON may escape what no cell can hold. */
function isStorable(value: string): boolean {
  return value === value.trim() && value.isWellFormed() && !hasControls(value);
}

/** Reads a variant row: the fields for which the file has a column. Use the result only if the row has no problems. */
export function readVariant(row: ShopifyRow, names: OptionNames, currency: string): CatalogueVariant {
  if (row.knows('Variant Price') && !row.has('Variant Price'))
    row.fail('PRICE_MISSING', 'Variant Price', 'The row of a variant needs a Variant Price.');
  const variant: CatalogueVariant = {
    row: row.line,
    attributes: row.attributes(row.columns.variantAttributes),
  };
  const read = <K extends keyof CatalogueVariant>(
    column: string,
    field: K,
    value: () => CatalogueVariant[K],
  ) => {
    if (row.knows(column)) variant[field] = value();
  };
  if (OPTION_SLOTS.some((slot) => row.knows(`Option${slot} Name`) || row.knows(`Option${slot} Value`)))
    variant.optionValues = readOptionValues(row, names);
  read('Variant SKU', 'sku', () => row.code('Variant SKU'));
  read('Variant Price', 'priceMinor', () => row.money('Variant Price', currency) ?? 0);
  read('Variant Compare At Price', 'compareAtMinor', () => row.money('Variant Compare At Price', currency));
  read('Cost per item', 'costMinor', () => row.money('Cost per item', currency));
  read('Variant Inventory Qty', 'stock', () =>
    row.number('Variant Inventory Qty', /^-?\d+(\.0*)?$/, STOCK_ANSWER.max, 'STOCK_INVALID'),
  );
  read('Variant Inventory Tracker', 'tracksStock', () => row.has('Variant Inventory Tracker'));
  read('Variant Inventory Policy', 'sellsWhenOut', () => readPolicy(row));
  read('Variant Barcode', 'barcode', () => row.code('Variant Barcode'));
  read('Variant Grams', 'grams', () =>
    row.number('Variant Grams', /^\d+(\.\d*)?$/, MAX_GRAMS, 'GRAMS_INVALID'),
  );
  read('Variant Requires Shipping', 'requiresShipping', () => row.flag('Variant Requires Shipping', true));
  read('Variant Taxable', 'taxable', () => row.flag('Variant Taxable', true));
  read('Variant Image', 'imageSrc', () => row.url('Variant Image'));
  return variant;
}

/** Reads the image of a row; null when it has none. */
export function readImage(row: ShopifyRow, nextPosition: number): CatalogueImage | null {
  const src = row.url('Image Src');
  const position = row.number(
    'Image Position',
    /^0*[1-9]\d*(\.0*)?$/,
    MAX_POSITION,
    'IMAGE_POSITION_INVALID',
  );
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
  if (slot !== 1 || row.text('Option1 Value') !== NO_OPTIONS.value || row.has('Option2 Value')) return false;
  return ['', NO_OPTIONS.name].includes(row.text('Option1 Name'));
}

/** Shopify writes `deny` or `continue`; its newer template calls the column "Continue selling when out of stock". */
function readPolicy(row: ShopifyRow): boolean {
  const column = 'Variant Inventory Policy';
  const policy = row.text(column).toLowerCase();
  if (policy === 'continue') return true;
  return policy === 'deny' ? false : row.flag(column, false, 'POLICY_INVALID');
}
