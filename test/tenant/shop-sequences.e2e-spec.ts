import fc from 'fast-check';
import { anyDay, type AnyStep } from '../support/any-day';
import { newOwner, newShop, type Owner } from '../support/factories';
import { openSteppedShop } from '../support/open-stepped-shop';
import type { OrderModel } from '../support/order-model';
import { isShort } from '../support/shop-model';
import { latest, type SteppedShop, take } from '../support/shop-steps';
import { SEQUENCES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { WatchedShop } from '../support/watched-rows';

const app = useTestApp();
let owner: Owner;

beforeAll(async () => {
  owner = await newOwner(app.api);
});

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
    owner = await newShop(owner);
    const watched = await WatchedShop.watch(app, owner.shop.id);
    const shop = await openSteppedShop(app, owner);
    for (const step of steps) {
      await take(step, shop);
      await assertStock(shop);
      const order = 'order' in step ? latest(shop.model, step.order) : undefined;
      if (order !== undefined) await assertOrder(shop, order);
    }
    for (const order of shop.model.orders) await assertOrder(shop, order);
    await assertSales(shop);
    expect(await watched.faults()).toEqual([]);
  });
  await fc.assert(property, { numRuns: SEQUENCES.runs, seed: SEQUENCES.seed });
}, 600_000);
