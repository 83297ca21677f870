import { Example, Flag, Id, OneOf, Text, Time, Url, Whole } from '../../http/fields';
import { MAX_MINOR } from '../../common/money';
import { PageQuery } from '../../http/page';
import { OptionValues } from './option-values';
import { UNCHANGED } from '../../http/read-only';
import { TextMap } from '../../http/text-map';
import type { ProductVariant } from './product-variant.entity';
import { STOCK_REASONS, type StockChange, type StockReason } from './stock-change.entity';

export const MAX_STOCK = 1_000_000_000;
export const SKU = { max: 255, example: 'TEE-S' };
export const PRICE = {
  min: 0,
  max: MAX_MINOR,
  example: 1999,
  description: 'In minor units of the currency.',
};
export const STOCK = { min: -MAX_STOCK, max: MAX_STOCK, example: 10 };
/** Orders may take or give back more than the limits for input allow. */
export const STOCK_ANSWER = { ...STOCK, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
/** Clients send back what they were shown; `assertStock` has the limits. */
export const STOCK_INPUT = {
  ...STOCK_ANSWER,
  description: `From -${MAX_STOCK} to ${MAX_STOCK}; beyond that, where orders have led, as it is or nearer to it.`,
};
const TRACKS_STOCK = { description: 'If false, orders neither check nor change the stock.', example: true };
const SELLS_WHEN_OUT = {
  description: 'If true, orders may exceed the stock, which goes below 0.',
  example: false,
};
export const ATTRIBUTES = {
  entries: 250,
  length: 65_536,
  example: { 'SEO Title': 'Soft linen tees' },
  description:
    'Columns of an imported file without a field of their own, by name: category, SEO, unit price, metafields. ' +
    'Those of a product and its variants have at most 256 KiB together, as JSON.',
};
const GRAMS = { min: 0, max: MAX_STOCK, example: 180 };

class VariantFieldsDto {
  @Text({ ...SKU, optional: true, nullable: true })
  sku?: string | null;

  @Whole({ ...PRICE, optional: true, nullable: true, description: 'Price before a reduction.' })
  compareAtMinor?: number | null;

  @Whole({ ...PRICE, optional: true, nullable: true, description: 'Purchase price of the shop.' })
  costMinor?: number | null;

  @Whole({
    ...STOCK_INPUT,
    optional: true,
    description: `Default 0. Below 0 only if the variant sells when out. ${STOCK_INPUT.description}`,
  })
  stock?: number;

  @Flag({ ...TRACKS_STOCK, optional: true })
  tracksStock?: boolean;

  @Flag({ ...SELLS_WHEN_OUT, optional: true })
  sellsWhenOut?: boolean;

  @Text({ max: 255, optional: true, nullable: true })
  barcode?: string | null;

  @Whole({ ...GRAMS, optional: true })
  grams?: number;

  @Flag({ optional: true })
  requiresShipping?: boolean;

  @Flag({ optional: true })
  taxable?: boolean;

  @Url({ optional: true, nullable: true })
  imageSrc?: string | null;

  @TextMap({ ...ATTRIBUTES, optional: true })
  attributes?: Record<string, string>;
}

/** Fields of a stored variant that a client may set. */
class VariantChangesDto extends VariantFieldsDto {
  @OptionValues({ optional: true, example: undefined })
  optionValues?: Record<string, string>;

  @Whole({ ...PRICE, optional: true, description: 'Default in a list of variants: that of the product.' })
  priceMinor?: number;
}

export class UpdateVariantDto extends VariantChangesDto {
  @Id(UNCHANGED)
  id?: string;

  @Id(UNCHANGED)
  productId?: string;
}

@Example({ sku: 'TEE-L', optionValues: { Size: 'Large' }, priceMinor: 1999, stock: 10 })
export class CreateVariantDto extends VariantFieldsDto {
  @OptionValues()
  optionValues: Record<string, string>;

  @Whole(PRICE)
  priceMinor: number;
}

/** A variant in the list of a product. */
@Example({ sku: 'TEE-S', optionValues: { Size: 'Small' }, priceMinor: 1999, stock: 10 })
export class VariantInputDto extends VariantChangesDto {
  @Id({
    optional: true,
    description: 'In a PATCH: the variant to change. Without it a new variant is created.',
  })
  id?: string;
}

export class ListVariantsQuery extends PageQuery {
  @Text({ ...SKU, optional: true, description: 'Variants with exactly this SKU; there may be several.' })
  sku?: string;
}

export class ChangeStockDto {
  @Whole({ min: -MAX_STOCK, max: MAX_STOCK, example: -2, description: 'Is added to the stock.' })
  delta: number;

  @Text({ max: 255, example: 'Broken in the warehouse' })
  reason: string;

  @Flag({ optional: true, description: 'True if goods came back; default false: a correction.' })
  isReturn?: boolean;
}

export class VariantDto {
  @Id()
  id: string;

  @Text({ ...SKU, nullable: true })
  sku: string | null;

  @OptionValues()
  optionValues: Record<string, string>;

  @Whole(PRICE)
  priceMinor: number;

  @Whole({ ...PRICE, nullable: true })
  compareAtMinor: number | null;

  @Whole({ ...PRICE, nullable: true })
  costMinor: number | null;

  @Whole(STOCK_ANSWER)
  stock: number;

  @Flag(TRACKS_STOCK)
  tracksStock: boolean;

  @Flag(SELLS_WHEN_OUT)
  sellsWhenOut: boolean;

  @Text({ max: 255, nullable: true })
  barcode: string | null;

  @Whole(GRAMS)
  grams: number;

  @Flag()
  requiresShipping: boolean;

  @Flag()
  taxable: boolean;

  @Text({ max: 2048, nullable: true })
  imageSrc: string | null;

  @TextMap(ATTRIBUTES)
  attributes: Record<string, string>;
}

/** A variant by itself. */
export class ProductVariantDto extends VariantDto {
  @Id()
  productId: string;
}

export class StockChangeDto {
  @Id()
  id: string;

  @Whole({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, example: -2 })
  change: number;

  @OneOf(STOCK_REASONS, { description: '`opening`: the stock when the ledger began.' })
  reason: StockReason;

  @Text({ max: 255, nullable: true, description: 'Words of the person who changed it.' })
  note: string | null;

  @Id({ nullable: true })
  orderId: string | null;

  @Id({ nullable: true })
  importId: string | null;

  @Id({ nullable: true, description: 'Member who changed it.' })
  createdBy: string | null;

  @Time()
  createdAt: string;
}

export function toStockChangeDto(row: StockChange): StockChangeDto {
  const { id, change, reason, note, orderId, importId, createdBy, createdAt } = row;
  return { id, change, reason, note, orderId, importId, createdBy, createdAt: createdAt.toISOString() };
}

export function toProductVariantDto(variant: ProductVariant): ProductVariantDto {
  return { ...toVariantDto(variant), productId: variant.productId };
}

/** Picks the fields by name: rows of an entity have more, and a variant from JSON has these in any order. */
export function toVariantDto(variant: VariantDto): VariantDto {
  return {
    id: variant.id,
    sku: variant.sku,
    optionValues: variant.optionValues,
    priceMinor: variant.priceMinor,
    compareAtMinor: variant.compareAtMinor,
    costMinor: variant.costMinor,
    stock: variant.stock,
    tracksStock: variant.tracksStock,
    sellsWhenOut: variant.sellsWhenOut,
    barcode: variant.barcode,
    grams: variant.grams,
    requiresShipping: variant.requiresShipping,
    taxable: variant.taxable,
    imageSrc: variant.imageSrc,
    attributes: variant.attributes,
  };
}
