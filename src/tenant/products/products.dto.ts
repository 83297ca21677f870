import { Currency, Flag, Id, ListOf, OneOf, Text, Texts, Time, Whole } from '../../http/fields';
import { MAX_MINOR } from '../../common/money';
import { PageQuery } from '../../http/page';
import { OptionValues } from './option-values';
import { type Product, PRODUCT_STATUSES, type ProductStatus } from './product.entity';

export const MAX_STOCK = 1_000_000_000;
const MAX_VARIANTS = 2000;

const SKU = { max: 255, example: 'TEE-S' };
const NAME = { max: 255, example: 'Linen tee' };
const DESCRIPTION = {
  min: 0,
  max: 100_000,
  raw: true,
  example: '<p>Soft.</p>',
  description: 'May hold HTML.',
};
const PRICE = { min: 0, max: MAX_MINOR, example: 1999, description: 'In minor units of the currency.' };
const STOCK = { min: 0, max: MAX_STOCK, example: 10 };
/** Stock returned by cancelled orders may exceed the limit for input. */
const STOCK_ANSWER = { ...STOCK, max: Number.MAX_SAFE_INTEGER };
const SHORT = { min: 0, max: 255 };
const TAGS = { max: 250, length: 255, example: ['summer'] };
const GRAMS = { min: 0, max: MAX_STOCK, example: 180 };

export class ListProductsQuery extends PageQuery {
  @Text({
    ...{ max: 100, optional: true, example: 'lin te' },
    description:
      'Finds products where each word begins a word of the name, or where the whole text begins a SKU. Case is ignored; words consist of letters and digits.',
  })
  q?: string;
}

export class ProductOptionDto {
  @Text({ max: 255, example: 'Size' })
  name: string;

  @Texts({ max: MAX_VARIANTS, length: 255, example: ['Small', 'Large'] })
  values: string[];
}

export class ProductImageDto {
  @Text({ max: 2048, example: 'https://images.example.com/tee.jpg' })
  src: string;

  @Whole({ min: 1, max: 10_000 })
  position: number;

  @Text({ max: 1000, nullable: true })
  alt: string | null;
}

/** A variant in a request. */
export class VariantInputDto {
  @Id({
    optional: true,
    description: 'In a PATCH: the variant to change. Without it a new variant is created.',
  })
  id?: string;

  @Text({ ...SKU, optional: true, nullable: true })
  sku?: string | null;

  @OptionValues({ optional: true })
  optionValues?: Record<string, string>;

  @Whole({ ...PRICE, optional: true, description: 'Default: that of the product.' })
  priceMinor?: number;

  @Whole({ ...PRICE, optional: true, nullable: true, description: 'Price before a reduction.' })
  compareAtMinor?: number | null;

  @Whole({ ...PRICE, optional: true, nullable: true, description: 'Purchase price of the shop.' })
  costMinor?: number | null;

  @Whole({ ...STOCK, optional: true, description: 'Default 0.' })
  stock?: number;

  @Text({ max: 255, optional: true, nullable: true })
  barcode?: string | null;

  @Whole({ ...GRAMS, optional: true })
  grams?: number;

  @Flag({ optional: true })
  requiresShipping?: boolean;

  @Flag({ optional: true })
  taxable?: boolean;

  @Text({ max: 2048, optional: true, nullable: true })
  imageSrc?: string | null;
}

/** Fields of a product that a client may set, in a POST or a PATCH. */
class ProductFieldsDto {
  @Text({ max: 255, optional: true, example: 'linen-tee', description: 'Default: made from the name.' })
  handle?: string;

  @Text({ ...SKU, optional: true, nullable: true, description: 'For a product without variants.' })
  sku?: string | null;

  @Text({ ...DESCRIPTION, optional: true })
  description?: string;

  @Whole({ ...PRICE, optional: true })
  priceMinor?: number;

  @Currency({ optional: true, description: 'Default: that of the shop.' })
  currency?: string;

  @Whole({ ...STOCK, optional: true })
  stock?: number;

  @OneOf(PRODUCT_STATUSES, { optional: true, description: 'Default active. Only active products are sold.' })
  status?: ProductStatus;

  @Text({ ...SHORT, optional: true, example: 'Loom & Co.' })
  vendor?: string;

  @Text({ ...SHORT, optional: true, example: 'Shirts' })
  type?: string;

  @Texts({ ...TAGS, optional: true })
  tags?: string[];

  @ListOf(ProductOptionDto, {
    max: 10,
    optional: true,
    description: 'Default: what the variants span.',
  })
  options?: ProductOptionDto[];

  @ListOf(ProductImageDto, { max: 250, optional: true })
  images?: ProductImageDto[];

  @ListOf(VariantInputDto, {
    min: 1,
    max: MAX_VARIANTS,
    optional: true,
    description:
      'All variants. A PATCH changes those with an id, creates those without, and removes all others.',
  })
  variants?: VariantInputDto[];
}

export class CreateProductDto extends ProductFieldsDto {
  @Text(NAME)
  name: string;
}

export class UpdateProductDto extends ProductFieldsDto {
  @Text({ ...NAME, optional: true })
  name?: string;
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
}

export class ProductDto {
  @Id()
  id: string;

  @Text({ max: 255, example: 'linen-tee' })
  handle: string;

  @Text({ ...SKU, nullable: true, description: 'Null when there are several variants.' })
  sku: string | null;

  @Text(NAME)
  name: string;

  @Text(DESCRIPTION)
  description: string;

  @Whole({ ...PRICE, description: 'The lowest price of the variants, in minor units.' })
  priceMinor: number;

  @Currency()
  currency: string;

  @Whole({ ...STOCK_ANSWER, description: 'Total of all variants.' })
  stock: number;

  @OneOf(PRODUCT_STATUSES)
  status: ProductStatus;

  @Text(SHORT)
  vendor: string;

  @Text(SHORT)
  type: string;

  @Texts(TAGS)
  tags: string[];

  @ListOf(ProductOptionDto, { max: 10 })
  options: ProductOptionDto[];

  @ListOf(ProductImageDto, { max: 250 })
  images: ProductImageDto[];

  @ListOf(VariantDto, {
    min: 1,
    max: MAX_VARIANTS,
    description: 'The units of sale; a product without options has one.',
  })
  variants: VariantDto[];

  @Time()
  createdAt: string;

  @Time()
  updatedAt: string;
}

/** A row of PRODUCT_LIST: a product with its variants in order of position. */
export type ProductRow = Product & { variants: VariantDto[] };

export function toProductDto(product: ProductRow): ProductDto {
  const { variants } = product;
  return {
    id: product.id,
    handle: product.handle,
    sku: variants.length === 1 ? variants[0]!.sku : null, // length checked
    name: product.name,
    description: product.description,
    priceMinor: Math.min(...variants.map(({ priceMinor }) => priceMinor)),
    currency: product.currency,
    stock: variants.reduce((sum, { stock }) => sum + stock, 0),
    status: product.status,
    vendor: product.vendor,
    type: product.type,
    tags: product.tags,
    options: product.options,
    images: product.images,
    variants: variants.map(toVariantDto),
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  };
}

function toVariantDto(variant: VariantDto): VariantDto {
  const { id, sku, optionValues, priceMinor, compareAtMinor, costMinor, stock } = variant;
  const { barcode, grams, requiresShipping, taxable, imageSrc } = variant;
  return {
    id,
    sku,
    optionValues,
    priceMinor,
    compareAtMinor,
    costMinor,
    stock,
    barcode,
    grams,
    requiresShipping,
    taxable,
    imageSrc,
  };
}
