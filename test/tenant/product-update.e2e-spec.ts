import type { Api } from '../support/api';
import { withClient } from '../support/database';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { untilTrue } from '../support/until';

const MISSING = '00000000-0000-7000-8000-000000000000';

const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

const app = useTestApp();
let api: Api;
let schema: string;

beforeAll(async () => {
  const owner = await newOwner(app.api);
  ({ api } = owner);
  schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
});

/** A product in sizes S and M, and the two variants. */
async function newShirt(overrides: object = {}) {
  const shirt = await newProduct(api, {
    name: 'Shirt',
    sku: undefined,
    priceMinor: undefined,
    stock: undefined,
    variants: [
      { optionValues: { Size: 'S' }, priceMinor: 1000, stock: 4, costMinor: 300, barcode: '1', grams: 150 },
      { optionValues: { Size: 'M' }, priceMinor: 1200, stock: 3, costMinor: 400, barcode: '2', grams: 170 },
    ],
    ...overrides,
  });
  const [small, medium] = shirt.variants;
  return { shirt, small, medium };
}

describe('PATCH /products/:id', () => {
  const full = {
    description: '<p>Soft.</p>',
    vendor: 'Loom',
    type: 'Shirts',
    tags: ['summer'],
    images: [{ src: 'https://images.example.com/tee.jpg', position: 1, alt: null }],
  };
  it.each<[string, object]>([
    ['name', { name: 'Other' }],
    ['handle', { handle: 'other' }],
    ['description', { description: '' }],
    ['currency', { currency: 'JPY', priceMinor: 4990 }],
    ['status', { status: 'archived' }],
    ['vendor', { vendor: '' }],
    ['type', { type: 'Other' }],
    ['tags', { tags: [] }],
    ['images', { images: [] }],
    ['sku', { sku: 'OTHER' }],
    ['sku', { sku: null }],
    ['priceMinor', { priceMinor: 0 }],
    ['stock', { stock: 0 }],
  ])('changes %s alone (%j)', async (_, change) => {
    const before = await newProduct(api, full);
    const { status, body } = await api.patch(`products/${before.id}`, change);
    expect(status).toBe(200);
    const { variants, updatedAt, ...rest } = before;
    const ofVariant = Object.fromEntries(
      Object.entries(change).filter(([key]) => ['sku', 'priceMinor', 'stock'].includes(key)),
    );
    expect(body).toEqual({
      ...rest,
      ...change,
      variants: [{ ...variants[0], ...ofVariant }],
      updatedAt: expect.any(String),
    });
    expect(Date.parse(body.updatedAt)).toBeGreaterThan(Date.parse(updatedAt));
    expect((await api.get(`products/${before.id}`)).body).toEqual(body);
  });

  it('changes nothing but updatedAt when nothing is given', async () => {
    const before = await newProduct(api, full);
    const { status, body } = await api.patch(`products/${before.id}`, {});
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, updatedAt: expect.any(String) });
  });

  it.each(['name', 'handle', 'description', 'priceMinor', 'currency', 'stock', 'status', 'tags', 'variants'])(
    'refuses a %s of null',
    async (field) => {
      const before = await newProduct(api);
      const answer = await api.patch(`products/${before.id}`, { [field]: null });
      expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
      expect((await api.get(`products/${before.id}`)).body).toEqual(before);
    },
  );

  it.each(['id', 'createdAt', 'shopId'])('refuses to set %s', async (field) => {
    const { id } = await newProduct(api);
    const answer = await api.patch(`products/${id}`, { [field]: MISSING });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });

  it('refuses a handle that another product has', async () => {
    const { handle } = await newProduct(api);
    const before = await newProduct(api);
    const answer = await api.patch(`products/${before.id}`, { name: 'Renamed', handle });
    expect(problemIn(answer)).toBe('409 HANDLE_TAKEN');
    expect((await api.get(`products/${before.id}`)).body).toEqual(before);
  });

  it('accepts the SKU and handle that the product already has', async () => {
    const { id, sku, handle } = await newProduct(api);
    expect(await api.patch(`products/${id}`, { sku, handle })).toMatchObject({ status: 200 });
  });

  it('gives a handle to one of twenty products that want it at once', async () => {
    const products = await twenty(() => newProduct(api));
    const answers = await Promise.all(products.map(({ id }) => api.patch(`products/${id}`, { handle: 'x' })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'HANDLE_TAKEN')).toHaveLength(19);
  });

  it.each([{ sku: 'X' }, { priceMinor: 1 }, { stock: 1 }])(
    'refuses %j for a product with several variants',
    async (change) => {
      const { shirt } = await newShirt();
      const answer = await api.patch(`products/${shirt.id}`, { name: 'Renamed', ...change });
      expect(problemIn(answer)).toBe('409 PRODUCT_HAS_VARIANTS');
      expect((await api.get(`products/${shirt.id}`)).body).toEqual(shirt);
    },
  );

  it('changes the name of a product with several variants', async () => {
    const { shirt } = await newShirt();
    const { body } = await api.patch(`products/${shirt.id}`, { name: 'Blouse' });
    expect(body).toEqual({ ...shirt, name: 'Blouse', updatedAt: expect.any(String) });
  });

  it('keeps stock right when twenty orders and twenty price changes meet', async () => {
    const { id } = await newProduct(api, { stock: 50 });
    const answers = await twenty(async (i) => {
      const [order, change] = await Promise.all([
        api.post('orders', { lines: [{ productId: id, quantity: 1 }] }),
        api.patch(`products/${id}`, { priceMinor: 1000 + i, name: `Renamed ${i}` }),
      ]);
      return [order.status, change.status];
    });
    expect(answers).toEqual(Array(20).fill([201, 200]));
    expect((await api.get(`products/${id}`)).body.stock).toBe(30);
  });
});

describe('PATCH /products/:id with variants', () => {
  it('changes those with an id, adds those without and removes the others', async () => {
    const { shirt, small } = await newShirt();
    const { status, body } = await api.patch(`products/${shirt.id}`, {
      removeVariants: true,
      variants: [
        { optionValues: { Size: 'L' }, priceMinor: 1500, stock: 9, sku: 'LARGE' },
        { id: small.id, optionValues: { Size: 'S' }, priceMinor: 900 },
      ],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      priceMinor: 900,
      stock: 13,
      options: [{ name: 'Size', values: ['L', 'S'] }],
    });
    expect(body.variants).toHaveLength(2);
    expect(body.variants[0]).toMatchObject({
      optionValues: { Size: 'L' },
      stock: 9,
      sku: 'LARGE',
      grams: 0,
    });
    expect(body.variants[1]).toEqual({ ...small, priceMinor: 900 }); // id and all else kept
  });

  it('keeps the option values of a variant when they are absent', async () => {
    const { shirt, small, medium } = await newShirt();
    const { status, body } = await api.patch(`products/${shirt.id}`, {
      variants: [{ id: small.id, priceMinor: 900 }, { id: medium.id }],
    });
    expect(status).toBe(200);
    expect(body.variants).toEqual([{ ...small, priceMinor: 900 }, medium]);
    expect(body.options).toEqual(shirt.options);
  });

  it('keeps the options in step with the one variant that stays', async () => {
    const { shirt, small } = await newShirt();
    const { status, body } = await api.patch(`products/${shirt.id}`, {
      removeVariants: true,
      variants: [{ id: small.id }],
    });
    expect(status).toBe(200);
    expect(body.variants).toEqual([small]);
    expect(body.options).toEqual([{ name: 'Size', values: ['S'] }]);
  });

  it('clears what is null', async () => {
    const { shirt, small } = await newShirt();
    const cleared = { costMinor: null, barcode: null };
    const { body } = await api.patch(`products/${shirt.id}`, {
      removeVariants: true,
      variants: [{ id: small.id, optionValues: { Size: 'S' }, ...cleared }],
    });
    expect(body.variants).toEqual([{ ...small, ...cleared }]);
  });

  it('makes several variants of a product that had one', async () => {
    const { id, variants } = await newProduct(api, { stock: 5 });
    const { status, body } = await api.patch(`products/${id}`, {
      variants: [
        { id: variants[0].id, optionValues: { Size: 'S' } },
        { optionValues: { Size: 'M' }, priceMinor: 1 },
      ],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ sku: null, stock: 5, priceMinor: 1 });
    expect(body.variants[0]).toEqual({ ...variants[0], optionValues: { Size: 'S' } });
  });

  it('gives the price of the same request to new variants without one', async () => {
    const { shirt, small } = await newShirt();
    const { body } = await api.patch(`products/${shirt.id}`, {
      priceMinor: 700,
      removeVariants: true,
      variants: [{ id: small.id, optionValues: { Size: 'S' } }, { optionValues: { Size: 'L' } }],
    });
    expect(body.variants).toMatchObject([{ priceMinor: 1000 }, { priceMinor: 700 }]);
  });

  it('gives the SKU of a removed variant to a new one', async () => {
    const { shirt } = await newShirt({
      variants: [{ optionValues: { Size: 'S' }, sku: 'SHIRT', priceMinor: 1 }],
    });
    const variants = [{ optionValues: { Size: 'S' }, sku: 'SHIRT', priceMinor: 2 }];
    const { status, body } = await api.patch(`products/${shirt.id}`, { variants, removeVariants: true });
    expect(status).toBe(200);
    expect(body.variants[0].id).not.toBe(shirt.variants[0].id);
  });

  it('swaps the option values of two variants', async () => {
    const { shirt, small, medium } = await newShirt();
    const swapped = [
      { id: small.id, optionValues: { Size: 'M' } },
      { id: medium.id, optionValues: { Size: 'S' } },
    ];
    const { status, body } = await api.patch(`products/${shirt.id}`, { variants: swapped });
    expect(status).toBe(200);
    expect(body.variants).toMatchObject(swapped);
  });

  it('swaps the SKUs of two variants', async () => {
    const { shirt, small, medium } = await newShirt({
      variants: [
        { optionValues: { Size: 'S' }, sku: 'ONE', priceMinor: 1 },
        { optionValues: { Size: 'M' }, sku: 'TWO', priceMinor: 1 },
      ],
    });
    const swapped = [
      { id: small.id, optionValues: { Size: 'S' }, sku: 'TWO' },
      { id: medium.id, optionValues: { Size: 'M' }, sku: 'ONE' },
    ];
    const { status, body } = await api.patch(`products/${shirt.id}`, { variants: swapped });
    expect(status).toBe(200);
    expect(body.variants).toMatchObject(swapped);
  });

  it('accepts the id of a variant in capitals', async () => {
    const { id, variants } = await newProduct(api);
    const change = { variants: [{ id: variants[0].id.toUpperCase(), priceMinor: 1 }] };
    const { status, body } = await api.patch(`products/${id}`, change);
    expect(status).toBe(200);
    expect(body.variants).toEqual([{ ...variants[0], priceMinor: 1 }]);
  });

  it.each([
    ['unknown', async () => MISSING],
    ['of another product', async () => (await newProduct(api)).variants[0].id],
    ['of another shop', async () => (await newProduct((await newOwner(app.api)).api)).variants[0].id],
  ])('refuses the id of a variant that is %s, and changes nothing', async (_, idOf) => {
    const before = await newProduct(api);
    const variants = [{ id: await idOf(), priceMinor: 1 }];
    const answer = await api.patch(`products/${before.id}`, { name: 'Renamed', variants });
    expect(problemIn(answer)).toBe('404 VARIANT_NOT_FOUND');
    expect((await api.get(`products/${before.id}`)).body).toEqual(before);
  });

  it('refuses a variant given twice', async () => {
    const { shirt, small } = await newShirt();
    const answer = await api.patch(`products/${shirt.id}`, {
      variants: [
        { id: small.id, optionValues: { Size: 'S' } },
        { id: small.id, optionValues: { Size: 'L' } },
      ],
    });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });

  it('accepts the SKU of another product', async () => {
    const [{ sku }, before] = [await newProduct(api), await newProduct(api)];
    const variants = [{ id: before.variants[0].id, sku }];
    const { status, body } = await api.patch(`products/${before.id}`, { variants });
    expect([status, body.sku]).toEqual([200, sku]);
  });

  it.each<[string, object]>([
    ['a combination twice', { variants: [{ optionValues: { Size: 'S' } }, { optionValues: { Size: 'S' } }] }],
    ['no variant', { variants: [] }],
    ['a new variant without a price', { variants: [{ optionValues: { Size: 'S' } }] }],
    ['options that the variants do not have', { options: [{ name: 'Color', values: ['red'] }] }],
    ['options without a value in use', { options: [{ name: 'Size', values: ['S'] }] }],
  ])('refuses %s', async (_, change) => {
    const { shirt } = await newShirt();
    const answer = await api.patch(`products/${shirt.id}`, change);
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect((await api.get(`products/${shirt.id}`)).body).toEqual(shirt);
  });

  it('changes options alone, to more values than are in use', async () => {
    const { shirt } = await newShirt();
    const options = [{ name: 'Size', values: ['S', 'M', 'L'] }];
    const { body } = await api.patch(`products/${shirt.id}`, { options });
    expect(body).toEqual({ ...shirt, options, updatedAt: expect.any(String) });
  });

  it('keeps stock right when twenty orders and twenty changes of the variants meet', async () => {
    const { shirt, small, medium } = await newShirt({
      variants: [
        { optionValues: { Size: 'S' }, priceMinor: 1000, stock: 50 },
        { optionValues: { Size: 'M' }, priceMinor: 1000, stock: 50 },
      ],
    });
    const statuses = await twenty(async (i) => {
      const lines = [small, medium].map(({ id }) => ({ variantId: id, quantity: 1 }));
      const variants = [small, medium].map(({ id, optionValues }) => ({
        id,
        optionValues,
        priceMinor: 900 + i,
      }));
      const [order, change] = await Promise.all([
        api.post('orders', { lines: i % 2 === 0 ? lines : lines.toReversed() }),
        api.patch(`products/${shirt.id}`, { variants: i % 3 === 0 ? variants : variants.toReversed() }),
      ]);
      return [order.status, change.status];
    });
    expect(statuses).toEqual(Array(20).fill([201, 200]));
    const { body } = await api.get(`products/${shirt.id}`);
    expect(body.variants).toMatchObject([{ stock: 30 }, { stock: 30 }]);
  });

  it('keeps stock right when twenty orders and twenty changes of the only variant meet', async () => {
    const { id, variants } = await newProduct(api, { stock: 50 });
    const statuses = await twenty(async (i) => {
      const [order, change] = await Promise.all([
        api.post('orders', { lines: [{ productId: id, quantity: 1 }] }),
        api.patch(`products/${id}`, { variants: [{ id: variants[0].id, priceMinor: 900 + i }] }),
      ]);
      return [order.status, change.status];
    });
    expect(statuses).toEqual(Array(20).fill([201, 200]));
    expect((await api.get(`products/${id}`)).body.stock).toBe(30);
  });

  it('keeps past orders when their variant is removed', async () => {
    const { shirt, small, medium } = await newShirt();
    const sale = await api.post('orders', { lines: [{ variantId: medium.id, quantity: 1 }] });
    await api.patch(`products/${shirt.id}`, {
      removeVariants: true,
      variants: [{ id: small.id, optionValues: { Size: 'S' } }],
    });
    const { body } = await api.get(`orders/${sale.body.id}`);
    expect(body.lines).toMatchObject([{ productId: shirt.id, variantId: null, optionValues: { Size: 'M' } }]);
  });

  it('sells the only variant that stays by the id of the product', async () => {
    const { shirt, small } = await newShirt();
    await api.patch(`products/${shirt.id}`, {
      removeVariants: true,
      variants: [{ id: small.id, optionValues: { Size: 'S' } }],
    });
    expect((await newOrder(api, shirt.id)).lines).toMatchObject([{ variantId: small.id }]);
  });
});

describe('PATCH /products/:id with another currency', () => {
  it('needs the price of an only variant', async () => {
    const { id, currency } = await newProduct(api);
    const { status, body } = await api.patch(`products/${id}`, { currency: 'JPY' });
    expect([status, body.errors]).toMatchObject([400, [{ field: 'variants.0.priceMinor' }]]);
    expect((await api.patch(`products/${id}`, { currency })).status).toBe(200);
    expect((await api.patch(`products/${id}`, { currency: 'JPY', priceMinor: 1 })).status).toBe(200);
  });

  it('needs every amount that the variants have', async () => {
    const { shirt, small, medium } = await newShirt();
    const both = { priceMinor: 1, costMinor: 1 };
    const variants = [
      { id: small.id, ...both },
      { id: medium.id, priceMinor: 1 },
    ];
    const { status, body } = await api.patch(`products/${shirt.id}`, { currency: 'JPY', variants });
    expect([status, body.errors]).toMatchObject([400, [{ field: 'variants.1.costMinor' }]]);
    expect((await api.get(`products/${shirt.id}`)).body).toEqual(shirt);
    const all = variants.map((variant) => ({ ...variant, ...both }));
    expect(await api.patch(`products/${shirt.id}`, { currency: 'JPY', variants: all })).toMatchObject({
      ...{ status: 200, body: { currency: 'JPY', priceMinor: 1 } },
    });
  });
});

describe('PATCH /products/:id with a form', () => {
  const read = async (id: string) => (await api.get(`products/${id}`)).body;

  it.each([{ priceMinor: 1200 }, { stock: 4 }, { sku: 'OTHER' }, { sku: null }])(
    'sets %j of an only variant at the product',
    async (change) => {
      const { id } = await newProduct(api, { priceMinor: 990 });
      const shown = await read(id);
      const { status, body } = await api.patch(`products/${id}`, { ...shown, ...change });
      expect(status).toBe(200);
      expect(body).toMatchObject({ ...change, variants: [{ ...shown.variants[0], ...change }] });
      expect(await read(id)).toEqual(body);
    },
  );

  it.each([{ priceMinor: 1200 }, { stock: 4 }, { sku: 'OTHER' }])(
    'sets %j of an only variant in the list, or in both places',
    async (change) => {
      const { id } = await newProduct(api, { priceMinor: 990 });
      for (const atProduct of [{}, change]) {
        const { updatedAt: _, ...shown } = await read(id);
        const variants = [{ ...shown.variants[0], ...change }];
        const { status, body } = await api.patch(`products/${id}`, { ...shown, ...atProduct, variants });
        expect(status).toBe(200);
        expect(body).toMatchObject({ ...change, variants });
      }
    },
  );

  it.each([
    ['priceMinor', 1200, 1300],
    ['stock', 4, 5],
    ['sku', 'ONE', 'TWO'],
  ])('refuses a %s of %s with %s on the only variant', async (field, atProduct, onVariant) => {
    const { id } = await newProduct(api, { priceMinor: 990 });
    const shown = await read(id);
    const variants = [{ ...shown.variants[0], [field]: onVariant }];
    const { status, body } = await api.patch(`products/${id}`, { ...shown, [field]: atProduct, variants });
    expect([status, body.errors]).toEqual([400, [{ field, message: `${field} belongs on the variants` }]]);
    expect(await read(id)).toEqual(shown);
  });

  it('refuses stock below 0 at the product, as on the variant', async () => {
    const { id } = await newProduct(api);
    const answer = await api.patch(`products/${id}`, { ...(await read(id)), stock: -1 });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });

  it.each([
    ['priceMinor', 1100],
    ['stock', 5],
    ['sku', 'SHIRT'],
  ])('refuses a %s of %s for several variants by name', async (field, value) => {
    const { id } = (await newShirt()).shirt;
    const shown = await read(id);
    const { status, body } = await api.patch(`products/${id}`, { ...shown, [field]: value });
    expect([status, body.errors]).toEqual([400, [{ field, message: `${field} belongs on the variants` }]]);
    expect(await read(id)).toEqual(shown);
  });

  it('takes what several variants add up to after the change', async () => {
    const { id } = (await newShirt()).shirt;
    const shown = await read(id);
    const variants = [{ ...shown.variants[0], priceMinor: 1100, stock: 9 }, shown.variants[1]];
    const { status, body } = await api.patch(`products/${id}`, {
      ...{ ...shown, priceMinor: 1100, stock: 12 },
      variants,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ priceMinor: 1100, stock: 12, variants });
  });
});
describe('products stored by an earlier version', () => {
  it('get another name though their options would be refused today', async () => {
    const { id } = (await newShirt()).shirt;
    const options = `jsonb_build_object('Title', 'Default Title', 'Size', option_values ->> 'Size') - 'Size'`;
    await app.database.query(`DELETE FROM ${schema}.product_variants WHERE product_id = $1 AND stock = 3`, [
      id,
    ]);
    await app.database.query(
      `UPDATE ${schema}.product_variants SET option_values = ${options} WHERE product_id = $1`,
      [id],
    );
    expect(await api.patch(`products/${id}`, { name: 'Shirt 2' })).toMatchObject({
      ...{ status: 200, body: { name: 'Shirt 2' } },
    });
  });
});

describe('removing a product', () => {
  it('waits for an order that locks its variants, whatever their order on disk', async () => {
    const { id, variants } = (await newShirt()).shirt;
    const [first, second] = variants.map((variant: { id: string }) => variant.id);
    await api.patch(`variants/${first}`, { sku: 'moved behind the other' });
    const lock = `SELECT FROM ${schema}.product_variants WHERE id = $1 FOR UPDATE`;
    const answer = await withClient(app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(lock, [first]);
      const removing = api.delete(`products/${id}`);
      await untilTrue(async () => (await waiters()) === 1);
      await client.query(lock, [second]);
      await client.query('COMMIT');
      return removing;
    });
    expect(answer.status).toBe(204);
  });
});

async function waiters(): Promise<number> {
  const rows = await app.database.query<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]!.count;
}
