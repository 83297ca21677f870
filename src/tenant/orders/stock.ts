import type { EntityManager } from 'typeorm';
import type { AppError } from '../../common/app-error';
import { ValidationFailed } from '../../common/common.errors';
import { groupBy } from '../../common/group-by';
import { ProductVariant } from '../products/product-variant.entity';
import { ProductNotFound, VariantNotFound } from '../products/products.errors';
import type { OrderLineInputDto } from './orders.dto';
import { InsufficientStock, ProductNotForSale, VariantRequired } from './orders.errors';

/** A variant that is about to be sold, locked until the transaction ends. */
export interface SoldVariant {
  variant: ProductVariant;
  quantity: number;
}

/**
 * Finds and locks what is ordered and takes it from stock. Rows are locked in order of id, so that two orders
 * for the same things wait for each other instead of deadlocking. Lines for the same variant are added up.
 * @throws ProductNotFound, VariantNotFound, VariantRequired, ProductNotForSale, InsufficientStock
 */
export async function takeStock(
  manager: EntityManager,
  lines: readonly OrderLineInputDto[],
): Promise<SoldVariant[]> {
  const wanted = await wantedVariants(manager, lines);
  const variants = await lockVariants(manager, [...wanted.keys()]);
  const found = new Map(variants.map((variant) => [variant.id, variant]));
  const sold = [...wanted].map(([id, { quantity, productId }]) => {
    const variant = found.get(id);
    if (variant !== undefined) return { variant, quantity };
    throw productId === undefined ? noVariant(id) : noProduct(productId); // removed a moment ago, perhaps
  });
  assertForSale(sold);
  await changeStock(manager, sold, -1);
  return sold;
}

/** Puts back what an order had taken. Variants that were removed since are left out. */
export async function giveStockBack(
  manager: EntityManager,
  lines: readonly { variantId: string | null; quantity: number }[],
): Promise<void> {
  const quantities = new Map<string, number>();
  for (const { variantId, quantity } of lines) if (variantId !== null) quantities.set(variantId, quantity);
  const variants = await lockVariants(manager, [...quantities.keys()]);
  const returned = variants.map((variant) => ({ variant, quantity: quantities.get(variant.id) ?? 0 }));
  await changeStock(manager, returned, +1);
}

interface Wanted {
  quantity: number;
  /** Given when the client named the product and not the variant. */
  productId?: string | undefined;
}

async function wantedVariants(
  manager: EntityManager,
  lines: readonly OrderLineInputDto[],
): Promise<Map<string, Wanted>> {
  const productIds = lines.flatMap(({ productId }) => productId ?? []);
  const onlyVariants = await onlyVariantOf(manager, productIds);
  const wanted = new Map<string, Wanted>();
  for (const [i, { productId, variantId, quantity }] of lines.entries()) {
    if ((productId === undefined) === (variantId === undefined)) throw eitherOr(i);
    const id = variantId ?? onlyVariants(productId!); // exactly one of the two is given
    wanted.set(id, { productId, quantity: (wanted.get(id)?.quantity ?? 0) + quantity });
  }
  return wanted;
}

async function onlyVariantOf(manager: EntityManager, productIds: string[]): Promise<(id: string) => string> {
  const rows =
    productIds.length === 0
      ? []
      : await manager.query<{ productId: string; id: string }[]>(
          `SELECT product_id AS "productId", id FROM product_variants WHERE product_id = ANY($1)`,
          [productIds],
        );
  const byProduct = groupBy(rows, ({ productId }) => productId);
  return (productId) => {
    const [first, second] = byProduct.get(productId) ?? [];
    if (first === undefined) throw noProduct(productId);
    if (second !== undefined)
      throw new VariantRequired({ detail: `Product ${productId} has several variants.` });
    return first.id;
  };
}

async function lockVariants(manager: EntityManager, ids: string[]): Promise<ProductVariant[]> {
  if (ids.length === 0) return [];
  return manager
    .createQueryBuilder(ProductVariant, 'v')
    .innerJoinAndSelect('v.product', 'p')
    .where('v.id IN (:...ids)', { ids })
    .orderBy('v.id')
    .setLock('pessimistic_write', undefined, ['v'])
    .getMany();
}

function assertForSale(sold: readonly SoldVariant[]): void {
  const inactive = sold.find(({ variant }) => variant.product.status !== 'active');
  if (inactive !== undefined)
    throw new ProductNotForSale({ detail: `${inactive.variant.product.name} is not active.` });
  const short = sold.filter(({ variant, quantity }) => variant.stock < quantity);
  if (short.length === 0) return;
  throw new InsufficientStock({
    errors: short.map(({ variant, quantity }) => ({
      productId: variant.productId,
      variantId: variant.id,
      wanted: quantity,
      available: variant.stock,
    })),
  });
}

async function changeStock(
  manager: EntityManager,
  changes: readonly SoldVariant[],
  sign: 1 | -1,
): Promise<void> {
  await manager.query(
    `UPDATE product_variants v SET stock = v.stock + c.change
     FROM unnest($1::uuid[], $2::int[]) AS c (id, change) WHERE v.id = c.id`,
    [changes.map(({ variant }) => variant.id), changes.map(({ quantity }) => sign * quantity)],
  );
}

function noProduct(id: string): AppError {
  return new ProductNotFound({ detail: `There is no product ${id}.` });
}

function noVariant(id: string): AppError {
  return new VariantNotFound({ detail: `There is no variant ${id}.` });
}

function eitherOr(line: number): AppError {
  const message = 'give either productId or variantId';
  return new ValidationFailed({ detail: message, errors: [{ field: `lines.${line}`, message }] });
}
