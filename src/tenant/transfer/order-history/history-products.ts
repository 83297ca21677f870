import type { EntityManager } from 'typeorm';
import { newId } from '../../../common/ids';
import { slugify } from '../../../common/slug';
import type { Author } from '../../../tenancy/tenant';
import { recordCreated } from '../../changes/record-changes';
import { Product } from '../../products/product.entity';

export interface SoldProduct {
  variantId: string;
  productId: string;
}

interface NewProduct {
  sku: string;
  name: string;
  priceMinor: number;
  currency: string;
}

/**
 * Creates archived products with one variant and no stock: the shop sold them once, and decides itself whether it still
 * does. @returns by SKU
 */
export async function makeProducts(
  manager: EntityManager,
  products: readonly NewProduct[],
  author: Author,
): Promise<Map<string, SoldProduct>> {
  if (products.length === 0) return new Map();
  const rows = products.map((product) => ({ ...product, productId: newId(), variantId: newId() }));
  const productIds = rows.map(({ productId }) => productId);
  await manager.query(
    `INSERT INTO products (id, handle, name, currency, status)
     SELECT id, handle, name, currency, 'archived'
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS p (id, handle, name, currency)`,
    [
      ...[productIds, await freeHandles(manager, rows)],
      ...[rows.map(({ name }) => name), rows.map(({ currency }) => currency)],
    ],
  );
  await manager.query(
    `INSERT INTO product_variants (id, product_id, position, sku, price_minor, stock)
     SELECT id, product_id, 1, sku, price_minor, 0
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) AS v (id, product_id, sku, price_minor)`,
    [
      rows.map(({ variantId }) => variantId),
      productIds,
      rows.map(({ sku }) => sku),
      rows.map(({ priceMinor }) => priceMinor),
    ],
  );
  await recordCreated(
    manager,
    Product,
    rows.map(({ productId }) => ({ id: productId })),
    author,
  );
  return new Map(rows.map(({ sku, productId, variantId }) => [sku, { productId, variantId }]));
}

/** Handles made from the SKU, with the last part of the id where the handle is taken. */
async function freeHandles(
  manager: EntityManager,
  products: readonly { sku: string; productId: string }[],
): Promise<string[]> {
  const wanted = products.map(({ sku }) => slugify(sku) || 'product');
  const found = await manager.query<{ handle: string }[]>(
    'SELECT handle FROM products WHERE handle = ANY ($1)',
    [wanted],
  );
  const taken = new Set(found.map(({ handle }) => handle));
  return products.map(({ productId }, i) => {
    const handle = wanted[i]!; // one for each product
    if (taken.has(handle)) return `${handle}-${productId.slice(-8)}`;
    taken.add(handle);
    return handle;
  });
}
