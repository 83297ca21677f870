import fc from 'fast-check';
import { anyDay, type AnyStep } from '../support/any-day';
import { newOwner, newProduct, newShop, type Owner } from '../support/factories';
import type { OrderModel } from '../support/order-model';
import { isShort, ShopModel, type StoredVariant } from '../support/shop-model';
import { latest, type SteppedShop, take } from '../support/shop-steps';
import { SEQUENCES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { WatchedShop } from '../support/watched-rows';

const app = useTestApp();
let owner: Owner;

beforeAll(async () => {
  owner = await newOwner(app.api);
});

/** A shop with counted and uncounted variants, one that sells when out, and a size that no variant has. */
async function openShop(): Promise<SteppedShop & { schema: string; watched: WatchedShop }> {
  owner = await newShop(owner);
  const { api, shop } = owner;
  const schema = `shop_${shop.id.replaceAll('-', '')}`;
  const watched = await WatchedShop.watch(app, shop.id);
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
  return { api, model, schema, watched, variantIds, productIds, stored: () => storedIn(schema) };
}

function storedIn(schema: string): Promise<StoredVariant[]> {
  return app.database.query<StoredVariant>(
    `SELECT v.id, v.product_id AS "productId", p.handle, v.option_values ->> 'Size' AS size, v.stock::int,
       v.tracks_stock AS "tracksStock", v.sells_when_out AS "sellsWhenOut", v.price_minor::int AS "priceMinor",
       (SELECT coalesce(sum(change), 0)::int FROM ${schema}.stock_changes WHERE variant_id = v.id) AS ledger
     FROM ${schema}.product_variants v JOIN ${schema}.products p ON p.id = v.product_id ORDER BY v.id`,
  );
}

/** Asserts that stock is what the model has, that the ledger adds up to it, and that it is below 0 only where it may be. */
async function assertStock({ model, stored }: SteppedShop): Promise<void> {
  const found = await stored();
  const expected = [...model.variants.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(found.map(({ handle: _handle, ...variant }) => variant)).toEqual(
    expected.map((variant) => ({ ...variant, ledger: variant.stock })),
  );
  expect(found.filter(isShort)).toEqual([]);
}

async function assertOrder({ api }: SteppedShop, order: OrderModel): Promise<void> {
  const { status, totalMinor, paidMinor, refundedMinor, dueMinor } = order;
  const shown = (await api.get(`orders/${order.id}`)).body;
  expect(shown).toMatchObject({ status, totalMinor, paidMinor, refundedMinor, dueMinor });
  expect(shown.lines).toMatchObject(
    order.lines.map(({ position, quantity, priceMinor, fulfilled, cancelled, returned }) => ({
      ...{ position, quantity, priceMinor, totalMinor: quantity * priceMinor },
      ...{ fulfilledQuantity: fulfilled, cancelledQuantity: cancelled, returnedQuantity: returned },
    })),
  );
  const events = (await api.get(`orders/${order.id}/events?limit=100`)).body.items;
  expect(events).toEqual(order.events.map((event) => expect.objectContaining(event)));
}

/** Asserts that the ledger says for each order what it has taken of the variants that are left. */
async function assertSales({ model, schema }: SteppedShop & { schema: string }): Promise<void> {
  const rows = await app.database.query<{ orderId: string; variantId: string; change: number }>(
    `SELECT order_id AS "orderId", variant_id AS "variantId", sum(change)::int AS change
     FROM ${schema}.stock_changes WHERE order_id IS NOT NULL GROUP BY 1, 2 HAVING sum(change) <> 0`,
  );
  const expected = model.orders.flatMap(({ id, taken }) =>
    [...taken].flatMap(([variantId, units]) =>
      units > 0 && model.variants.has(variantId) ? `${id} ${variantId} ${-units}` : [],
    ),
  );
  expect(
    rows.map(({ orderId, variantId, change }) => `${orderId} ${variantId} ${change}`).toSorted(),
  ).toEqual(expected.toSorted());
}

it('any sequence of orders, payments, stock changes, imports and undone imports stays consistent', async () => {
  const property = fc.asyncProperty(anyDay(SEQUENCES.steps), async (steps: AnyStep[]) => {
    const shop = await openShop();
    for (const step of steps) {
      await take(step, shop);
      await assertStock(shop);
      const order = 'order' in step ? latest(shop.model, step.order) : undefined;
      if (order !== undefined) await assertOrder(shop, order);
    }
    for (const order of shop.model.orders) await assertOrder(shop, order);
    await assertSales(shop);
    expect(await shop.watched.faults()).toEqual([]);
  });
  await fc.assert(property, { numRuns: SEQUENCES.runs, seed: SEQUENCES.seed });
}, 600_000);
