import type { EntityManager } from 'typeorm';
import { ValidationFailed } from '../../common/common.errors';
import { newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { ProductVariant } from './product-variant.entity';
import type { Product } from './product.entity';
import type { VariantInputDto } from './products.dto';
import { SkuTaken, VariantNotFound } from './products.errors';

/**
 * Adds the variants of a new product. `priceMinor` is for those that give none.
 * @throws VariantNotFound for one with an id: a new product has no variants yet
 */
export async function insertVariants(
  manager: EntityManager,
  productId: string,
  inputs: readonly VariantInputDto[],
  priceMinor: number | undefined,
): Promise<void> {
  if (inputs.some(({ id }) => id !== undefined)) throw new VariantNotFound();
  const rows = inputs.map((input, i) => ({
    stock: 0,
    ...definedOf(input),
    id: newId(),
    productId,
    position: i + 1,
    priceMinor: priceOf(input, priceMinor),
  }));
  await orSkuTaken(manager.insert(ProductVariant, rows));
}

/**
 * Makes the product's variants those given: by id where there is one, new otherwise; the rest are removed.
 * @throws VariantNotFound for an id that is not one of this product's
 */
export async function replaceVariants(
  manager: EntityManager,
  product: Product,
  inputs: readonly VariantInputDto[],
  priceMinor: number | undefined,
): Promise<void> {
  const present = new Map(product.variants.map((variant) => [variant.id, variant]));
  if (inputs.some(({ id }) => id !== undefined && !present.has(id))) throw new VariantNotFound();
  const kept = new Set(inputs.map(({ id }) => id));
  const gone = product.variants.filter(({ id }) => !kept.has(id)).map(({ id }) => id);
  if (gone.length > 0) await manager.delete(ProductVariant, gone);
  const rows = inputs.map((input, i) => {
    const before = input.id === undefined ? undefined : present.get(input.id);
    return {
      stock: 0,
      ...before,
      ...definedOf(input),
      id: input.id ?? newId(),
      productId: product.id,
      position: i + 1,
      priceMinor: priceOf(input, before?.priceMinor ?? priceMinor),
    };
  });
  // In order of id, as orders lock them, so that the two cannot wait for each other.
  await orSkuTaken(
    manager.upsert(
      ProductVariant,
      rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      ['id'],
    ),
  );
}

export async function updateOnlyVariant(
  manager: EntityManager,
  product: Product,
  changes: Partial<Pick<ProductVariant, 'sku' | 'priceMinor' | 'stock'>>,
): Promise<void> {
  await orSkuTaken(manager.update(ProductVariant, { productId: product.id }, changes));
}

/**
 * For statements that write variants whose combinations were checked before: only a SKU can collide then.
 * @throws SkuTaken
 */
export async function orSkuTaken(statement: Promise<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    if (isUniqueViolation(error)) throw new SkuTaken({ cause: error });
    throw error;
  }
}

function priceOf(input: VariantInputDto, otherwise: number | undefined): number {
  const price = input.priceMinor ?? otherwise;
  if (price !== undefined) return price;
  const message = 'priceMinor is needed on the product or on each variant';
  throw new ValidationFailed({ detail: message, errors: [{ field: 'priceMinor', message }] });
}

function definedOf(input: VariantInputDto): Partial<VariantInputDto> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
