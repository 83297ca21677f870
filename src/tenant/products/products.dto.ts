import {
  Currency,
  Example,
  Flag,
  Id,
  ListOf,
  NeedsAnyOf,
  OneOf,
  Text,
  Texts,
  Time,
  Url,
  Whole,
} from '../../http/fields';
import { MAX_IMAGES, MAX_POSITION } from './product-images';
import { MAX_VARIANTS } from './product-options';
import { UNCHANGED } from '../../http/read-only';
import { TextMap } from '../../http/text-map';
import {
  ATTRIBUTES,
  PRICE,
  SKU,
  STOCK_ANSWER,
  STOCK_INPUT,
  toVariantDto,
  VariantDto,
  VariantInputDto,
} from './variants.dto';
import { shownOf } from './shown-fields';
import { type Product, PRODUCT_STATUSES, type ProductStatus } from './product.entity';

const NAME = { max: 255, example: 'Linen tee' };
export const DESCRIPTION = {
  min: 0,
  max: 100_000,
  untrimmed: true,
  example: '<p>Soft.</p>',
  description: 'May hold HTML.',
};
const WITH_VARIANTS =
  'With several `variants`, accepted only with the value that they give the product, before or after the change.';
const SHORT = { min: 0, max: 255 };
export const TAGS = { max: 250, length: 255, example: ['summer'] };

export class ProductOptionDto {
  @Text({ max: 255, example: 'Size' })
  name: string;

  @Texts({ max: MAX_VARIANTS, length: 255, example: ['Small', 'Large'] })
  values: string[];
}

const IMAGE = { example: 'https://images.example.com/tee.jpg' };

export class ProductImageInputDto {
  @Url({ ...IMAGE, orPath: true, description: 'Of a stored image, as the product shows it.' })
  src: string;

  @Whole({ min: 1, max: MAX_POSITION, optional: true, description: 'Default: behind the images before it.' })
  position?: number;

  @Text({ max: 1000, optional: true, nullable: true })
  alt?: string | null;
}

export class ProductImageDto {
  @Url({ ...IMAGE, orPath: true, description: 'Of a stored image the path of its route.' })
  src: string;

  @Whole({ min: 1, max: MAX_POSITION })
  position: number;

  @Text({ max: 1000, nullable: true })
  alt: string | null;
}

/** Fields of a product that a client may set, in a POST or a PATCH. */
class ProductFieldsDto {
  @Text({ max: 255, optional: true, example: 'linen-tee', description: 'Default: made from the name.' })
  handle?: string;

  @Text({
    ...{ ...SKU, example: undefined, optional: true, nullable: true },
    description: `SKU of the only variant. ${WITH_VARIANTS}`,
  })
  sku?: string | null;

  @Text({ ...DESCRIPTION, optional: true })
  description?: string;

  @Whole({
    ...PRICE,
    optional: true,
    description: `Of the only variant, in minor units; default for new variants. ${WITH_VARIANTS}`,
  })
  priceMinor?: number;

  @Currency({
    optional: true,
    description: 'Default: that of the shop. Another one in a PATCH needs the amounts of all variants.',
  })
  currency?: string;

  @Whole({
    ...{ ...STOCK_INPUT, example: undefined, optional: true },
    description: `Of the only variant. ${STOCK_INPUT.description} ${WITH_VARIANTS}`,
  })
  stock?: number;

  @OneOf(PRODUCT_STATUSES, {
    optional: true,
    description:
      'Default active. Active and unlisted products are sold; an unlisted one is not for lists of a storefront.',
  })
  status?: ProductStatus;

  @Text({ ...SHORT, optional: true, example: 'Loom & Co.' })
  vendor?: string;

  @Text({ ...SHORT, optional: true, example: 'Shirts' })
  type?: string;

  @Texts({ ...TAGS, optional: true, pattern: /^[^,]*$/ })
  tags?: string[];

  @ListOf(ProductOptionDto, {
    max: 10,
    optional: true,
    description: 'Default: what the variants span.',
  })
  options?: ProductOptionDto[];

  @ListOf(ProductImageInputDto, {
    max: MAX_IMAGES,
    optional: true,
    description: 'Stored in order of position.',
  })
  images?: ProductImageInputDto[];

  @TextMap({ ...ATTRIBUTES, optional: true })
  attributes?: Record<string, string>;

  @ListOf(VariantInputDto, {
    min: 1,
    max: MAX_VARIANTS,
    optional: true,
    description:
      'All variants. A PATCH changes those with an id and creates those without; it removes others only with removeVariants.',
  })
  variants?: VariantInputDto[];
}

@NeedsAnyOf('priceMinor', 'variants')
export class CreateProductDto extends ProductFieldsDto {
  @Text(NAME)
  name: string;
}

@Example({ name: 'Linen tee', description: '<p>Softer.</p>', tags: ['summer', 'sale'] })
export class UpdateProductDto extends ProductFieldsDto {
  @Text({ ...NAME, optional: true })
  name?: string;

  @Flag({ optional: true, description: 'True removes the variants that `variants` does not name.' })
  removeVariants?: boolean;

  @Id(UNCHANGED)
  id?: string;

  @Text({ ...UNCHANGED, max: 30 })
  createdAt?: string;

  @Text({ ...UNCHANGED, max: 30 })
  updatedAt?: string;
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

  @Whole({ ...STOCK_ANSWER, description: 'Total of the variants whose stock is counted.' })
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

  @ListOf(ProductImageDto, { max: MAX_IMAGES })
  images: ProductImageDto[];

  @TextMap(ATTRIBUTES)
  attributes: Record<string, string>;

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
  const { sku, priceMinor, stock } = shownOf(variants);
  return {
    id: product.id,
    handle: product.handle,
    sku,
    name: product.name,
    description: product.description,
    priceMinor,
    currency: product.currency,
    stock,
    status: product.status,
    vendor: product.vendor,
    type: product.type,
    tags: product.tags,
    options: product.options,
    images: product.images,
    attributes: product.attributes,
    variants: variants.map(toVariantDto),
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  };
}
