import { invalidField } from '../../common/common.errors';
import type { EntityManager } from 'typeorm';
import { variantProblem } from './product-options';
import { sizeProblem } from './product-size';
import { ProductVariant, type ProductWithVariants } from './product-variant.entity';
import { Product } from './product.entity';
import { ProductNotFound } from './products.errors';

/** Locks the product and its variants, in order of id as orders do, so that no order takes stock until COMMIT. */
export async function lockProduct(manager: EntityManager, id: string): Promise<ProductWithVariants> {
  const lock = { mode: 'pessimistic_write' as const };
  const product = await manager.findOne(Product, { where: { id }, lock });
  if (product === null) throw new ProductNotFound();
  const variants = await manager.find(ProductVariant, {
    where: { productId: id },
    order: { id: 'ASC' },
    lock,
  });
  return { ...product, variants: variants.toSorted((a, b) => a.position - b.position) };
}

/** @throws ValidationFailed if the product as it is to be stored is too large */
export function assertSize(...args: Parameters<typeof sizeProblem>): void {
  const problem = sizeProblem(...args);
  if (problem === null) return;
  throw invalidField(problem.code === 'ATTRIBUTES_TOO_LARGE' ? 'attributes' : 'variants', problem.message);
}

/** @throws ValidationFailed if the variants do not fit each other or the options */
export function assertVariants(...args: Parameters<typeof variantProblem>): void {
  const message = variantProblem(...args);
  if (message !== null) throw invalidField('variants', message);
}
