import type { Answer, Api } from '../support/api';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

type Action = 'pay' | 'fulfil' | 'cancel';

/** The transitions that lead to each status. */
const WAYS: Record<string, Action[]> = {
  pending: [],
  paid: ['pay'],
  fulfilled: ['pay', 'fulfil'],
  cancelled: ['cancel'],
};

/** Fields of an order of one unit at 1000 that change on the way to each status. */
const line = (fields: object) => [expect.objectContaining(fields)];
const PAID = { paymentStatus: 'paid', paidMinor: 1000, dueMinor: 0 };
const STATES: Record<string, object> = {
  paid: { ...PAID, fulfilmentStatus: 'unfulfilled', lines: line({ fulfilledQuantity: 0 }) },
  fulfilled: { ...PAID, fulfilmentStatus: 'fulfilled', lines: line({ fulfilledQuantity: 1 }) },
  cancelled: { dueMinor: 0, fulfilmentStatus: 'unfulfilled', lines: line({ cancelledQuantity: 1 }) },
};

const app = useTestApp();
let api: Api;

beforeAll(async () => {
  ({ api } = await newOwner(app.api));
});

const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

function act(orderId: string, action: Action): Promise<Answer> {
  return api.post(`orders/${orderId}/${action}`);
}

async function newOrderIn(status: string, productId: string, quantity = 1) {
  const order = await newOrder(api, productId, quantity);
  for (const action of WAYS[status]!) await act(order.id, action); // the table has every status
  return order;
}

async function stockOf(productId: string): Promise<number> {
  return (await api.get(`products/${productId}`)).body.stock;
}

async function statusOf(orderId: string): Promise<string> {
  return (await api.get(`orders/${orderId}`)).body.status;
}

describe('POST /orders/:id/pay, /fulfil and /cancel', () => {
  it.each<[Action, string, string]>([
    ['pay', 'pending', 'paid'],
    ['cancel', 'pending', 'cancelled'],
    ['fulfil', 'paid', 'fulfilled'],
    ['cancel', 'paid', 'cancelled'],
  ])('lets a shop %s an order that is %s, which is then %s', async (action, from, to) => {
    const { id: productId } = await newProduct(api);
    const { id } = await newOrderIn(from, productId);
    const order = (await api.get(`orders/${id}`)).body;
    const { status, body } = await act(order.id, action);
    expect(status).toBe(200);
    const overpaidMinor = to === 'cancelled' ? order.paidMinor : 0;
    expect(body).toEqual({
      ...order,
      ...STATES[to],
      overpaidMinor,
      status: to,
      updatedAt: expect.any(String),
    });
    expect(Date.parse(body.updatedAt)).toBeGreaterThan(Date.parse(order.updatedAt));
    expect((await api.get(`orders/${order.id}`)).body).toEqual(body);
  });

  it.each<[Action, string]>([
    ['fulfil', 'pending'],
    ['pay', 'paid'],
    ['pay', 'fulfilled'],
    ['fulfil', 'fulfilled'],
    ['cancel', 'fulfilled'],
    ['pay', 'cancelled'],
    ['fulfil', 'cancelled'],
    ['cancel', 'cancelled'],
  ])('refuses to %s an order that is %s', async (action, from) => {
    const { id: productId } = await newProduct(api);
    const { id } = await newOrderIn(from, productId);
    const before = await stockOf(productId);
    expect(problemIn(await act(id, action))).toBe('409 TRANSITION_REFUSED');
    expect([await statusOf(id), await stockOf(productId)]).toEqual([from, before]);
  });

  it.each<Action>(['pay', 'fulfil', 'cancel'])('refuses to %s an unknown order', async (action) => {
    expect(problemIn(await act('00000000-0000-7000-8000-000000000000', action))).toBe('404 ORDER_NOT_FOUND');
    expect(problemIn(await act('1', action))).toBe('400 VALIDATION_FAILED');
  });

  it.each<[Action, string]>([
    ['pay', 'pending'],
    ['fulfil', 'paid'],
  ])('lets one of twenty %s an order at once', async (action, from) => {
    const { id } = await newOrderIn(from, (await newProduct(api)).id);
    const answers = await twenty(() => act(id, action));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200).map(problemIn);
    expect(refused).toEqual(Array(19).fill('409 TRANSITION_REFUSED'));
  });
});

describe('POST /orders/:id/cancel', () => {
  it.each(['pending', 'paid'])('returns the stock of an order that is %s', async (status) => {
    const product = await newProduct(api);
    const { id } = await newOrderIn(status, product.id, 4);
    expect(await stockOf(product.id)).toBe(6);
    await act(id, 'cancel');
    expect(await stockOf(product.id)).toBe(10);
  });

  it('returns the stock of every line', async () => {
    const products = [await newProduct(api), await newProduct(api)];
    const lines = products.map(({ id }, i) => ({ productId: id, quantity: i + 1 }));
    const { body } = await api.post('orders', { lines: [...lines, lines[0]] });
    expect(await Promise.all(products.map(({ id }) => stockOf(id)))).toEqual([8, 8]);
    await act(body.id, 'cancel');
    expect(await Promise.all(products.map(({ id }) => stockOf(id)))).toEqual([10, 10]);
  });

  it('returns stock once when twenty requests cancel at once', async () => {
    const product = await newProduct(api);
    const { id } = await newOrder(api, product.id, 4);
    const answers = await twenty(() => act(id, 'cancel'));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200).map(problemIn);
    expect(refused).toEqual(Array(19).fill('409 TRANSITION_REFUSED'));
    expect(await stockOf(product.id)).toBe(10);
  });

  it('loses no stock when twenty orders of two products are cancelled and twenty placed at once', async () => {
    const products = [await newProduct(api, { stock: 50 }), await newProduct(api, { stock: 50 })];
    const lines = products.map(({ id }) => ({ productId: id, quantity: 1 }));
    const order = (i: number) => api.post('orders', { lines: i % 2 === 0 ? lines : lines.toReversed() });
    const made = await twenty(order);
    const statuses = await twenty(async (i) => {
      const [sold, cancelled] = await Promise.all([order(i), act(made[i]!.body.id, 'cancel')]);
      return [sold.status, cancelled.status];
    });
    expect(statuses).toEqual(Array(20).fill([201, 200]));
    expect(await Promise.all(products.map(({ id }) => stockOf(id)))).toEqual([30, 30]);
  });

  it('cancels an order whose product was removed', async () => {
    const [gone, kept] = [await newProduct(api), await newProduct(api)];
    const lines = [gone, kept].map(({ id }) => ({ productId: id, quantity: 3 }));
    const { body: order } = await api.post('orders', { lines });
    await api.delete(`products/${gone.id}`);
    const { status, body } = await act(order.id, 'cancel');
    expect(status).toBe(200);
    expect(body.lines).toMatchObject([
      { productId: gone.id, variantId: null },
      { productId: kept.id, quantity: 3 },
    ]);
    expect(await stockOf(kept.id)).toBe(10);
  });

  it('cancels an order whose only product was removed', async () => {
    const product = await newProduct(api);
    const { id } = await newOrder(api, product.id);
    await api.delete(`products/${product.id}`);
    expect(await act(id, 'cancel')).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  });

  it('has one outcome when an order is cancelled and its product removed at once', async () => {
    const answers = await twenty(async () => {
      const product = await newProduct(api);
      const { id } = await newOrder(api, product.id);
      const [cancelled, removed] = await Promise.all([
        act(id, 'cancel'),
        api.delete(`products/${product.id}`),
      ]);
      return [cancelled.status, removed.status, await statusOf(id)];
    });
    expect(answers).toEqual(Array(20).fill([200, 204, 'cancelled']));
  });

  it('ends cancelled, with the stock back, when an order is paid and cancelled at once', async () => {
    const product = await newProduct(api, { stock: 20 });
    const orders = await twenty(() => newOrder(api, product.id));
    const paid = await Promise.all(
      orders.map(async ({ id }) => {
        const [pay, cancel] = await Promise.all([act(id, 'pay'), act(id, 'cancel')]);
        expect([cancel.status, await statusOf(id)]).toEqual([200, 'cancelled']);
        return pay;
      }),
    );
    for (const pay of paid.filter(({ status }) => status !== 200))
      expect(problemIn(pay)).toBe('409 TRANSITION_REFUSED'); // cancelled first
    expect(await stockOf(product.id)).toBe(20);
  });

  it('has one outcome when an order is fulfilled and cancelled at once', async () => {
    const product = await newProduct(api, { stock: 20 });
    const orders = await twenty(() => newOrderIn('paid', product.id));
    const ends = await Promise.all(
      orders.map(async ({ id }) => {
        const [fulfil, cancel] = await Promise.all([act(id, 'fulfil'), act(id, 'cancel')]);
        const status = await statusOf(id);
        expect([fulfil.status, cancel.status]).toEqual(status === 'fulfilled' ? [200, 409] : [409, 200]);
        return status;
      }),
    );
    expect(await stockOf(product.id)).toBe(ends.filter((status) => status === 'cancelled').length);
  });
});

describe('returned stock', () => {
  it('may exceed the limit for input, and is counted exactly', async () => {
    const { api } = await newOwner(app.api);
    const { id } = await newProduct(api, { stock: 1_000_000_000, priceMinor: 0 });
    const orders = [];
    for (let round = 0; round < 2; round++) {
      const lines = Array.from({ length: 100 }, () => ({ productId: id, quantity: 100_000 }));
      for (let i = 0; i < 60; i++) orders.push((await api.post('orders', { lines })).body);
      await api.patch(`products/${id}`, { stock: 1_000_000_000 });
    }
    for (const order of orders) expect((await api.post(`orders/${order.id}/cancel`)).status).toBe(200);
    expect((await api.get(`products/${id}`)).body.stock).toBe(1_000_000_000 + 120 * 10_000_000);
  });
});
