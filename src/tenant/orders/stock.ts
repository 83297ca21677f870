import type { EntityManager } from 'typeorm';
import type { AppError } from '../../common/app-error';
import { invalidField } from '../../common/common.errors';
import { groupBy } from '../../common/group-by';
import type { ProductVariant } from '../products/product-variant.entity';
import { type Product, SOLD_STATUSES } from '../products/product.entity';
import { ProductNotFound, VariantNotFound } from '../products/products.errors';
import { recordStock, type StockOrigin } from '../products/stock-ledger';
import type { OrderLineInputDto } from './orders.dto';
import { InsufficientStock, ProductNotForSale, VariantRequired } from './orders.errors';

/** A variant to be sold, with fields of its product. */
type LockedVariant = Pick<
  ProductVariant,
  'id' | 'productId' | 'sku' | 'optionValues' | 'priceMinor' | 'stock' | 'tracksStock' | 'sellsWhenOut'
> &
  Pick<Product, 'name' | 'currency' | 'status'>;

/** The variant is locked until the transaction ends. */
export interface SoldVariant {
  variant: LockedVariant;
  quantity: number;
}

function isShort({ tracksStock, sellsWhenOut, stock }: LockedVariant, quantity: number): boolean {
  return tracksStock && !sellsWhenOut && stock < quantity;
}

/** SQL that adds to the stock of variants. @param ids placeholder of the variants @param changes of what to add to each */
export function changeStock(ids: string, changes: string): string {
  return `
  UPDATE product_variants v SET stock = v.stock + c.change
  FROM unnest(${ids}::uuid[], ${changes}::bigint[]) AS c (id, change) WHERE v.id = c.id`;
}

const CHANGE_STOCK = changeStock('$1', '$2');

/**
 * Finds and locks the ordered variants. Rows are locked in order of id, so that two orders for the same variants wait
 * for each other instead of deadlocking. Lines for the same variant are added up.
 * @throws ProductNotFound, VariantNotFound, VariantRequired, ProductNotForSale, InsufficientStock
 */
export async function lockStock(
  manager: EntityManager,
  lines: readonly OrderLineInputDto[],
): Promise<SoldVariant[]> {
  const wanted = await wantedVariants(manager, lines);
  const variants = await lockVariants(manager, [...wanted.keys()]);
  const found = new Map(variants.map((variant) => [variant.id, variant]));
  const sold = [...wanted].map(([id, { quantity, productId }]) => {
    const variant = found.get(id);
    if (variant !== undefined) return { variant, quantity };
    throw productId === undefined ? noVariant(id) : noProduct(productId); // it may have been removed a moment ago
  });
  assertForSale(sold);
  return sold;
}

/**
 * Puts units of an order, which took them, back into stock, also if the stock of the variant is no longer counted. Variants
 * that were removed since then are skipped.
 */
export async function giveStockBack(
  manager: EntityManager,
  units: readonly { variantId: string | null; quantity: number }[],
  origin: StockOrigin,
): Promise<void> {
  const quantities = new Map<string, number>();
  for (const { variantId, quantity } of units)
    if (variantId !== null) quantities.set(variantId, (quantities.get(variantId) ?? 0) + quantity);
  const variants = await lockVariants(manager, [...quantities.keys()]);
  if (variants.length === 0) return;
  const given = variants.map(({ id, stock }) => ({
    variantId: id,
    before: stock,
    after: stock + (quantities.get(id) ?? 0),
  }));
  await manager.query(CHANGE_STOCK, [
    given.map(({ variantId }) => variantId),
    given.map(({ before, after }) => after - before),
  ]);
  await recordStock(manager, given, origin);
}

interface Wanted {
  quantity: number;
  /** Set when the client named the product and not the variant. */
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
    if ((productId === undefined) === (variantId === undefined))
      throw invalidField(`lines.${i}`, 'give either productId or variantId');
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

async function lockVariants(manager: EntityManager, ids: string[]): Promise<LockedVariant[]> {
  if (ids.length === 0) return [];
  return manager.query<LockedVariant[]>(
    `SELECT v.id, v.product_id AS "productId", v.sku, v.option_values AS "optionValues",
       v.price_minor AS "priceMinor", v.stock, v.tracks_stock AS "tracksStock",
       v.sells_when_out AS "sellsWhenOut", p.name, p.currency, p.status
     FROM product_variants v JOIN products p ON p.id = v.product_id
     WHERE v.id = ANY($1) ORDER BY v.id FOR UPDATE OF v`,
    [ids],
  );
}

function assertForSale(sold: readonly SoldVariant[]): void {
  const inactive = sold.find(({ variant }) => !SOLD_STATUSES.includes(variant.status));
  if (inactive !== undefined)
    throw new ProductNotForSale({ detail: `${inactive.variant.name} is not active.` });
  const short = sold.filter(({ variant, quantity }) => isShort(variant, quantity));
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

function noProduct(id: string): AppError {
  return new ProductNotFound({ detail: `There is no product ${id}.` });
}

function noVariant(id: string): AppError {
  return new VariantNotFound({ detail: `There is no variant ${id}.` });
}
