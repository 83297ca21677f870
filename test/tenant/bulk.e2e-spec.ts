import { randomUUID } from 'node:crypto';
import type { Api } from '../support/api';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { blamedIn, problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

interface Row {
  id: string;
  priceMinor: number;
  compareAtMinor: number | null;
  stock: number;
}

const app = useTestApp();
let api: Api;

beforeEach(async () => {
  ({ api } = await newOwner(app.api));
});

async function newVariant(overrides: object = {}): Promise<{ productId: string } & Row> {
  const { id, variants } = await newProduct(api, { priceMinor: 1000, stock: 10, ...overrides });
  return { productId: id, ...(variants as Row[])[0]! };
}

async function read(id: string): Promise<Row> {
  const { id: same, priceMinor, compareAtMinor, stock } = (await api.get(`variants/${id}`)).body as Row;
  return { id: same, priceMinor, compareAtMinor, stock };
}

async function changesOf(id: string): Promise<object[]> {
  const { items } = (await api.get(`variants/${id}/stock-changes`)).body as {
    items: Record<string, unknown>[];
  };
  return items.map(({ change, reason, note }) => ({ change, reason, note }));
}

describe('POST /variants/bulk', () => {
  it('changes prices and stocks, and nothing that is not named', async () => {
    const [a, b, c] = [await newVariant(), await newVariant(), await newVariant()];
    const answer = await api.post('variants/bulk', {
      reason: 'Counted',
      variants: [
        { id: c.id, priceMinor: 0, compareAtMinor: 1000 },
        { id: a.id, stock: 3 },
        { id: b.id, delta: -4, priceMinor: 700 },
      ],
    });
    const good = { isApplied: true, code: null, detail: null };
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({
      applied: 3,
      refused: 0,
      items: [
        { id: c.id, ...good, priceMinor: 0, stock: 10 },
        { id: a.id, ...good, priceMinor: 1000, stock: 3 },
        { id: b.id, ...good, priceMinor: 700, stock: 6 },
      ],
    });
    expect(await Promise.all([a, b, c].map(({ id }) => read(id)))).toEqual([
      { id: a.id, priceMinor: 1000, compareAtMinor: null, stock: 3 },
      { id: b.id, priceMinor: 700, compareAtMinor: null, stock: 6 },
      { id: c.id, priceMinor: 0, compareAtMinor: 1000, stock: 10 },
    ]);
  });

  it('writes each change of stock to the ledger, with the reason', async () => {
    const [a, b] = [await newVariant(), await newVariant()];
    const variants = [
      { id: a.id, delta: -4 },
      { id: b.id, stock: 10 }, // as before
    ];
    await api.post('variants/bulk', { reason: 'Broken', variants });
    const opening = { change: 10, reason: 'correction', note: null };
    expect(await changesOf(a.id)).toEqual([{ change: -4, reason: 'correction', note: 'Broken' }, opening]);
    expect(await changesOf(b.id)).toEqual([opening]);
  });

  it('refuses an item without a change of the others', async () => {
    const [good, low, far] = [
      await newVariant(),
      await newVariant(),
      await newVariant({ stock: 1_000_000_000 }),
    ];
    const foreign = await newProduct((await newOwner(app.api)).api);
    const unknown = randomUUID();
    const { status, body } = await api.post('variants/bulk', {
      reason: 'Sold elsewhere',
      variants: [
        { id: low.id, priceMinor: 5, delta: -11 },
        { id: unknown, stock: 1 },
        { id: foreign.variants[0].id, stock: 1 },
        { id: good.id, stock: 0 },
        { id: far.id, delta: 1 },
      ],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ applied: 1, refused: 4 });
    expect((body.items as { code: string | null }[]).map(({ code }) => code)).toEqual([
      'STOCK_TOO_LOW',
      'VARIANT_NOT_FOUND',
      'VARIANT_NOT_FOUND',
      null,
      'STOCK_TOO_LOW',
    ]);
    expect(body.items[1]).toMatchObject({ id: unknown, isApplied: false, priceMinor: null, stock: null });
    expect(await read(low.id)).toMatchObject({ priceMinor: 1000, stock: 10 });
    expect(await read(good.id)).toMatchObject({ stock: 0 });
    expect(await changesOf(low.id)).toHaveLength(1);
  });

  it('lets the stock go below 0 where the variant sells when out or is not counted', async () => {
    const size = (Size: string, more: object) => ({
      optionValues: { Size },
      priceMinor: 1,
      stock: 0,
      ...more,
    });
    const variants = [size('S', { sellsWhenOut: true }), size('M', { tracksStock: false }), size('L', {})];
    const product = await newProduct(api, {
      sku: undefined,
      priceMinor: undefined,
      stock: undefined,
      variants,
    });
    const items = (product.variants as Row[]).map(({ id }) => ({ id, stock: -1 }));
    const { body } = await api.post('variants/bulk', { variants: items });
    expect((body.items as { code: string | null }[]).map(({ code }) => code)).toEqual([
      null,
      null,
      'STOCK_TOO_LOW',
    ]);
  });

  it('moves the ETag of the products', async () => {
    const { productId, id } = await newVariant();
    const before = (await api.get(`products/${productId}`)).headers.get('etag');
    await api.post('variants/bulk', { variants: [{ id, priceMinor: 1 }] });
    expect((await api.get(`products/${productId}`)).headers.get('etag')).not.toBe(before);
  });

  it.each([
    [
      'a variant twice',
      (id: string) => ({
        variants: [
          { id, stock: 1 },
          { id: id.toUpperCase(), stock: 2 },
        ],
      }),
      'variants.1.id',
    ],
    [
      'stock and delta',
      (id: string) => ({ reason: 'x', variants: [{ id, stock: 1, delta: 1 }] }),
      'variants.0.delta',
    ],
    ['a delta without a reason', (id: string) => ({ variants: [{ id, delta: 1 }] }), 'reason'],
    ['nothing to change', (id: string) => ({ variants: [{ id }] }), 'variants.0'],
    ['an unknown field', (id: string) => ({ variants: [{ id, stok: 1 }] }), 'variants.0.stok'],
    ['a price below 0', (id: string) => ({ variants: [{ id, priceMinor: -1 }] }), 'variants.0.priceMinor'],
    ['a stock of null', (id: string) => ({ variants: [{ id, stock: null }] }), 'variants.0.stock'],
    ['no variant', () => ({ variants: [] }), 'variants'],
    [
      '1,001 variants',
      () => ({ variants: Array.from({ length: 1001 }, () => ({ id: randomUUID(), stock: 1 })) }),
      'variants',
    ],
  ])('refuses %s, by name, and changes nothing', async (_, body, field) => {
    const { id } = await newVariant();
    const answer = await api.post('variants/bulk', body(id));
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(blamedIn(answer)).toEqual([field]);
    expect(await read(id)).toMatchObject({ priceMinor: 1000, stock: 10 });
  });

  it('takes 1,000 variants', async () => {
    const rows = Array.from({ length: 1000 }, (_, n) => `bulk,Bulk,Size,${n},1,1`);
    const header = 'Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Inventory Qty';
    await api.raw('POST', 'products/import', [header, ...rows].join('\n'), { 'content-type': 'text/csv' });
    const { items } = (await api.get('products')).body as { items: { variants: Row[]; stock: number }[] };
    const { variants } = items[0]!;
    expect(variants).toHaveLength(1000);
    const changes = variants.map(({ id }) => ({ id, delta: 1, priceMinor: 200 }));
    const { body } = await api.post('variants/bulk', { reason: 'More', variants: changes });
    expect(body).toMatchObject({ applied: 1000, refused: 0 });
    expect((await api.get('products')).body.items[0]).toMatchObject({ stock: 2000, priceMinor: 200 });
  });

  it('is done once for a key', async () => {
    const { id } = await newVariant();
    const headers = { 'idempotency-key': randomUUID(), 'content-type': 'application/json' };
    const body = {
      reason: 'Once',
      variants: [
        { id, delta: -1 },
        { id: randomUUID(), stock: 1 },
      ],
    };
    const first = await api.raw('POST', 'variants/bulk', JSON.stringify(body), headers);
    const second = await api.raw('POST', 'variants/bulk', JSON.stringify(body), headers);
    expect(first.body).toMatchObject({ applied: 1, refused: 1 });
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await read(id)).toMatchObject({ stock: 9 });
  });

  it('loses no change among twenty at once, and orders between them', async () => {
    const made: Awaited<ReturnType<typeof newVariant>>[] = [];
    for (let i = 0; i < 3; i++) made.push(await newVariant({ stock: 100 }));
    const variants = made.map(({ id }) => ({ id, delta: -1 }));
    const calls = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0
        ? api.post('variants/bulk', {
            reason: 'Sold',
            variants: i % 4 === 0 ? variants : variants.toReversed(),
          })
        : newOrder(api, made[i % 3]!.productId).then(() => ({ status: 200 })),
    );
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    const stocks = await Promise.all(made.map(async ({ id }) => (await read(id)).stock));
    expect(stocks.reduce((sum, stock) => sum + stock, 0)).toBe(300 - 30 - 10);
    for (const { id } of made) {
      const { items } = (await api.get(`variants/${id}/stock-changes?limit=100`)).body as {
        items: { change: number }[];
      };
      expect(items.reduce((sum, { change }) => sum + change, 0)).toBe((await read(id)).stock);
    }
  });
});
