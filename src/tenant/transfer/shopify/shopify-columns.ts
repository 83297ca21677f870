import { type CsvRecord, UnreadableCsv } from '../../../common/csv-records';
import { isLonger } from '../../../common/is-longer';
import { hasControls, isReservedName } from '../../../common/safe-text';

/** Shopify has three options; our export adds columns for the others. */
export const OPTION_SLOTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

const MAX_COLUMNS = 1000;
const MAX_COLUMN_NAME = 255;

/** Columns with a field of their own, by the names that Shopify exported until 2024. */
const FIELDS = [
  ...['Handle', 'Title', 'Body (HTML)', 'Vendor', 'Type', 'Tags', 'Published', 'Status', 'Currency'],
  ...OPTION_SLOTS.flatMap((slot) => [`Option${slot} Name`, `Option${slot} Value`]),
  ...['Variant SKU', 'Variant Grams', 'Variant Inventory Tracker', 'Variant Inventory Qty'],
  ...['Variant Inventory Policy', 'Variant Price', 'Variant Compare At Price', 'Variant Requires Shipping'],
  ...['Variant Taxable', 'Variant Barcode', 'Variant Image', 'Cost per item'],
  ...['Image Src', 'Image Position', 'Image Alt Text', 'Option Values'],
  'Variant Weight Unit', // read and not kept: weights are in grams
];

const PRODUCT_ATTRIBUTES = [
  ...['Product Category', 'Gift Card', 'SEO Title', 'SEO Description', 'Collection'],
  ...OPTION_SLOTS.map((slot) => `Option${slot} Linked To`),
  ...[
    ...['Google Product Category', 'Gender', 'Age Group', 'MPN', 'AdWords Grouping', 'AdWords Labels'],
    ...['Condition', 'Custom Product', 'Custom Label 0', 'Custom Label 1', 'Custom Label 2'],
    ...['Custom Label 3', 'Custom Label 4'],
  ].map((name) => `Google Shopping / ${name}`),
];
const VARIANT_ATTRIBUTES = [
  ...['Variant Tax Code', 'Variant Fulfillment Service'],
  ...['Unit Price Total Measure', 'Unit Price Total Measure Unit'],
  ...['Unit Price Base Measure', 'Unit Price Base Measure Unit'],
  ...['Packed product length', 'Packed product width', 'Packed product height'],
  'Packed product dimension unit',
];

/**
 * Other names that Shopify's files have had, where they are not those above in another case. Most are those since 2024, of the page
 * "Using CSV files to import and export products" (help.shopify.com/en/manual/products/import-export/using-csv) and its sample
 * file, in the versions that headers in public repositories show.
 */
const RENAMED: Readonly<Record<string, string>> = {
  'url handle': 'Handle',
  description: 'Body (HTML)',
  'published on online store': 'Published',
  sku: 'Variant SKU',
  barcode: 'Variant Barcode',
  barcodes: 'Variant Barcode',
  price: 'Variant Price',
  'compare-at price': 'Variant Compare At Price',
  'charge tax': 'Variant Taxable',
  'tax code': 'Variant Tax Code',
  'inventory tracker': 'Variant Inventory Tracker',
  'inventory quantity': 'Variant Inventory Qty',
  'continue selling when out of stock': 'Variant Inventory Policy',
  'weight value (grams)': 'Variant Grams',
  'weight unit for display': 'Variant Weight Unit',
  'requires shipping': 'Variant Requires Shipping',
  'fulfillment service': 'Variant Fulfillment Service',
  'product image url': 'Image Src',
  'variant image url': 'Variant Image',
  ...Object.fromEntries(OPTION_SLOTS.map((slot) => [`option${slot} linkedto`, `Option${slot} Linked To`])),
  'google shopping / manufacturer part number (mpn)': 'Google Shopping / MPN',
  'google shopping / ad group name': 'Google Shopping / AdWords Grouping',
  'google shopping / ads labels': 'Google Shopping / AdWords Labels',
  // of 2021 and 2022
  'standard product type': 'Product Category',
  'standardized product type': 'Product Category',
  'custom product type': 'Type',
};

const CANONICAL: ReadonlyMap<string, string> = new Map([
  ...[...FIELDS, ...PRODUCT_ATTRIBUTES, ...VARIANT_ATTRIBUTES].map(
    (name) => [name.toLowerCase(), name] as const,
  ),
  ...Object.entries(RENAMED),
]);

/** Columns of metafields, of Google's shopping feed, and of markets. */
const OF_PRODUCT = /(?:^|\()product\.metafields\.|^Metafield: |^Google Shopping \/ |^Included \/ /i;
const OF_VARIANT = /(?:^|\()variant\.metafields\.|^Variant Metafield: |^(?:Compare[ -]At )?Price \/ /i;

/** Values that mean the same as an empty cell. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  'Gift Card': 'false',
  'Variant Fulfillment Service': 'manual',
};

const isField: ReadonlySet<string> = new Set(FIELDS);

type AttributeKind = 'product' | 'variant';

/** Before the names of attributes for which Shopify has no column. */
const PREFIXES = { product: 'Attribute: ', variant: 'Variant Attribute: ' } satisfies Record<
  AttributeKind,
  string
>;
const PREFIXED = /^(Variant )?Attribute: (.+)$/s;

export interface AttributeColumn {
  column: string;
  /** Name of the attribute. */
  name: string;
}

export interface ShopifyHeader {
  /** Index of each column, by its old name. A Map because `__proto__` and `constructor` are valid column names. */
  columns: ReadonlyMap<string, number>;
  productAttributes: readonly AttributeColumn[];
  variantAttributes: readonly AttributeColumn[];
  /** Columns whose values are not kept. */
  others: readonly string[];
  width: number;
}

/** The line with which Excel is told the separator. */
export function isSeparatorLine({ line, cells }: CsvRecord): boolean {
  return line === 1 && /^sep=.?$/i.test(cells.join(''));
}

/** @returns the number of columns that Shopify's files have */
export function knownColumns(cells: readonly string[]): number {
  return cells.filter((cell) => CANONICAL.has(nameOf(cell).toLowerCase())).length;
}

/** @throws UnreadableCsv if a column is named twice, or no column names a product */
export function readHeader({ line, cells }: CsvRecord): ShopifyHeader {
  if (cells.length > MAX_COLUMNS)
    throw new UnreadableCsv(`The header names more than ${MAX_COLUMNS} columns.`, line);
  const columns = new Map<string, number>();
  for (const [index, cell] of cells.entries()) {
    const name = nameOf(cell) || `column ${index + 1}`; // spreadsheets add columns without a name at the end
    if (isLonger(attributeOf(name).name, MAX_COLUMN_NAME) || hasControls(name))
      throw new UnreadableCsv(
        `The name of column ${index + 1} is too long or contains a control character.`,
        line,
      );
    const column = columnOf(name);
    if (columns.has(column)) throw new UnreadableCsv(`The header names the column "${column}" twice.`, line);
    columns.set(column, index);
  }
  if (!['Handle', 'Title', 'Variant SKU'].some((column) => columns.has(column)))
    throw new UnreadableCsv('The header names no column "Handle", "Title" or "Variant SKU".', line);
  const rest = [...columns.keys()].filter((column) => !isField.has(column));
  const kinds = { product: [] as AttributeColumn[], variant: [] as AttributeColumn[], other: [] as string[] };
  for (const column of rest) {
    const { kind, name } = attributeOf(column);
    if (kind === null) kinds.other.push(column);
    else kinds[kind].push({ column, name });
  }
  return {
    columns,
    productAttributes: kinds.product,
    variantAttributes: kinds.variant,
    others: kinds.other,
    width: cells.length,
  };
}

/** The column of an attribute: its name, or its name with a prefix if that column would mean something else. */
export function attributeColumn(kind: AttributeKind, name: string): string {
  const known = CANONICAL.get(name.toLowerCase()) ?? name;
  return known === name && kindOf(name) === kind ? name : PREFIXES[kind] + name;
}

/** True for a value of an attribute that says no more than an empty cell. */
export function isDefault(name: string, text: string): boolean {
  return text === '' || text.toLowerCase() === DEFAULTS[name];
}

/** A column by the name that it has here; with a prefix only if it needs one. */
function columnOf(name: string): string {
  const { kind, name: attribute } = attributeOf(name);
  if (kind !== null && attribute !== name) return attributeColumn(kind, attribute);
  return CANONICAL.get(name.toLowerCase()) ?? name;
}

function attributeOf(column: string): { kind: AttributeKind | null; name: string } {
  const [, ofVariant, name] = PREFIXED.exec(column) ?? [];
  if (name === undefined) return { kind: kindOf(column), name: column };
  // The API accepts no attribute with such a name.
  if (isReservedName(name)) return { kind: null, name: column };
  return { kind: ofVariant === undefined ? 'product' : 'variant', name };
}

/** Kind of an attribute whose column has no prefix. */
function kindOf(column: string): AttributeKind | null {
  if (PREFIXED.test(column)) return null;
  if (PRODUCT_ATTRIBUTES.includes(column) || OF_PRODUCT.test(column)) return 'product';
  return VARIANT_ATTRIBUTES.includes(column) || OF_VARIANT.test(column) ? 'variant' : null;
}

function nameOf(cell: string): string {
  return cell.normalize('NFC').trim();
}
