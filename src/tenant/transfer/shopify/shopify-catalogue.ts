/** Content of a Shopify product CSV in the terms of this project. */

export interface CatalogueVariant {
  /** Line of the file on which the record starts; the header is line 1. */
  row: number;
  sku: string | null;
  /** `{ Size: 'Small' }`; `{}` when the product has no options. */
  optionValues: Record<string, string>;
  priceMinor: number;
  compareAtMinor: number | null;
  costMinor: number | null;
  stock: number;
  barcode: string | null;
  grams: number;
  requiresShipping: boolean;
  taxable: boolean;
  imageSrc: string | null;
}

export interface CatalogueImage {
  src: string;
  position: number;
  alt: string | null;
}

export type CatalogueStatus = 'draft' | 'active' | 'unlisted' | 'archived';

export interface CatalogueProduct {
  /** Lines of all its rows, images included; the first is where it begins. */
  rows: number[];
  handle: string;
  /** Null when the group has no Title: it continues a product that the shop has. */
  name: string | null;
  description: string;
  vendor: string;
  type: string;
  tags: string[];
  status: CatalogueStatus;
  /** ISO 4217; the currency of all its prices. */
  currency: string;
  /** In the order of the columns, values in order of appearance. */
  options: { name: string; values: string[] }[];
  images: CatalogueImage[];
  variants: CatalogueVariant[];
}

/** Problems that a row can have. */
export const PROBLEM_CODES = [
  'COLUMN_COUNT',
  'HANDLE_MISSING',
  'TEXT_TOO_LONG',
  'TEXT_INVALID',
  'TAGS_TOO_MANY',
  'STATUS_INVALID',
  'BOOLEAN_INVALID',
  'OPTION_NAME_INVALID',
  'OPTION_NAME_MISSING',
  'OPTION_VALUE_MISSING',
  'OPTION_VALUES_DUPLICATE',
  'SKU_DUPLICATE',
  'PRICE_MISSING',
  'PRICE_INVALID',
  'CURRENCY_INVALID',
  'STOCK_INVALID',
  'STOCK_NEGATIVE',
  'GRAMS_INVALID',
  'URL_INVALID',
  'IMAGE_POSITION_INVALID',
  'IMAGES_TOO_MANY',
  'ROW_EMPTY',
  'ROWS_TOO_MANY',
  'PRODUCT_UNUSABLE',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export interface RowProblem {
  row: number;
  handle: string | null;
  column: string | null;
  /** One of PROBLEM_CODES, or a code of the merge. */
  code: string;
  /** For people. */
  message: string;
}

/** Consecutive rows of one handle. Each row is in `product` or is named in `problems`. */
export interface CatalogueGroup {
  /** Null when no row of the group is usable. */
  product: CatalogueProduct | null;
  problems: RowProblem[];
  rows: number;
}
