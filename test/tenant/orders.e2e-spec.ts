import type { Api } from '../support/api';
import { liftLimits, newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { faultsOf } from '../support/schema-check';
import { useTestApp } from '../support/test-app';

const MISSING = '00000000-0000-7000-8000-000000000000';

const app = useTestApp();
let api: Api;

beforeAll(async () => {
  const owner = await newOwner(app.api);
  await liftLimits(app.database, owner); // some tests send many requests at once
  ({ api } = owner);
});

/** A product in sizes S (1000) and M (1200), four of each. */
function newShirt() {
  const size = (Size: string, priceMinor: number) => ({ optionValues: { Size }, priceMinor, stock: 4 });
  const variants = [size('S', 1000), size('M', 1200)];
  return newProduct(api, { sku: undefined, priceMinor: undefined, stock: undefined, variants });
}

async function stockOf(productId: string): Promise<number> {
  return (await api.get(`products/${productId}`)).body.stock;
}

describe('POST /orders', () => {
  it('sells a product by its id', async () => {
    const owner = await newOwner(app.api, { currency: 'EUR' });
    const product = await newProduct(owner.api, { name: 'Tee', sku: 'TEE', priceMinor: 1999 });
    const { status, body } = await owner.api.post('orders', {
      lines: [{ productId: product.id, quantity: 3 }],
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      number: 1,
      status: 'pending',
      currency: 'EUR',
      totalMinor: 5997,
      ...{ paymentStatus: 'pending', fulfilmentStatus: 'unfulfilled' },
      ...{ paidMinor: 0, refundedMinor: 0, dueMinor: 5997 },
      customer: null,
      createdBy: owner.user.id,
    });
    expect(body.lines).toEqual([
      {
        position: 1,
        productId: product.id,
        variantId: product.variants[0].id,
        sku: 'TEE',
        name: 'Tee',
        optionValues: {},
        priceMinor: 1999,
        quantity: 3,
        discountMinor: 0,
        totalMinor: 5997,
        fulfilledQuantity: 0,
        cancelledQuantity: 0,
        returnedQuantity: 0,
      },
    ]);
    expect((await owner.api.get(`products/${product.id}`)).body.stock).toBe(7);
  });

  it('sells a variant by its id', async () => {
    const shirt = await newShirt();
    const [small, medium] = shirt.variants;
    const { status, body } = await api.post('orders', { lines: [{ variantId: medium.id, quantity: 2 }] });
    expect(status).toBe(201);
    const line = { productId: shirt.id, variantId: medium.id, optionValues: { Size: 'M' } };
    expect(body.lines).toMatchObject([{ ...line, priceMinor: 1200, quantity: 2, totalMinor: 2400 }]);
    const { body: after } = await api.get(`products/${shirt.id}`);
    expect(after.variants).toEqual([small, { ...medium, stock: 2 }]);
  });

  it('adds up several lines in the order given', async () => {
    const [shirt, tee] = [await newShirt(), await newProduct(api, { priceMinor: 333 })];
    const { body } = await api.post('orders', {
      lines: [
        { variantId: shirt.variants[1].id, quantity: 1 },
        { productId: tee.id, quantity: 3 },
        { variantId: shirt.variants[0].id, quantity: 2 },
      ],
    });
    expect(body.lines.map(({ totalMinor }: { totalMinor: number }) => totalMinor)).toEqual([1200, 999, 2000]);
    expect(body.totalMinor).toBe(4199);
  });

  it('counts exactly beyond 32 bits', async () => {
    const { id } = await newProduct(api, { priceMinor: 100_000_000_000, stock: 90_000 });
    expect(await newOrder(api, id, 90_000)).toMatchObject({ totalMinor: 9_000_000_000_000_000 });
  });

  it('adds up lines for the same variant', async () => {
    const { id, variants } = await newProduct(api, { priceMinor: 100, stock: 10 });
    const lines = [
      { productId: id, quantity: 2 },
      { variantId: variants[0].id, quantity: 3 },
    ];
    const { status, body } = await api.post('orders', { lines });
    expect(status).toBe(201);
    expect(body).toMatchObject({ totalMinor: 500, lines: [{ quantity: 5, totalMinor: 500 }] });
    expect(await stockOf(id)).toBe(5);
  });

  it('refuses lines for the same variant that are short only together', async () => {
    const { id } = await newProduct(api, { stock: 5 });
    const lines = [3, 3].map((quantity) => ({ productId: id, quantity }));
    expect(problemIn(await api.post('orders', { lines }))).toBe('409 INSUFFICIENT_STOCK');
    expect(await stockOf(id)).toBe(5);
  });

  it('accepts ids in capitals', async () => {
    const { id, variants } = await newProduct(api, { stock: 5 });
    const lines = [
      { productId: id.toUpperCase(), quantity: 1 },
      { variantId: variants[0].id.toUpperCase(), quantity: 1 },
    ];
    expect(await api.post('orders', { lines })).toMatchObject({
      status: 201,
      body: { lines: [{ quantity: 2 }] },
    });
    expect(await stockOf(id)).toBe(3);
  });

  it('keeps the buyer', async () => {
    const { id } = await newProduct(api);
    const customer = { email: 'Grace@Example.com', name: 'Grace Hopper' };
    const { body } = await api.post('orders', { lines: [{ productId: id, quantity: 1 }], customer });
    expect(body.customer).toEqual({ email: 'grace@example.com', name: 'Grace Hopper' });
  });

  it('does not need the name of the buyer', async () => {
    const { id } = await newProduct(api);
    const customer = { email: 'nameless@example.com' };
    const { body } = await api.post('orders', { lines: [{ productId: id, quantity: 1 }], customer });
    expect(body.customer).toEqual({ email: 'nameless@example.com', name: null });
  });

  it('keeps name, SKU and price of the time of sale', async () => {
    const product = await newProduct(api);
    const order = await newOrder(api, product.id);
    await api.patch(`products/${product.id}`, { name: 'Renamed', sku: null, priceMinor: 1, currency: 'JPY' });
    expect((await api.get(`orders/${order.id}`)).body).toEqual(order);
  });

  it('outlives the product', async () => {
    const product = await newProduct(api);
    const order = await newOrder(api, product.id);
    await api.delete(`products/${product.id}`);
    const lines = [{ ...order.lines[0], variantId: null }];
    expect((await api.get(`orders/${order.id}`)).body).toEqual({ ...order, lines });
  });

  it('counts from 1 in each shop', async () => {
    const shops = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    for (const owner of shops) {
      const { id } = await newProduct(owner.api);
      for (const number of [1, 2, 3]) expect(await newOrder(owner.api, id)).toMatchObject({ number });
    }
  });

  it('sells no unit twice to fifty simultaneous buyers', async () => {
    const shop = await newOwner(app.api);
    const { id } = await newProduct(shop.api, { stock: 10 });
    const buy = () => shop.api.post('orders', { lines: [{ productId: id, quantity: 1 }] });
    const answers = await Promise.all(Array.from({ length: 50 }, buy));
    const sold = answers.filter(({ status }) => status === 201).map(({ body }) => body.number as number);
    expect(sold.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const refused = answers.filter(({ status }) => status !== 201).map(problemIn);
    expect(refused).toEqual(Array(40).fill('409 INSUFFICIENT_STOCK'));
    expect((await shop.api.get(`products/${id}`)).body.stock).toBe(0);
    await shop.api.patch(`products/${id}`, { stock: 1 });
    expect((await buy()).body.number).toBe(11); // the refused ones took no number
  });

  it('answers twenty orders for two products in opposite order', async () => {
    const [a, b] = [await newProduct(api, { stock: 30 }), await newProduct(api, { stock: 30 })];
    const lines = [a, b].map(({ id }) => ({ productId: id, quantity: 1 }));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        api.post('orders', { lines: i % 2 === 0 ? lines : lines.toReversed() }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect([await stockOf(a.id), await stockOf(b.id)]).toEqual([10, 10]);
  });

  it('sells or refuses while the product is removed', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { id, variants } = await newShirt();
        const lines = variants.map((variant: { id: string }) => ({ variantId: variant.id, quantity: 1 }));
        const [removed, ...sales] = await Promise.all([
          api.delete(`products/${id}`),
          api.post('orders', { lines }),
          api.post('orders', { lines: lines.toReversed() }),
        ]);
        expect(removed.status).toBe(204);
        return sales.map((sale) => (sale.status === 201 ? 'sold' : problemIn(sale)));
      }),
    );
    const others = outcomes.flat().filter((outcome) => !['sold', '404 VARIANT_NOT_FOUND'].includes(outcome));
    expect(others).toEqual([]);
  });

  it('reports the product as missing, not a variant that nobody named, when it is removed while twenty order it', async () => {
    const { id } = await newProduct(api, { stock: 20 });
    const buy = () => api.post('orders', { lines: [{ productId: id, quantity: 1 }] });
    const buyers = Array.from({ length: 20 }, buy);
    const [removed, ...sales] = await Promise.all([api.delete(`products/${id}`), ...buyers]);
    expect(removed.status).toBe(204);
    for (const refused of sales.filter(({ status }) => status !== 201))
      expect(problemIn(refused)).toBe('404 PRODUCT_NOT_FOUND');
  });

  it('changes nothing when one of two lines is short', async () => {
    const [plenty, short] = [await newProduct(api, { stock: 10 }), await newProduct(api, { stock: 1 })];
    const lines = [plenty, short].map(({ id }) => ({ productId: id, quantity: 2 }));
    const { body: before } = await api.get('orders');
    const answer = await api.post('orders', { lines });
    expect(problemIn(answer)).toBe('409 INSUFFICIENT_STOCK');
    expect([await stockOf(plenty.id), await stockOf(short.id)]).toEqual([10, 1]);
    expect((await api.get('orders')).body).toEqual(before);
  });

  it('says what is short', async () => {
    const [a, b] = [await newProduct(api, { stock: 0 }), await newProduct(api, { stock: 1 })];
    const lines = [a, b].map(({ id }) => ({ productId: id, quantity: 2 }));
    const { body } = await api.post('orders', { lines });
    expect(body.errors).toEqual([
      { productId: a.id, variantId: a.variants[0].id, wanted: 2, available: 0 },
      { productId: b.id, variantId: b.variants[0].id, wanted: 2, available: 1 },
    ]);
  });

  it.each(['draft', 'archived'])('refuses a product that is %s', async (status) => {
    const { id } = await newProduct(api, { status });
    const answer = await api.post('orders', { lines: [{ productId: id, quantity: 1 }] });
    expect(problemIn(answer)).toBe('409 PRODUCT_NOT_FOR_SALE');
    expect(await stockOf(id)).toBe(10);
  });

  it('refuses lines in two currencies', async () => {
    const products = [await newProduct(api, { currency: 'EUR' }), await newProduct(api, { currency: 'JPY' })];
    const answer = await api.post('orders', {
      lines: products.map(({ id }) => ({ productId: id, quantity: 1 })),
    });
    expect(problemIn(answer)).toBe('409 MIXED_CURRENCIES');
    expect(await Promise.all(products.map(({ id }) => stockOf(id)))).toEqual([10, 10]);
  });

  it('refuses the id of a product with several variants', async () => {
    const { id } = await newShirt();
    const answer = await api.post('orders', { lines: [{ productId: id, quantity: 1 }] });
    expect(problemIn(answer)).toBe('400 VARIANT_REQUIRED');
  });

  it('adds up lines for one variant to one that fits the documented answer, and whose units can be named', async () => {
    const quantity = 100_000;
    const { id } = await newProduct(api, { priceMinor: 1, stock: 2 * quantity });
    const lines = [
      { productId: id, quantity },
      { productId: id, quantity },
    ];
    const { body: order } = await api.post('orders', { lines });
    expect(order.lines).toMatchObject([{ quantity: 2 * quantity }]);
    await api.post(`orders/${order.id}/pay`);
    const units = { lines: [{ position: 1, quantity: 2 * quantity }] };
    const { body } = await api.post(`orders/${order.id}/fulfil`, units);
    expect(body).toMatchObject({ status: 'fulfilled', lines: [{ fulfilledQuantity: 2 * quantity }] });
    const { schemas } = (await api.get('/openapi.json')).body.components;
    const { items } = (await api.get(`orders/${order.id}/events`)).body;
    expect(faultsOf(body, schemas.OrderDto, schemas)).toEqual([]);
    for (const event of items) expect(faultsOf(event, schemas.OrderEventDto, schemas)).toEqual([]);
  });

  it('refuses a total that cannot be counted exactly', async () => {
    const { id } = await newProduct(api, { priceMinor: 100_000_000_000, stock: 100_000 });
    const answer = await api.post('orders', { lines: [{ productId: id, quantity: 100_000 }] });
    expect(problemIn(answer)).toBe('422 ORDER_TOO_LARGE');
    expect(await stockOf(id)).toBe(100_000);
  });

  it('refuses a total that cannot be counted exactly, over several lines', async () => {
    const large = { priceMinor: 100_000_000_000, stock: 60_000 };
    const products = [await newProduct(api, large), await newProduct(api, large)];
    const lines = products.map(({ id }) => ({ productId: id, quantity: 60_000 }));
    expect(problemIn(await api.post('orders', { lines }))).toBe('422 ORDER_TOO_LARGE');
  });

  it.each([
    ['productId', '404 PRODUCT_NOT_FOUND'],
    ['variantId', '404 VARIANT_NOT_FOUND'],
  ])('refuses an unknown %s, and changes nothing', async (field, problem) => {
    const { id } = await newProduct(api);
    const lines = [
      { productId: id, quantity: 1 },
      { [field]: MISSING, quantity: 1 },
    ];
    expect(problemIn(await api.post('orders', { lines }))).toBe(problem);
    expect(await stockOf(id)).toBe(10);
  });

  const line = { variantId: MISSING, quantity: 1 };
  it.each<[string, unknown]>([
    ['no lines', undefined],
    ['an empty list of lines', []],
    ['more than 100 lines', Array(101).fill(line)],
    ['a line that is not an object', ['tee']],
    ['a line of null', [null]],
    ['a line that is a list', [[line]]],
    ['both productId and variantId', [{ ...line, productId: MISSING }]],
    ['neither productId nor variantId', [{ quantity: 1 }]],
    ['an id that is not a UUID', [{ ...line, variantId: '1' }]],
    ['an id of null', [{ ...line, variantId: null }]],
    ['no quantity', [{ variantId: MISSING }]],
    ['a quantity of none', [{ ...line, quantity: 0 }]],
    ['a negative quantity', [{ ...line, quantity: -1 }]],
    ['a fractional quantity', [{ ...line, quantity: 1.5 }]],
    ['a quantity as text', [{ ...line, quantity: '1' }]],
    ['a quantity beyond the largest', [{ ...line, quantity: 100_001 }]],
    ['a price of the client', [{ ...line, priceMinor: 1 }]],
  ])('refuses %s', async (_, lines) => {
    expect(problemIn(await api.post('orders', { lines }))).toBe('400 VALIDATION_FAILED');
  });

  it.each<[string, object]>([
    ['a customer without address and name', { customer: {} }],
    ['a customer whose name is null and who has no address', { customer: { name: null } }],
    ['a customer with a bad address', { customer: { email: 'grace' } }],
    ['a customer that is not an object', { customer: 'grace@example.com' }],
    ['a customer that is a list', { customer: [{ email: 'grace@example.com' }] }],
    ['a number of the client', { number: 7 }],
    ['a status of the client', { status: 'paid' }],
  ])('refuses %s', async (_, wrong) => {
    const { id } = await newProduct(api);
    const answer = await api.post('orders', { lines: [{ productId: id, quantity: 1 }], ...wrong });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });
});

describe('GET /orders', () => {
  interface Listed {
    numbers: number[];
    nextCursor: string | null;
  }
  async function page(shop: Api, query: string): Promise<Listed> {
    const { status, body } = await shop.get(`orders${query}`);
    expect(status).toBe(200);
    return {
      numbers: body.items.map(({ number }: { number: number }) => number),
      nextCursor: body.nextCursor,
    };
  }
  const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => from - i);

  it('is an empty last page in a new shop', async () => {
    const shop = await newOwner(app.api);
    expect(await page(shop.api, '')).toEqual({ numbers: [], nextCursor: null });
  });

  it('shows orders as they are shown alone', async () => {
    const shop = await newOwner(app.api);
    const product = await newProduct(shop.api);
    const [first, second] = [await newOrder(shop.api, product.id), await newOrder(shop.api, product.id, 2)];
    expect((await shop.api.get('orders')).body.items).toEqual([second, first]);
  });

  it('shows every field of lines as they are shown alone, in the order given', async () => {
    const shop = await newOwner(app.api);
    const odd = '"quoted" \\ 日本 🍵';
    const options = (Size: string) => ({ optionValues: { Size, [odd]: odd }, stock: 90_000 });
    const shirt = await newProduct(shop.api, {
      ...{ name: odd, sku: undefined, stock: undefined, priceMinor: 100_000_000_000 },
      variants: [options('S'), options('M'), { ...options('L'), sku: odd, priceMinor: 0 }],
    });
    const [small, medium, large] = shirt.variants as { id: string }[];
    const lines = [
      { variantId: small!.id, quantity: 90_000 },
      { variantId: large!.id, quantity: 1 },
      { variantId: medium!.id, quantity: 2 },
    ];
    const customer = { email: 'grace@example.com', name: odd };
    const { body } = await shop.api.post('orders', { lines, customer });
    await shop.api.delete(`products/${shirt.id}`);
    const { body: alone } = await shop.api.get(`orders/${body.id}`);
    expect(alone.lines.map(({ sku }: { sku: string | null }) => sku)).toEqual([null, odd, null]);
    expect((await shop.api.get('orders')).body.items).toEqual([alone]);
  });

  it('goes through 25 orders by pages of 10, also while orders are added', async () => {
    const shop = await newOwner(app.api);
    const { id } = await newProduct(shop.api, { stock: 30 });
    await Promise.all(Array.from({ length: 25 }, () => newOrder(shop.api, id)));
    expect((await page(shop.api, '')).numbers).toEqual(down(25, 6)); // 20 unless asked otherwise
    const first = await page(shop.api, '?limit=10');
    await newOrder(shop.api, id);
    const second = await page(shop.api, `?limit=10&cursor=${first.nextCursor}`);
    const third = await page(shop.api, `?limit=10&cursor=${second.nextCursor}`);
    expect([...first.numbers, ...second.numbers, ...third.numbers]).toEqual(down(25, 1));
    expect(third).toEqual({ numbers: down(5, 1), nextCursor: null });
  });

  it.each([
    ['limit=0', '400 VALIDATION_FAILED'],
    ['limit=101', '400 VALIDATION_FAILED'],
    ['state=paid', '400 VALIDATION_FAILED'],
    ['cursor=x', '400 INVALID_CURSOR'],
    ['cursor=-1', '400 INVALID_CURSOR'],
    ['cursor=1.5', '400 INVALID_CURSOR'],
    [`cursor=${'9'.repeat(30)}`, '400 INVALID_CURSOR'],
  ])('refuses %s', async (query, problem) => {
    expect(problemIn(await api.get(`orders?${query}`))).toBe(problem);
  });
});

describe('GET /orders/:id', () => {
  it('shows the same as the answer to the POST', async () => {
    const order = await newOrder(api, (await newProduct(api)).id);
    expect(await api.get(`orders/${order.id}`)).toMatchObject({ status: 200, body: order });
  });

  it('refuses an unknown id', async () => {
    expect(problemIn(await api.get(`orders/${MISSING}`))).toBe('404 ORDER_NOT_FOUND');
  });

  it('refuses an id that is not a UUID', async () => {
    expect(problemIn(await api.get('orders/1'))).toBe('400 VALIDATION_FAILED');
  });
});

describe('orders of two shops', () => {
  let other: Api;

  beforeAll(async () => {
    other = (await newOwner(app.api)).api;
  });

  it.each(['GET /', 'POST /pay', 'POST /fulfil', 'POST /cancel', 'POST /refund', 'GET /events'])(
    'shop B cannot see, change or guess rows of shop A (%s)',
    async (route) => {
      const [method, action] = route.split(' /') as [string, string];
      const product = await newProduct(api);
      const order = await newOrder(api, product.id);
      const ask = (id: string) => other.raw(method, `orders/${id}${action && `/${action}`}`);
      const [foreign, missing] = await Promise.all([ask(order.id), ask(MISSING)]);
      expect(problemIn(foreign)).toBe('404 ORDER_NOT_FOUND');
      expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
      expect((await api.get(`orders/${order.id}`)).body).toEqual(order);
      expect(await stockOf(product.id)).toBe(9);
    },
  );

  it('shop B cannot list rows of shop A, nor page to them', async () => {
    await newOrder(api, (await newProduct(api)).id);
    for (const query of ['', '?cursor=999999999'])
      expect(await other.get(`orders${query}`)).toMatchObject({ status: 200, body: { items: [] } });
  });

  it.each(['productId', 'variantId'])('shop B cannot order by a %s of shop A', async (field) => {
    const product = await newProduct(api);
    const foreignId = field === 'productId' ? product.id : product.variants[0].id;
    const order = (id: string) => other.post('orders', { lines: [{ [field]: id, quantity: 1 }] });
    const [foreign, missing] = await Promise.all([order(foreignId), order(MISSING)]);
    const answer = JSON.stringify(foreign.body).replaceAll(foreignId, MISSING); // the answer repeats what was asked
    expect(foreign.status).toBe(404);
    expect({ ...JSON.parse(answer), instance: null }).toEqual({ ...missing.body, instance: null });
    expect(await stockOf(product.id)).toBe(10);
  });
});
