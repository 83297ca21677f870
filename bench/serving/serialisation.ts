import { instanceToPlain } from 'class-transformer';
import { toPage } from '../../src/http/page';
import {
  ProductDto,
  type ProductRow,
  toProductDto,
  VariantDto,
} from '../../src/tenant/products/products.dto';
import type { Way } from '../lib/ways';
import { sampleProducts } from './sample';
import type { Compiled } from './schemas';

const LIMIT = 20;

function toInstance(product: ProductRow): ProductDto {
  const dto = Object.assign(new ProductDto(), toProductDto(product));
  dto.variants = dto.variants.map((variant) => Object.assign(new VariantDto(), variant));
  return dto;
}

/** From the rows of a page to its text. The first is what the application does. */
export function serialisations({ page }: Compiled): readonly Way[] {
  const rows = sampleProducts(LIMIT + 1);
  const answer = <T>(map: (row: ProductRow) => T) => toPage(rows, LIMIT, ({ id }) => id, map);
  return [
    { name: 'JSON.stringify of plain DTOs', work: () => JSON.stringify(answer(toProductDto)) },
    {
      name: 'instanceToPlain of plain DTOs, as ClassSerializerInterceptor does, JSON.stringify',
      work: () => JSON.stringify(instanceToPlain(answer(toProductDto))),
    },
    {
      name: 'instanceToPlain of instances, as ClassSerializerInterceptor does, JSON.stringify',
      work: () => JSON.stringify(instanceToPlain(answer(toInstance))),
    },
    { name: 'fast-json-stringify by a response schema of Fastify', work: () => page(answer(toProductDto)) },
  ];
}
