import type { Api } from '../support/api';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp({ POOL_WAIT_MS: '60000' }); // twenty requests, of which each reads two thousand variants
let owner: Owner;
let api: Api;
// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
let shirt: any;

beforeEach(async () => {
  owner = await newOwner(app.api);
  ({ api } = owner);
  shirt = await newProduct(api, {
    ...{ ...ON_VARIANTS, name: 'Shirt' },
    variants: [
      { optionValues: { Size: 'S' }, sku: 'S', priceMinor: 1000, stock: 4 },
      { optionValues: { Size: 'M' }, sku: 'M', priceMinor: 1200, stock: 3 },
    ],
  });
});

const ON_VARIANTS = { sku: undefined, priceMinor: undefined, stock: undefined };

const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

const shown = async () => (await api.get(`products/${shirt.id}`)).body;

describe('PATCH /variants/:id', () => {
  it('changes one variant and leaves the others', async () => {
    const [small, medium] = shirt.variants;
    const { status, body } = await api.patch(`variants/${small.id}`, { priceMinor: 900, sellsWhenOut: true });
    expect(status).toBe(200);
    expect(body).toEqual({ ...small, priceMinor: 900, sellsWhenOut: true, productId: shirt.id });
    expect((await api.get(`variants/${small.id}`)).body).toEqual(body);
    expect((await shown()).variants[1]).toEqual(medium);
  });

  it('changes the options of the product', async () => {
    await api.patch(`variants/${shirt.variants[0].id}`, { optionValues: { Size: 'XS' } });
    expect((await shown()).options).toEqual([{ name: 'Size', values: ['M', 'XS'] }]);
  });

  it.each([
    ['the option values of another variant', { optionValues: { Size: 'M' } }],
    ['other options than the other variants', { optionValues: { Colour: 'Red' } }],
    ['a stock below 0', { stock: -1 }],
    ['an image that is no web address', { imageSrc: 'javascript:alert(1)' }],
    ['a field that it does not know', { productId: '00000000-0000-7000-8000-000000000000' }],
  ])('refuses %s', async (_, change) => {
    const answer = await api.patch(`variants/${shirt.variants[0].id}`, change);
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(await shown()).toEqual(shirt);
  });

  it('refuses what was seen before a sale', async () => {
    const path = `variants/${shirt.variants[0].id}`;
    const { headers } = await api.get(path);
    await api.post('orders', { lines: [{ variantId: shirt.variants[0].id, quantity: 1 }] });
    const stale = await api.raw('PATCH', path, JSON.stringify({ stock: 4 }), {
      'content-type': 'application/json',
      'if-match': headers.get('etag')!,
    });
    expect(problemIn(stale)).toBe('412 PRECONDITION_FAILED');
    expect((await shown()).variants[0].stock).toBe(3);
  });

  it('finds no variant of another shop', async () => {
    const other = (await newOwner(app.api)).api;
    const path = `variants/${shirt.variants[0].id}`;
    expect(problemIn(await other.get(path))).toBe('404 VARIANT_NOT_FOUND');
    expect(problemIn(await other.patch(path, { stock: 0 }))).toBe('404 VARIANT_NOT_FOUND');
    expect(problemIn(await other.delete(path))).toBe('404 VARIANT_NOT_FOUND');
    expect(problemIn(await other.post(`${path}/stock`, { delta: 1, reason: 'x' }))).toBe(
      '404 VARIANT_NOT_FOUND',
    );
    expect(problemIn(await other.get(`${path}/stock-changes`))).toBe('404 VARIANT_NOT_FOUND');
  });
});

describe('PATCH /variants/:id with what GET has answered', () => {
  const read = async () => (await api.get(`variants/${shirt.variants[0].id}`)).body;

  it('changes nothing, or the one field that is different', async () => {
    const before = await read();
    expect(await api.patch(`variants/${before.id}`, before)).toMatchObject({ status: 200, body: before });
    const { status, body } = await api.patch(`variants/${before.id}`, { ...before, priceMinor: 900 });
    expect([status, body]).toEqual([200, { ...before, priceMinor: 900 }]);
  });

  it.each(['id', 'productId'])('refuses another %s', async (field) => {
    const before = await read();
    const other = { ...before, [field]: shirt.variants[1].id, priceMinor: 900 };
    const answer = await api.patch(`variants/${before.id}`, other);
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect(await read()).toEqual(before);
  });
});

describe('POST /products/:id/variants', () => {
  it('adds a variant behind the others', async () => {
    const large = { optionValues: { Size: 'L' }, priceMinor: 1400, stock: 2 };
    const { status, body } = await api.post(`products/${shirt.id}/variants`, large);
    expect([status, body]).toEqual([201, expect.objectContaining({ ...large, productId: shirt.id })]);
    const { variants, options } = await shown();
    expect(variants.map(({ id }: { id: string }) => id)).toEqual([
      ...shirt.variants.map(({ id }: { id: string }) => id),
      body.id,
    ]);
    expect(options).toEqual([{ name: 'Size', values: ['S', 'M', 'L'] }]);
  });

  it('gives a size to one of twenty that add it at once', async () => {
    const answers = await twenty(() =>
      api.post(`products/${shirt.id}/variants`, { optionValues: { Size: 'L' }, priceMinor: 1 }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await shown()).variants).toHaveLength(3);
  });

  it('refuses a variant beyond the 2,048th, also when twenty add the last', async () => {
    const sizes = Array.from({ length: 2047 }, (_, i) => ({ optionValues: { Size: `${i}` }, priceMinor: 1 }));
    const { id } = await newProduct(api, { ...ON_VARIANTS, variants: sizes });
    const answers = await twenty((i) =>
      api.post(`products/${id}/variants`, { optionValues: { Size: `new ${i}` }, priceMinor: 1 }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(new Set(refused.map(problemIn))).toEqual(new Set(['400 VALIDATION_FAILED']));
    expect(refused[0]?.body.errors).toEqual([
      { field: 'variants', message: 'a product has at most 2048 variants' },
    ]);
    expect((await api.get(`products/${id}`)).body.variants).toHaveLength(2048);
  });

  it('refuses a variant without a price', async () => {
    const answer = await api.post(`products/${shirt.id}/variants`, { optionValues: { Size: 'L' } });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });
});

describe('DELETE /variants/:id', () => {
  it('removes the variant and its value of the option', async () => {
    expect((await api.delete(`variants/${shirt.variants[0].id}`)).status).toBe(204);
    const { variants, options } = await shown();
    expect([variants, options]).toEqual([[shirt.variants[1]], [{ name: 'Size', values: ['M'] }]]);
  });

  it('keeps the last variant, also when all are removed at once', async () => {
    const answers = await Promise.all(
      shirt.variants.map(({ id }: { id: string }) => api.delete(`variants/${id}`)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('LAST_VARIANT');
    expect((await shown()).variants).toHaveLength(1);
  });
});

describe('POST /variants/:id/stock', () => {
  it('adds to the stock and tells why in the ledger', async () => {
    const [small] = shirt.variants;
    const path = `variants/${small.id}`;
    const { status, body } = await api.post(`${path}/stock`, { delta: -3, reason: 'Broken' });
    expect([status, body.stock]).toEqual([200, 1]);
    await api.post(`${path}/stock`, { delta: 1, reason: 'Sent back', isReturn: true });
    const { body: page } = await api.get(`${path}/stock-changes`);
    expect(page.items).toMatchObject([
      { change: 1, reason: 'return', note: 'Sent back', createdBy: owner.user.id, orderId: null },
      { change: -3, reason: 'correction', note: 'Broken' },
      { change: 4, reason: 'correction', note: null },
    ]);
  });

  it('loses none of twenty changes and twenty orders at once', async () => {
    const [small] = shirt.variants;
    await api.patch(`variants/${small.id}`, { stock: 100 });
    await Promise.all([
      twenty(() => api.post(`variants/${small.id}/stock`, { delta: 2, reason: 'Delivery' })),
      twenty(() => api.post('orders', { lines: [{ variantId: small.id, quantity: 1 }] })),
    ]);
    expect((await api.get(`variants/${small.id}`)).body.stock).toBe(120);
    const { body } = await api.get(`variants/${small.id}/stock-changes?limit=100`);
    expect(body.items.reduce((sum: number, { change }: { change: number }) => sum + change, 0)).toBe(120);
  });

  it('refuses to take more than there is', async () => {
    const answer = await api.post(`variants/${shirt.variants[0].id}/stock`, { delta: -5, reason: 'x' });
    expect(problemIn(answer)).toBe('409 STOCK_TOO_LOW');
    expect(await shown()).toEqual(shirt);
  });

  it('pages the ledger', async () => {
    const path = `variants/${shirt.variants[0].id}`;
    for (const delta of [1, 2, 3]) await api.post(`${path}/stock`, { delta, reason: 'x' });
    const first = (await api.get(`${path}/stock-changes?limit=2`)).body;
    const second = (await api.get(`${path}/stock-changes?limit=2&cursor=${first.nextCursor}`)).body;
    const changes = [...first.items, ...second.items].map(({ change }: { change: number }) => change);
    expect([changes, second.nextCursor]).toEqual([[3, 2, 1, 4], null]);
  });
});

describe('GET /variants?sku=', () => {
  it('finds every variant with exactly that SKU, newest first', async () => {
    const other = await newProduct(api, { sku: 'S' });
    await newProduct(api, { sku: 's' });
    const { body } = await api.get('variants?sku=S');
    expect(body.items.map(({ id, productId }: { id: string; productId: string }) => [id, productId])).toEqual(
      [
        [other.variants[0].id, other.id],
        [shirt.variants[0].id, shirt.id],
      ],
    );
  });
});

describe('PATCH /products/:id with what GET has answered', () => {
  it('changes nothing but updatedAt', async () => {
    const before = await newProduct(api, {
      images: [
        { src: 'https://e.com/2.jpg', position: 2 },
        { src: 'https://e.com/1.jpg', position: 1 },
      ],
      attributes: { 'SEO Title': 'x' },
    });
    expect(before.images.map(({ position }: { position: number }) => position)).toEqual([1, 2]);
    for (const product of [before, shirt]) {
      const { status, body } = await api.patch(`products/${product.id}`, product);
      expect([status, body]).toEqual([200, { ...product, updatedAt: expect.any(String) }]);
    }
  });

  it.each(['id', 'createdAt', 'updatedAt', 'stock', 'sku'])('refuses another %s', async (field) => {
    const value = field === 'stock' ? 99 : field === 'id' ? shirt.variants[0].id : 'other';
    const answer = await api.patch(`products/${shirt.id}`, { ...shirt, [field]: value });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors).toMatchObject([{ field }]);
  });

  it('refuses a list that lacks variants, unless it says that they go', async () => {
    const variants = [{ id: shirt.variants[0].id, stock: 9 }];
    const answer = await api.patch(`products/${shirt.id}`, { variants });
    expect(problemIn(answer)).toBe('409 VARIANTS_NOT_NAMED');
    expect(answer.body.errors).toEqual([{ variantId: shirt.variants[1].id, sku: 'M' }]);
    expect(await shown()).toEqual(shirt);
    const said = await api.patch(`products/${shirt.id}`, { variants, removeVariants: true });
    expect([said.status, said.body.variants.length]).toEqual([200, 1]);
  });

  it('keeps the stock that was sold since it was shown, with If-Match', async () => {
    const { headers } = await api.get(`products/${shirt.id}`);
    await api.post('orders', { lines: [{ variantId: shirt.variants[0].id, quantity: 1 }] });
    const stale = await api.raw('PATCH', `products/${shirt.id}`, JSON.stringify(shirt), {
      'content-type': 'application/json',
      'if-match': headers.get('etag')!,
    });
    expect(problemIn(stale)).toBe('412 PRECONDITION_FAILED');
  });
});

describe('products', () => {
  it.each([
    ['a tag with a comma', { tags: ['a, b'] }],
    ['an image that is no web address', { images: [{ src: 'ftp://e.com/1.jpg' }] }],
    [
      'the option that means no options in files',
      { variants: [{ optionValues: { Title: 'Default Title' } }] },
    ],
  ])('refuse %s', async (_, fields) => {
    const answer = await api.post('products', { name: 'Thing', priceMinor: 1, ...fields });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });
});
