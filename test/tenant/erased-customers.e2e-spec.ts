import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { HistoryFile } from '../../src/tenant/transfer/order-history/history-file';
import { OrdersImportService } from '../../src/tenant/transfer/orders-import.service';
import type { Answer } from '../support/api';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { scratchFolder } from '../support/program';
import { firstRow, shopifyOrdersCsv } from '../support/shopify-orders';
import { useTestApp } from '../support/test-app';

const GRACE = { email: 'grace@example.com', name: 'Grace Hopper' };
const ADA = { email: 'ada@example.com', name: 'Ada Lovelace' };

const app = useTestApp();
let owner: Owner;
let productId: string;

beforeEach(async () => {
  owner = await newOwner(app.api, { currency: 'EUR' });
  productId = (await newProduct(owner.api, { stock: 100 })).id;
});

/** Sends with a key, so that the answer is stored. */
function post(route: string, body: object, key: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  return owner.api.raw('POST', route, JSON.stringify(body), headers);
}

const orderBy = (customer: object, key: string) =>
  post('orders', { lines: [{ productId, quantity: 1 }], customer }, key);

/** Tables of the shop with a row that has the words in any column, and the shop's audit log if it has. */
async function tablesWith(words: RegExp): Promise<string[]> {
  const { schema } = new TenantLocator().locate(owner.shop.id);
  const tables = await app.database.query<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1',
    [schema],
  );
  expect(tables.length).toBeGreaterThan(10);
  const found = [];
  for (const { name } of tables) {
    const rows = await app.database.query<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM ${schema}.${name} t`,
    );
    if (rows.some(({ row }) => words.test(row))) found.push(name);
  }
  const audit = await app.database.query<{ row: string }>(
    'SELECT to_jsonb(a)::text AS row FROM audit_log a WHERE shop_id = $1',
    [owner.shop.id],
  );
  return audit.some(({ row }) => words.test(row)) ? [...found, 'audit_log'] : found;
}

/** Imports an order of Grace with addresses and notes, as Shopify exports it. */
async function importOrder(): Promise<void> {
  const file = path.join(scratchFolder(), 'orders.csv');
  writeFileSync(
    file,
    shopifyOrdersCsv([
      firstRow({
        ...{ Email: GRACE.email, 'Shipping Name': GRACE.name, 'Billing Company': 'Hopper & Co.' },
        ...{ Notes: `Call ${GRACE.name}`, 'Note Attributes': `from: ${GRACE.email}` },
      }),
    ]),
  );
  const service = await app.app.get(TenantSession).resolve(OrdersImportService, owner.shop.id);
  const report = await service.import(await HistoryFile.open(file), { mode: 'atomic' });
  expect(report.orders.sale).toBe(1);
}

describe('DELETE /customers/:id', () => {
  it('leaves no word of the person in any table of the shop', async () => {
    const { body: customer } = await post('customers', { ...GRACE, country: 'France' }, 'customer');
    const { body: order } = await orderBy(GRACE, 'order');
    await post(`orders/${order.id}/pay`, { note: `Paid by ${GRACE.name}` }, 'pay');
    await post(`orders/${order.id}/refund`, { amountMinor: 1, reason: `${GRACE.email} asked` }, 'refund');
    await importOrder();
    const words = /grace|hopper/i;
    expect(await tablesWith(words)).toEqual(['customers', 'idempotency_keys', 'order_events', 'orders']);

    expect((await owner.api.delete(`customers/${customer.id}`)).status).toBe(204);
    expect(await tablesWith(words)).toEqual([]);
    const { body } = await owner.api.get('orders');
    expect(body.items.map(({ customerId }: { customerId: null }) => customerId)).toEqual([null, null]);
  });

  it('keeps the keys of the erased answers, so that nothing is done twice, and other answers', async () => {
    const { body: order } = await orderBy(GRACE, 'grace');
    const ada = await orderBy(ADA, 'ada');
    await owner.api.delete(`customers/${order.customerId}`);
    expect(problemIn(await orderBy(GRACE, 'grace'))).toBe('410 IDEMPOTENT_ANSWER_ERASED');
    expect(problemIn(await orderBy(ADA, 'grace'))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    const again = await orderBy(ADA, 'ada');
    expect([again.status, again.body]).toEqual([201, ada.body]);
    expect((await owner.api.get('orders')).body.items).toHaveLength(2);
  });

  it('leaves no word of the person when orders with keys are taken and paid at once', async () => {
    const placed = await Promise.all(Array.from({ length: 10 }, (_, i) => orderBy(GRACE, `order-${i}`)));
    expect(placed.map(({ status }) => status)).toEqual(Array(10).fill(201));
    const { customerId } = placed[0]!.body; // there are ten
    const [erased, ...paid] = await Promise.all([
      owner.api.delete(`customers/${customerId}`),
      ...placed.map(({ body }, i) => post(`orders/${body.id}/pay`, {}, `pay-${i}`)),
    ]);
    expect([erased, ...paid].map(({ status }) => status)).toEqual([204, ...Array<number>(10).fill(200)]);
    expect(await tablesWith(/grace/i)).toEqual([]);
  });
});
