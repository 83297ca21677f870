import { FillOrderStates1796100002000 } from '../../migrations/tenant/1796100002000-fill-order-states';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;
let schema: string;

beforeEach(async () => {
  owner = await newOwner(app.api);
  schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
});

/** Sends the statements of a backfill for all rows at once. */
async function fill(): Promise<void> {
  const statements: string[] = [];
  const runner = { query: (sql: string) => Promise.resolve(statements.push(sql)) };
  await new FillOrderStates1796100002000().up(runner as never);
  for (const sql of statements)
    await app.database.query(`SET search_path TO ${schema}; ${sql.replaceAll('{batch}', 'true')}`);
}

/** An order of two units at 1000, as a program from before its states leaves it. */
async function oldOrder(status: string, externalNumber: string | null = null): Promise<string> {
  const { id } = await newOrder(owner.api, (await newProduct(owner.api)).id, 2);
  await app.database.query(
    `UPDATE ${schema}.orders SET status = '${status}', external_number = ${externalNumber ?? 'NULL'} WHERE id = '${id}'`,
  );
  return id as string;
}

it.each([
  ['pending', 0, 0, 0, 'pending', 'unfulfilled'],
  ['paid', 2000, 0, 0, 'paid', 'unfulfilled'],
  ['fulfilled', 2000, 2, 0, 'paid', 'fulfilled'],
  ['cancelled', 0, 0, 2, 'pending', 'unfulfilled'],
])(
  'an old order that is %s has amounts and units',
  async (status, paid, sent, cancelled, payment, fulfilment) => {
    const id = await oldOrder(status);
    await fill();
    await fill(); // a repetition changes nothing
    expect((await owner.api.get(`orders/${id}`)).body).toMatchObject({
      ...{ status, paidMinor: paid, paymentStatus: payment, fulfilmentStatus: fulfilment },
      lines: [{ fulfilledQuantity: sent, cancelledQuantity: cancelled }],
    });
    const { items } = (await owner.api.get(`orders/${id}/events`)).body;
    expect(items).toMatchObject(paid === 0 ? [] : [{ kind: 'payment', amountMinor: 2000, createdBy: null }]);
  },
);

it('a return of an old imported order puts nothing into stock, one of an old sale does', async () => {
  const [imported, sold] = [await oldOrder('fulfilled', '7'), await oldOrder('fulfilled')];
  await fill();
  for (const [id, stock] of [
    [imported, 8],
    [sold, 10],
  ] as const) {
    const lines = [{ position: 1, quantity: 2 }];
    const { body } = await owner.api.post(`orders/${id}/refund`, { lines, amountMinor: 0 });
    expect((await owner.api.get(`products/${body.lines[0].productId}`)).body.stock).toBe(stock);
  }
});
