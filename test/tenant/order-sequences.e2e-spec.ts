import fc from 'fast-check';
import type { Api } from '../support/api';
import { created, newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;
let api: Api;

beforeAll(async () => {
  owner = await newOwner(app.api);
  ({ api } = owner);
});

const RUNS = 25;
/** Units and prices are few, so that limits are met often. */
const units = fc.array(
  fc.record({ position: fc.integer({ min: 1, max: 2 }), quantity: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 2 },
);
const lines = fc.option(units, { nil: undefined });
const amountMinor = fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined });
const returned = fc.integer({ min: 0, max: 3000 });
const restock = fc.option(fc.boolean(), { nil: undefined });
const step = fc.oneof(
  fc.record({ action: fc.constant('pay'), body: fc.record({ amountMinor }) }),
  fc.record({ action: fc.constant('fulfil'), body: fc.record({ lines }) }),
  fc.record({ action: fc.constant('cancel'), body: fc.record({ lines, restock }) }),
  fc.record({ action: fc.constant('refund'), body: fc.record({ amountMinor }) }),
  fc.record({
    action: fc.constant('refund'),
    body: fc.record({ amountMinor: returned, lines: units, restock }),
  }),
  fc.record({ action: fc.constant('stock'), body: fc.record({ stock: fc.integer({ min: 0, max: 20 }) }) }),
);

interface Line {
  position: number;
  quantity: number;
  fulfilledQuantity: number;
  cancelledQuantity: number;
  returnedQuantity: number;
}

interface Shown {
  status: string;
  totalMinor: number;
  paidMinor: number;
  refundedMinor: number;
  dueMinor: number;
  lines: Line[];
}

interface Event {
  kind: string;
  amountMinor: number | null;
  restock: boolean | null;
  lines: { position: number; quantity: number }[];
}

async function stocksOf(product: { id: string }): Promise<[stock: number, ledger: number]> {
  const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
  const [row] = await app.database.query<{ stock: number; ledger: number }>(
    `SELECT v.stock::int, (SELECT coalesce(sum(change), 0)::int FROM ${schema}.stock_changes WHERE variant_id = v.id) AS ledger
     FROM ${schema}.product_variants v WHERE product_id = $1`,
    [product.id],
  );
  return [row!.stock, row!.ledger]; // it has one variant
}

/** Asserts that an order agrees with its events and its limits. */
function assertConsistent(order: Shown, events: readonly Event[]): void {
  const money = (kind: string) =>
    events.filter((it) => it.kind === kind).reduce((sum, it) => sum + (it.amountMinor ?? 0), 0);
  const counted = (kind: string, position: number) =>
    events
      .filter((it) => it.kind === kind)
      .flatMap((it) => it.lines)
      .filter((line) => line.position === position)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  expect([order.paidMinor, order.refundedMinor]).toEqual([money('payment'), money('refund')]);
  expect(order.refundedMinor).toBeLessThanOrEqual(order.paidMinor);
  expect(order.paidMinor + order.dueMinor).toBeLessThanOrEqual(order.totalMinor);
  for (const line of order.lines) {
    expect(line.fulfilledQuantity).toBe(counted('fulfilment', line.position));
    expect(line.cancelledQuantity).toBe(counted('cancellation', line.position));
    expect(line.returnedQuantity).toBe(counted('refund', line.position));
    expect(line.fulfilledQuantity + line.cancelledQuantity).toBeLessThanOrEqual(line.quantity);
    expect(line.returnedQuantity).toBeLessThanOrEqual(line.fulfilledQuantity);
  }
  const isOpen = order.lines.some((it) => it.fulfilledQuantity + it.cancelledQuantity < it.quantity);
  const isCancelled = order.lines.every((it) => it.cancelledQuantity === it.quantity);
  expect(order.status === 'cancelled').toBe(isCancelled);
  expect(order.status === 'fulfilled').toBe(!isOpen && !isCancelled);
  if (order.status === 'pending') expect(order.dueMinor).toBeGreaterThan(0);
  if (order.status === 'paid') expect(order.dueMinor).toBe(0);
}

it('any sequence of payments, fulfilments, cancellations, refunds and stock changes stays consistent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const counted = await newProduct(api, { priceMinor: 700 });
      const uncounted = await newProduct(api, {
        ...{ sku: undefined, stock: undefined, priceMinor: 500 },
        variants: [{ stock: 0, tracksStock: false }],
      });
      const { id } = created(
        await api.post('orders', {
          lines: [
            { productId: counted.id, quantity: 3 },
            { productId: uncounted.id, quantity: 2 },
          ],
        }),
      ).body;
      let expected = 7;
      for (const { action, body } of steps) {
        const before = (await api.get(`orders/${id}`)).body;
        const answer =
          action === 'stock'
            ? await api.patch(`products/${counted.id}`, body)
            : await api.post(`orders/${id}/${action}`, body);
        expect([200, 409]).toContain(answer.status);
        const order = (await api.get(`orders/${id}`)).body;
        if (answer.status === 409) expect(order).toEqual(before);
        const events: Event[] = (await api.get(`orders/${id}/events?limit=100`)).body.items;
        assertConsistent(order, events);
        if (answer.status === 200 && 'stock' in body) expected = body.stock;
        if (answer.status === 200 && (action === 'cancel' || action === 'refund')) {
          const last = events.at(-1)!; // the one of this step
          const back = last.lines.find(({ position }) => position === 1)?.quantity ?? 0;
          expected += last.restock === true ? back : 0;
        }
        expect(await stocksOf(counted)).toEqual([expected, expected]);
        expect(await stocksOf(uncounted)).toEqual([0, 0]);
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 120_000);
