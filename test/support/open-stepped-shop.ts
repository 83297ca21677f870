import type { TestDatabase } from './database';
import { newProduct, type Owner } from './factories';
import { ShopModel, type StoredVariant } from './shop-model';
import type { SteppedShop } from './shop-steps';
import type { TestApp } from './test-app';

/** Fills an empty shop with counted and uncounted variants, one that sells when out, and a size that no variant has. */
export async function openSteppedShop(
  { database }: TestApp,
  { api, shop }: Owner,
): Promise<SteppedShop & { schema: string }> {
  const schema = `shop_${shop.id.replaceAll('-', '')}`;
  const model = new ShopModel();
  const free = { sku: undefined, stock: undefined, priceMinor: undefined };
  const made = [
    await newProduct(api, { name: 'mug', priceMinor: 700, stock: 5 }),
    await newProduct(api, {
      ...free,
      name: 'book',
      variants: [{ priceMinor: 200, stock: 0, tracksStock: false }],
    }),
    await newProduct(api, {
      ...{ ...free, name: 'tee', options: [{ name: 'Size', values: ['L', 'S', 'M'] }] },
      variants: [
        { optionValues: { Size: 'S' }, priceMinor: 500, stock: 2, sellsWhenOut: true },
        { optionValues: { Size: 'M' }, priceMinor: 0, stock: 4 },
      ],
    }),
  ];
  for (const { id, handle, options, variants } of made) {
    model.products.set(id, { id, handle, sizes: options.flatMap((it: { values: string[] }) => it.values) });
    for (const { id: variantId, optionValues, stock, tracksStock, sellsWhenOut, priceMinor } of variants)
      model.variants.set(variantId, {
        ...{ id: variantId, productId: id, size: optionValues.Size ?? null },
        ...{ stock, tracksStock, sellsWhenOut, priceMinor },
      });
  }
  const variantIds = [...model.variants.keys()];
  const productIds = [...model.products.keys()];
  return { api, model, schema, variantIds, productIds, stored: () => storedIn(database, schema) };
}

function storedIn(database: TestDatabase, schema: string): Promise<StoredVariant[]> {
  return database.query<StoredVariant>(
    `SELECT v.id, v.product_id AS "productId", p.handle, v.option_values ->> 'Size' AS size, v.stock::int,
       v.tracks_stock AS "tracksStock", v.sells_when_out AS "sellsWhenOut", v.price_minor::int AS "priceMinor",
       (SELECT coalesce(sum(change), 0)::int FROM ${schema}.stock_changes WHERE variant_id = v.id) AS ledger
     FROM ${schema}.product_variants v JOIN ${schema}.products p ON p.id = v.product_id ORDER BY v.id`,
  );
}
