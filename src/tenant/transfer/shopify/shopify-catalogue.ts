import type { ProductOption } from '../../products/product.entity';

/** Content of a Shopify product CSV in the terms of this project. A field that is missing has no column in the file. */

export interface CatalogueVariant {
  /** Line of the file on which the record starts; the header is line 1. */
  row: number;
  /** `{ Size: 'Small' }`; `{}` when the product has no options; missing when the file has no columns for options. */
  optionValues?: Record<string, string>;
  sku?: string | null;
  priceMinor?: number;
  compareAtMinor?: number | null;
  costMinor?: number | null;
  stock?: number;
  tracksStock?: boolean;
  sellsWhenOut?: boolean;
  barcode?: string | null;
  grams?: number;
  requiresShipping?: boolean;
  taxable?: boolean;
  imageSrc?: string | null;
  /** Null removes the attribute. */
  attributes: Record<string, string | null>;
}

export interface CatalogueImage {
  src: string;
  position: number;
  alt: string | null;
}

export type CatalogueStatus = 'draft' | 'active' | 'unlisted' | 'archived';

/** Fields of a product that its titled row sets. */
export interface CatalogueFields {
  name?: string;
  description?: string;
  vendor?: string;
  type?: string;
  tags?: string[];
  status?: CatalogueStatus;
  /** Given when the file has the column Published. */
  isPublished?: boolean;
  /** Null removes the attribute. */
  attributes: Record<string, string | null>;
}

export interface CatalogueProduct {
  /** Lines of all its rows, images included; the first is where it begins. */
  rows: number[];
  handle: string;
  /** False if the rows have no Handle: then the product is found by SKU, and `handle` is made from the title. */
  hasHandle: boolean;
  /** Null when no row has a Title: the rows continue a product that the shop has. */
  fields: CatalogueFields | null;
  /** ISO 4217; the currency of all its prices. */
  currency: string;
  /** In the order of the columns; without values unless the file lists them. */
  options: ProductOption[];
  /** False if neither the file nor the request says the currency: then prices are in that which a stored product has. */
  namesCurrency: boolean;
  /** Missing when the file has no column for images. */
  images?: CatalogueImage[];
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
  'POLICY_INVALID',
  'OPTION_NAME_INVALID',
  'OPTION_NAME_MISSING',
  'OPTION_VALUE_MISSING',
  'OPTION_VALUES_INVALID',
  'OPTION_VALUES_DUPLICATE',
  'PRICE_MISSING',
  'PRICE_INVALID',
  'CURRENCY_INVALID',
  'STOCK_INVALID',
  'GRAMS_INVALID',
  'URL_INVALID',
  'IMAGE_POSITION_INVALID',
  'IMAGES_TOO_MANY',
  'ROW_EMPTY',
  'ROWS_TOO_MANY',
  'PRODUCT_TOO_LARGE',
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

/** All rows of one product. Each row is in `product` or is named in `problems`. */
export interface CatalogueGroup {
  /** Null when no row of the group is usable. */
  product: CatalogueProduct | null;
  problems: RowProblem[];
  /** Named, but stored. */
  warnings: RowProblem[];
  rows: number;
  /** Characters of the rows. */
  size: number;
}

/** How cells are to be read. */
export interface ReadingOptions {
  /** ISO 4217, of products that do not name theirs. */
  currency: string;
  /** True if the request names the currency, and not only the shop has it. */
  isCurrencyNamed?: boolean;
  decimal: 'point' | 'comma';
}
