import { readFileSync } from 'node:fs';
import type { Api } from '../support/api';
import { created, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;
let api: Api;

beforeAll(async () => {
  owner = await newOwner(app.api);
  ({ api } = owner);
});

const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

/** An order of three lamps at 1000 and two shades at 500. */
async function newLampOrder() {
  const lamp = await newProduct(api);
  const shade = await newProduct(api, { priceMinor: 500 });
  const lines = [
    { productId: lamp.id, quantity: 3 },
    { productId: shade.id, quantity: 2 },
  ];
  const order = created(await api.post('orders', { lines })).body;
  return { id: order.id as string, lamp, shade, lampId: lamp.variants[0].id, shadeId: shade.variants[0].id };
}

async function act(id: string, action: string, body?: object) {
  const answer = await api.post(`orders/${id}/${action}`, body);
  if (answer.status !== 200)
    throw new Error(`${action}: ${problemIn(answer)} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function tryTo(id: string, action: string, body?: object): Promise<string> {
  return problemIn(await api.post(`orders/${id}/${action}`, body));
}

async function stockOf(product: { id: string }): Promise<number> {
  return (await api.get(`products/${product.id}`)).body.stock;
}

async function eventsOf(id: string) {
  return (await api.get(`orders/${id}/events?limit=100`)).body.items;
}

async function ledgerOf(product: { variants: { id: string }[] }): Promise<string[]> {
  const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
  const rows = await app.database.query<{ text: string }>(
    `SELECT reason || ' ' || change AS text FROM ${schema}.stock_changes
     WHERE variant_id = '${product.variants[0]!.id}' ORDER BY id`,
  );
  return rows.map(({ text }) => text);
}

describe('POST /orders/:id/pay with an amount', () => {
  it('records a part, and the order is paid once nothing is due', async () => {
    const { id } = await newLampOrder();
    expect(await act(id, 'pay', { amountMinor: 1 })).toMatchObject({
      ...{ status: 'pending', paymentStatus: 'partially_paid', paidMinor: 1, dueMinor: 3999 },
    });
    expect(await tryTo(id, 'fulfil')).toBe('409 TRANSITION_REFUSED');
    expect(await tryTo(id, 'pay', { amountMinor: 4000 })).toBe('409 AMOUNT_EXCEEDED');
    expect(await act(id, 'pay', { amountMinor: 999 })).toMatchObject({ paidMinor: 1000, dueMinor: 3000 });
    expect(await act(id, 'pay')).toMatchObject({ status: 'paid', paymentStatus: 'paid', dueMinor: 0 });
    expect(await tryTo(id, 'pay', { amountMinor: 1 })).toBe('409 TRANSITION_REFUSED');
    const amounts = (await eventsOf(id)).map((event: { amountMinor: number }) => event.amountMinor);
    expect(amounts).toEqual([1, 999, 3000]);
  });

  it('takes what an order is worth and no more from twenty at once', async () => {
    const order = await newOrder(api, (await newProduct(api)).id);
    const answers = await twenty(() => api.post(`orders/${order.id}/pay`, { amountMinor: 150 }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(6);
    const refused = answers.filter(({ status }) => status !== 200).map(problemIn);
    expect(refused).toEqual(Array(14).fill('409 AMOUNT_EXCEEDED'));
    expect((await api.get(`orders/${order.id}`)).body).toMatchObject({ paidMinor: 900, dueMinor: 100 });
  });

  it('marks a free order as paid without a payment', async () => {
    const order = await newOrder(api, (await newProduct(api, { priceMinor: 0 })).id);
    expect(order).toMatchObject({ status: 'pending', paymentStatus: 'pending' });
    expect(await act(order.id, 'pay')).toMatchObject({ status: 'paid', paymentStatus: 'paid', paidMinor: 0 });
  });
});

describe('POST /orders/:id/fulfil with lines', () => {
  it('hands over units by variant or position, and the rest without a body', async () => {
    const { id, lampId } = await newLampOrder();
    await act(id, 'pay');
    const first = await act(id, 'fulfil', { lines: [{ variantId: lampId, quantity: 1 }], note: 'parcel 1' });
    expect(first).toMatchObject({ status: 'paid', fulfilmentStatus: 'partial' });
    expect(first.lines).toMatchObject([{ fulfilledQuantity: 1 }, { fulfilledQuantity: 0 }]);
    const second = await act(id, 'fulfil', { lines: [{ position: 2, quantity: 2 }] });
    expect(second.lines).toMatchObject([{ fulfilledQuantity: 1 }, { fulfilledQuantity: 2 }]);
    expect(await act(id, 'fulfil', {})).toMatchObject({ status: 'fulfilled', fulfilmentStatus: 'fulfilled' });
    expect(await eventsOf(id)).toMatchObject([
      { kind: 'payment', amountMinor: 4000, lines: [], restock: null, createdBy: owner.user.id },
      { kind: 'fulfilment', amountMinor: null, lines: [{ position: 1, quantity: 1 }], note: 'parcel 1' },
      { kind: 'fulfilment', lines: [{ position: 2, quantity: 2 }], note: null },
      { kind: 'fulfilment', lines: [{ position: 1, quantity: 2 }] },
    ]);
  });

  it('never hands over more than was ordered', async () => {
    const { id, lampId } = await newLampOrder();
    await act(id, 'pay');
    const answer = await api.post(`orders/${id}/fulfil`, { lines: [{ variantId: lampId, quantity: 4 }] });
    expect(problemIn(answer)).toBe('409 QUANTITY_EXCEEDED');
    expect(answer.body.errors).toEqual([{ position: 1, variantId: lampId, wanted: 4, available: 3 }]);
    const twice = [2, 2].map((quantity) => ({ position: 1, quantity }));
    expect(await tryTo(id, 'fulfil', { lines: twice })).toBe('409 QUANTITY_EXCEEDED');
  });

  it('lets three of twenty hand over the three units of a line', async () => {
    const { id } = await newLampOrder();
    await act(id, 'pay');
    const answers = await twenty(() =>
      api.post(`orders/${id}/fulfil`, { lines: [{ position: 1, quantity: 1 }] }),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    const refused = answers.filter(({ status }) => status !== 200).map(problemIn);
    expect(refused).toEqual(Array(17).fill('409 QUANTITY_EXCEEDED'));
  });
});

describe('POST /orders/:id/cancel with lines', () => {
  it('cancels units, returns their stock and lowers what is due', async () => {
    const { id, lamp, lampId } = await newLampOrder();
    const body = await act(id, 'cancel', { lines: [{ variantId: lampId, quantity: 2 }], reason: 'late' });
    expect(body).toMatchObject({ status: 'pending', totalMinor: 4000, dueMinor: 2000 });
    expect(body.lines).toMatchObject([{ cancelledQuantity: 2 }, { cancelledQuantity: 0 }]);
    expect(await stockOf(lamp)).toBe(9);
    expect(await ledgerOf(lamp)).toEqual(['correction 10', 'sale -3', 'cancel 2']);
    expect(await eventsOf(id)).toMatchObject([{ kind: 'cancellation', restock: true, note: 'late' }]);
    expect(await tryTo(id, 'cancel', { lines: [{ position: 1, quantity: 2 }] })).toBe(
      '409 QUANTITY_EXCEEDED',
    );
    expect(await act(id, 'pay')).toMatchObject({ status: 'paid', paidMinor: 2000, paymentStatus: 'paid' });
  });

  it('keeps the stock away with restock: false', async () => {
    const { id, lamp, shade } = await newLampOrder();
    expect(await act(id, 'cancel', { restock: false })).toMatchObject({ status: 'cancelled', dueMinor: 0 });
    expect([await stockOf(lamp), await stockOf(shade)]).toEqual([7, 8]);
    expect(await eventsOf(id)).toMatchObject([{ kind: 'cancellation', restock: false }]);
  });

  it('ends as fulfilled when the rest was handed over, and as paid when the rest is paid', async () => {
    const [sent, paid] = [await newLampOrder(), await newLampOrder()];
    await act(sent.id, 'pay');
    await act(sent.id, 'fulfil', { lines: [{ position: 1, quantity: 3 }] });
    expect(await act(sent.id, 'cancel')).toMatchObject({
      status: 'fulfilled',
      fulfilmentStatus: 'fulfilled',
    });
    expect([await stockOf(sent.lamp), await stockOf(sent.shade)]).toEqual([7, 10]);
    await act(paid.id, 'pay', { amountMinor: 3000 });
    expect(await act(paid.id, 'cancel', { lines: [{ position: 2, quantity: 2 }] })).toMatchObject({
      ...{ status: 'paid', paymentStatus: 'paid', dueMinor: 0 },
    });
  });

  it('gives back what the order took, whatever the variant does now', async () => {
    const counted = await newProduct(api);
    const order = await newOrder(api, counted.id, 4);
    const uncounted = await newProduct(api, {
      ...{ sku: undefined, stock: undefined },
      variants: [{ stock: 5, tracksStock: false }],
    });
    const other = await newOrder(api, uncounted.id, 4);
    const [a, b] = [counted.variants[0].id, uncounted.variants[0].id];
    await api.patch(`products/${counted.id}`, { variants: [{ id: a, tracksStock: false }] });
    await api.patch(`products/${uncounted.id}`, { variants: [{ id: b, tracksStock: true }] });
    for (const { id } of [order, other]) await act(id, 'cancel');
    await api.patch(`products/${counted.id}`, { variants: [{ id: a, tracksStock: true }] });
    expect([await stockOf(counted), await stockOf(uncounted)]).toEqual([10, 5]);
  });
});

describe('POST /orders/:id/refund', () => {
  it('refunds a part, then the rest', async () => {
    const { id } = await newLampOrder();
    expect(await tryTo(id, 'refund')).toBe('409 TRANSITION_REFUSED');
    await act(id, 'pay');
    expect(await act(id, 'refund', { amountMinor: 1500, reason: 'scratch' })).toMatchObject({
      ...{ status: 'paid', paymentStatus: 'partially_refunded', refundedMinor: 1500, dueMinor: 0 },
    });
    expect(await tryTo(id, 'refund', { amountMinor: 2501 })).toBe('409 AMOUNT_EXCEEDED');
    expect(await act(id, 'refund')).toMatchObject({ paymentStatus: 'refunded', refundedMinor: 4000 });
    expect(await tryTo(id, 'refund', { amountMinor: 1 })).toBe('409 TRANSITION_REFUSED');
    const refunds = (await eventsOf(id)).slice(1);
    expect(refunds).toMatchObject([
      { kind: 'refund', amountMinor: 1500, note: 'scratch', restock: null },
      { kind: 'refund', amountMinor: 2500 },
    ]);
  });

  it('takes back fulfilled units, into stock unless told otherwise', async () => {
    const { id, lamp, shade, lampId, shadeId } = await newLampOrder();
    await act(id, 'pay');
    const lamps = (quantity: number) => ({ amountMinor: 1000, lines: [{ variantId: lampId, quantity }] });
    expect(await tryTo(id, 'refund', lamps(1))).toBe('409 QUANTITY_EXCEEDED'); // not handed over yet
    await act(id, 'fulfil');
    await act(id, 'refund', lamps(2));
    expect(await tryTo(id, 'refund', lamps(2))).toBe('409 QUANTITY_EXCEEDED');
    const lines = [{ variantId: shadeId, quantity: 1 }];
    const body = await act(id, 'refund', { amountMinor: 500, lines, restock: false });
    expect(body.lines).toMatchObject([{ returnedQuantity: 2 }, { returnedQuantity: 1 }]);
    expect([await stockOf(lamp), await stockOf(shade)]).toEqual([9, 8]);
    expect(await ledgerOf(lamp)).toEqual(['correction 10', 'sale -3', 'return 2']);
  });

  it('needs an amount for units that come back, and takes them back without money too', async () => {
    const { id, lamp } = await newLampOrder();
    await act(id, 'pay');
    await act(id, 'fulfil');
    const lines = [{ position: 1, quantity: 1 }];
    const { status, body } = await api.post(`orders/${id}/refund`, { lines });
    expect([status, body.errors]).toMatchObject([400, [{ field: 'amountMinor' }]]);
    expect(await tryTo(id, 'refund', { amountMinor: 0 })).toBe('400 VALIDATION_FAILED');
    const paid = (refundedMinor: number, returnedQuantity: number, paymentStatus: string) => ({
      ...{ refundedMinor, paymentStatus },
      lines: [{ returnedQuantity }, { returnedQuantity: 0 }],
    });
    expect(await act(id, 'refund', { amountMinor: 0, lines })).toMatchObject(paid(0, 1, 'paid'));
    await act(id, 'refund');
    expect(await act(id, 'refund', { amountMinor: 0, lines })).toMatchObject(paid(4000, 2, 'refunded'));
    expect(await tryTo(id, 'refund', { amountMinor: 1, lines })).toBe('409 TRANSITION_REFUSED');
    expect(await stockOf(lamp)).toBe(9);
    const refunds = (await eventsOf(id)).slice(2);
    expect(refunds).toMatchObject([
      { kind: 'refund', amountMinor: null, lines, restock: true },
      { kind: 'refund', amountMinor: 4000, lines: [] },
      { kind: 'refund', amountMinor: null, lines, restock: true },
    ]);
  });

  it('says what is missing when it is refused, and what comes first', async () => {
    const { id } = await newLampOrder();
    const { body } = await api.post(`orders/${id}/fulfil`);
    expect([body.code, body.detail]).toEqual([
      'TRANSITION_REFUSED',
      expect.stringContaining('payment first'),
    ]);
    await act(id, 'pay');
    await act(id, 'fulfil');
    await act(id, 'refund');
    const refused = await api.post(`orders/${id}/refund`);
    expect(refused.body.detail).toContain('All that was paid has been refunded');
  });

  it('refunds no more than was paid in twenty at once', async () => {
    const { id } = await newLampOrder();
    await act(id, 'pay', { amountMinor: 1000 });
    await act(id, 'cancel');
    const answers = await twenty(() => api.post(`orders/${id}/refund`, { amountMinor: 150 }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(6);
    expect((await api.get(`orders/${id}`)).body).toMatchObject({ refundedMinor: 900, status: 'cancelled' });
  });
});

it('the example of docs/api.md is answered as its comments say', async () => {
  const page = readFileSync('docs/api.md', 'utf8');
  const calls = [...page.matchAll(/^post (?:''|\/\$ID\/(\w+))(?: '(.+?)')? +# (.*)$/gm)];
  expect(calls).toHaveLength(9);
  const [lamp, shade] = [await newProduct(api), await newProduct(api, { priceMinor: 700 })];
  let id = '';
  for (const [, action, sent, says] of calls) {
    const json = sent?.replace('<lamp>', lamp.variants[0].id).replace('<shade>', shade.variants[0].id);
    const path = action === undefined ? 'orders' : `orders/${id}/${action}`;
    const { status, body } = await api.post(path, json === undefined ? undefined : JSON.parse(json));
    id = action === undefined ? body.id : id;
    const expected = Number(/^\d{3}/.exec(says!)?.[0] ?? (action === undefined ? 201 : 200)); // the group always matches
    expect([says, status]).toEqual([says, expected]);
  }
  const events = (await eventsOf(id)).map(({ kind }: { kind: string }) => kind);
  expect(events.join(' ')).toBe('payment payment fulfilment cancellation refund fulfilment refund');
  expect((await api.get(`orders/${id}`)).body).toMatchObject({
    ...{ status: 'fulfilled', paymentStatus: 'partially_refunded', paidMinor: 4400, refundedMinor: 1700 },
    lines: [{ returnedQuantity: 1 }, { cancelledQuantity: 1, fulfilledQuantity: 1 }],
  });
});

describe('bodies of what is done to an order', () => {
  const unit = { position: 1, quantity: 1 };
  it.each<[string, object, string]>([
    ['pay', { amountMinor: 0 }, '400 VALIDATION_FAILED'],
    ['pay', { amount: 1 }, '400 VALIDATION_FAILED'],
    ['fulfil', { amountMinor: 1 }, '400 VALIDATION_FAILED'],
    ['fulfil', { lines: [] }, '400 VALIDATION_FAILED'],
    ['fulfil', { lines: [{ quantity: 1 }] }, '400 VALIDATION_FAILED'],
    [
      'fulfil',
      { lines: [{ ...unit, variantId: '01900000-0000-7000-8000-000000000000' }] },
      '400 VALIDATION_FAILED',
    ],
    ['fulfil', { lines: [{ ...unit, position: 3 }] }, '404 ORDER_LINE_NOT_FOUND'],
    ['cancel', { restock: 'no' }, '400 VALIDATION_FAILED'],
    ['cancel', { lines: [{ ...unit, restock: true }] }, '400 VALIDATION_FAILED'],
    ['refund', { amountMinor: 1.5 }, '400 VALIDATION_FAILED'],
    ['refund', { note: 'x' }, '400 VALIDATION_FAILED'],
  ])('%s refuses %j, and nothing changes', async (action, body, problem) => {
    const { id } = await newLampOrder();
    await act(id, 'pay');
    const before = (await api.get(`orders/${id}`)).body;
    expect(await tryTo(id, action, body)).toBe(problem);
    expect((await api.get(`orders/${id}`)).body).toEqual(before);
  });
});

describe('events of an order', () => {
  it('are listed by pages, oldest first', async () => {
    const { id } = await newLampOrder();
    for (const amountMinor of [1, 2, 3]) await act(id, 'pay', { amountMinor });
    const { body: first } = await api.get(`orders/${id}/events?limit=2`);
    const { body: second } = await api.get(`orders/${id}/events?limit=2&cursor=${first.nextCursor}`);
    const amounts = [...first.items, ...second.items].map(({ amountMinor }) => amountMinor);
    expect([amounts, second.nextCursor]).toEqual([[1, 2, 3], null]);
    expect(problemIn(await api.get(`orders/${id}/events?cursor=1`))).toBe('400 INVALID_CURSOR');
  });

  it('add up to the amounts and units of the order after twenty actions at once', async () => {
    const { id, lamp } = await newLampOrder();
    await act(id, 'pay');
    await twenty(async (i) => {
      const lines = [{ position: 1 + (i % 2), quantity: 1 }];
      if (i % 3 === 0) return api.post(`orders/${id}/fulfil`, { lines });
      if (i % 3 === 1) return api.post(`orders/${id}/cancel`, { lines, restock: i % 2 === 0 });
      return api.post(`orders/${id}/refund`, { amountMinor: 300 + i, ...(i > 10 ? { lines } : {}) });
    });
    const { body: order } = await api.get(`orders/${id}`);
    const events: { kind: string; amountMinor: number; lines: { position: number; quantity: number }[] }[] =
      await eventsOf(id);
    const money = (kind: string) =>
      events.filter((it) => it.kind === kind).reduce((sum, it) => sum + it.amountMinor, 0);
    const units = (kind: string, position: number) =>
      events
        .filter((it) => it.kind === kind)
        .flatMap(({ lines }) => lines)
        .filter((line) => line.position === position)
        .reduce((sum, { quantity }) => sum + quantity, 0);
    expect([order.paidMinor, order.refundedMinor]).toEqual([money('payment'), money('refund')]);
    expect(order.refundedMinor).toBeLessThanOrEqual(4000);
    for (const { position, ...line } of order.lines) {
      expect(line.fulfilledQuantity).toBe(units('fulfilment', position));
      expect(line.cancelledQuantity).toBe(units('cancellation', position));
      expect(line.returnedQuantity).toBe(units('refund', position));
      expect(line.fulfilledQuantity + line.cancelledQuantity).toBeLessThanOrEqual(line.quantity);
    }
    const changes = (await ledgerOf(lamp)).map((text) => Number(text.split(' ')[1]));
    expect(changes.reduce((sum, change) => sum + change, 0)).toBe(await stockOf(lamp));
  });
});
