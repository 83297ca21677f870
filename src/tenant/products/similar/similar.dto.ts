import { ApiProperty } from '@nestjs/swagger';
import { Flag, ListOf, OneOf, Whole } from '../../../http/fields';
import { PRODUCT_STATUSES, type ProductStatus } from '../product.entity';
import { ProductDto, toProductDto } from '../products.dto';
import type { Similar } from './similar-products';

export const MAX_SIMILAR = 50;
const DEFAULT_SIMILAR = 10;

export class ListSimilarQuery {
  @Whole({
    ...{ min: 1, max: MAX_SIMILAR, optional: true, query: true, example: 10 },
    description: `Number of products; default ${DEFAULT_SIMILAR}.`,
  })
  limit: number = DEFAULT_SIMILAR;

  @OneOf(PRODUCT_STATUSES, {
    optional: true,
    description: 'Only products of this status. A storefront asks for active ones.',
  })
  status?: ProductStatus;
}

export class SimilarProductDto extends ProductDto {
  @ApiProperty({
    ...{ type: 'number', minimum: 0, maximum: 1, example: 0.8315 },
    description: 'From 0, nothing in common, to 1, the same words.',
  })
  similarity: number;
}

export class SimilarProductsDto {
  @ListOf(SimilarProductDto, { max: MAX_SIMILAR, description: 'The most similar first.' })
  items: SimilarProductDto[];

  @Flag({
    description:
      'False while the shop has many new or changed products that were not compared yet, as after a large import.',
  })
  isComplete: boolean;
}

export function toSimilarDto({ product, similarity }: Similar): SimilarProductDto {
  return { ...toProductDto(product), similarity };
}
