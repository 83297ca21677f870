import type { Api } from '../support/api';
import { liftLimits, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { size } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;
let api: Api;

beforeEach(async () => {
  owner = await newOwner(app.api);
  ({ api } = owner);
});

/** A product with one variant that has these fields. */
function newVariant(fields: object) {
  const variants = [{ stock: 0, ...fields }];
  return newProduct(api, { sku: undefined, stock: undefined, variants });
}

async function stockOf(productId: string): Promise<number> {
  return (await api.get(`products/${productId}`)).body.variants[0].stock;
}

/** Changes of a product's only variant, oldest first, as `reason change`. */
async function ledgerOf(product: { variants: { id: string }[] }): Promise<string[]> {
  const schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
  const rows = await app.database.query<{ text: string }>(
    `SELECT reason || ' ' || change AS text FROM ${schema}.stock_changes WHERE variant_id = '${product.variants[0]!.id}'
     ORDER BY id`,
  );
  return rows.map(({ text }) => text);
}

describe('a variant whose stock is not counted', () => {
  it('is sold whatever its stock, which orders and cancellations leave alone', async () => {
    const product = await newVariant({ tracksStock: false });
    const order = await newOrder(api, product.id, 5);
    expect(await stockOf(product.id)).toBe(0);
    expect((await api.post(`orders/${order.id}/cancel`)).status).toBe(200);
    expect(await stockOf(product.id)).toBe(0);
    expect(await ledgerOf(product)).toEqual([]);
  });

  it('does not count towards the stock of its product', async () => {
    const variants = [
      { optionValues: { Size: 'S' }, stock: 3 },
      { optionValues: { Size: 'M' }, stock: 4, tracksStock: false },
    ];
    const { stock } = await newProduct(api, { sku: undefined, stock: undefined, variants });
    expect(stock).toBe(3);
  });
});

describe('a stock that orders have led beyond the limits', () => {
  const sold = async () => {
    const product = await newVariant({ stock: -999_950_000, sellsWhenOut: true });
    await newOrder(api, product.id, 100_000);
    return (await api.get(`products/${product.id}`)).body;
  };

  it('may come nearer to them, and go no further', async () => {
    const { id, variants } = await sold();
    const path = `variants/${variants[0].id}/stock`;
    expect((await api.post(path, { delta: 5, reason: 'Found' })).body).toMatchObject({
      stock: -1_000_049_995,
    });
    const bulk = { reason: 'Found', variants: [{ id: variants[0].id, delta: 5 }] };
    expect((await api.post('variants/bulk', bulk)).body).toMatchObject({ applied: 1 });
    expect(problemIn(await api.post(path, { delta: -1, reason: 'Lost' }))).toBe('409 STOCK_TOO_LOW');
    expect(await stockOf(id)).toBe(-1_000_049_990);
  });

  it('is taken back as it was shown', async () => {
    const product = await sold();
    const [variant] = product.variants;
    expect((await api.patch(`products/${product.id}`, product)).status).toBe(200);
    expect((await api.patch(`variants/${variant.id}`, variant)).status).toBe(200);
    const further = await api.patch(`variants/${variant.id}`, { stock: variant.stock - 1 });
    expect(problemIn(further)).toBe('400 VALIDATION_FAILED');
    const file = (await api.get('products/export')).body;
    const back = await api.raw('POST', 'products/import', file, { 'content-type': 'text/csv' });
    expect(back).toMatchObject({ status: 200, body: { variants: { unchanged: 1 } } });
    const other = await newOwner(app.api);
    const moved = await other.api.raw('POST', 'products/import', file, { 'content-type': 'text/csv' });
    expect(moved.body.errors).toMatchObject([{ row: 2, code: 'STOCK_INVALID' }]);
  });

  it('may be the sum of several variants', async () => {
    const variants = ['S', 'M'].map((size) => ({ optionValues: { Size: size }, stock: 1_000_000_000 }));
    const made = await newProduct(api, { sku: undefined, stock: undefined, variants });
    expect(made.stock).toBe(2_000_000_000);
    expect((await api.patch(`products/${made.id}`, made)).status).toBe(200);
    expect(
      problemIn(
        await api.patch(`products/${made.id}`, { variants: [{ ...variants[0], stock: 1_000_000_001 }] }),
      ),
    ).toBe('400 VALIDATION_FAILED');
  });
});

describe('a variant that sells when out', () => {
  it('is sold beyond its stock, which goes below 0 and comes back', async () => {
    const product = await newVariant({ stock: 2, sellsWhenOut: true });
    const order = await newOrder(api, product.id, 5);
    expect(await stockOf(product.id)).toBe(-3);
    await api.post(`orders/${order.id}/cancel`);
    expect(await stockOf(product.id)).toBe(2);
    expect(await ledgerOf(product)).toEqual(['correction 2', 'sale -5', 'cancel 5']);
  });

  it('cannot stop to while its stock is below 0', async () => {
    const product = await newVariant({ stock: -1, sellsWhenOut: true });
    const variants = [{ id: product.variants[0].id, sellsWhenOut: false }];
    const answer = await api.patch(`products/${product.id}`, { variants });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(await stockOf(product.id)).toBe(-1);
  });
});

describe('the ledger of a variant', () => {
  it('has each change of its stock and nothing else', async () => {
    const product = await newProduct(api, { stock: 10 });
    const order = await newOrder(api, product.id, 3);
    await api.patch(`products/${product.id}`, { stock: 20 });
    await api.patch(`products/${product.id}`, { name: 'Renamed' });
    await api.post(`orders/${order.id}/cancel`);
    const csv = `Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\n${product.handle},Tee,${product.sku},4,1`;
    const answer = await api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
    expect(answer.status).toBe(200);
    expect(await ledgerOf(product)).toEqual([
      'correction 10',
      'sale -3',
      'correction 13',
      'cancel 3',
      'import -19',
    ]);
    expect(await stockOf(product.id)).toBe(4);
  });

  it('has nothing of an order that was refused', async () => {
    const [enough, short] = [await newProduct(api, { stock: 10 }), await newProduct(api, { stock: 1 })];
    const lines = [enough, short].map(({ id }) => ({ productId: id, quantity: 2 }));
    expect(problemIn(await api.post('orders', { lines }))).toBe('409 INSUFFICIENT_STOCK');
    expect(await ledgerOf(enough)).toEqual(['correction 10']);
  });

  it('adds up to the stock after twenty orders, corrections and cancellations at once', async () => {
    const product = await newProduct(api, { stock: 100 });
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const order = await newOrder(api, product.id, 1 + (i % 3));
        if (i % 2 === 0) await api.post(`orders/${order.id}/cancel`);
        if (i % 5 === 0) await api.patch(`products/${product.id}`, { stock: 100 + i });
      }),
    );
    const changes = (await ledgerOf(product)).map((text) => Number(text.split(' ')[1]));
    expect(changes.reduce((sum, change) => sum + change, 0)).toBe(await stockOf(product.id));
  });
});

describe('many orders at once', () => {
  const ORDERS = size('PARALLEL_ORDERS', 300, 1000);

  it(`sell 100 pieces to 100 of ${ORDERS} buyers`, async () => {
    await liftLimits(app.database, owner);
    const product = await newProduct(api, { stock: 100 });
    const order = { lines: [{ productId: product.id, quantity: 1 }] };
    const codes: string[] = [];
    const buy = async (): Promise<void> => {
      const answer = await api.post('orders', order);
      if (answer.status === 503) return buy(); // the queue was full; nothing was stored
      codes.push(answer.status === 201 ? 'sold' : answer.body.code);
    };
    await Promise.all(Array.from({ length: ORDERS }, buy));
    expect(codes.filter((code) => code === 'sold')).toHaveLength(100);
    expect(codes.filter((code) => code === 'INSUFFICIENT_STOCK')).toHaveLength(ORDERS - 100);
    expect(await stockOf(product.id)).toBe(0);
    expect(await ledgerOf(product)).toEqual(['correction 100', ...Array(100).fill('sale -1')]);
  });
});

describe('an unlisted product', () => {
  it('is sold, unlike a draft', async () => {
    const unlisted = await newProduct(api, { status: 'unlisted' });
    await newOrder(api, unlisted.id);
    const draft = await newProduct(api, { status: 'draft' });
    const answer = await api.post('orders', { lines: [{ productId: draft.id, quantity: 1 }] });
    expect(problemIn(answer)).toBe('409 PRODUCT_NOT_FOR_SALE');
  });
});
