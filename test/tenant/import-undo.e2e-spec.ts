import type { Answer, Api } from '../support/api';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let api: Api;

beforeEach(async () => {
  ({ api } = await newOwner(app.api));
});

/** Imports lines. @returns the id of the import */
async function load(...lines: string[]): Promise<string> {
  const { status, body } = await api.raw('POST', 'products/import', lines.join('\n') as never, {
    'content-type': 'text/csv',
  });
  expect([status, body.errors]).toEqual([200, []]);
  return body.importId;
}

/** Without the SKU and stock that `newProduct` gives. */
const OF_VARIANTS = { sku: undefined, stock: undefined };

const undo = (id: string): Promise<Answer> => api.post(`imports/${id}/undo`);

describe('undoing an import', () => {
  it('names the stock of a variant that was oversold since, because the import allowed that', async () => {
    const mug = await newProduct(api, { name: 'Mug', handle: 'mug', stock: 1 });
    const importId = await load('Handle,Variant SKU,Variant Inventory Policy', 'mug,,continue');
    await newOrder(api, mug.id, 3);
    const answer = await undo(importId);
    expect(problemIn(answer)).toBe('409 IMPORT_TOUCHED');
    expect(answer.body.errors).toMatchObject([
      { productId: mug.id, variantId: mug.variants[0].id, field: 'stock' },
    ]);
  });

  it('names a product that was sold since, also where its stock is not counted', async () => {
    const importId = await load(
      'Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker',
      'mug,Mug,M,5,',
    );
    const [mug] = (await api.get('products')).body.items;
    await newOrder(api, mug.id, 3);
    const answer = await undo(importId);
    expect(problemIn(answer)).toBe('409 IMPORT_TOUCHED');
    const stock = { productId: mug.id, variantId: mug.variants[0].id, handle: 'mug', sku: 'M' };
    expect(answer.body.errors).toContainEqual({ ...stock, field: 'orders', old: null, new: null });
    expect((await api.get(`products/${mug.id}`)).status).toBe(200);
  });

  it('says what a field was and is', async () => {
    const { id } = await newProduct(api, { name: 'Mug', handle: 'mug', sku: 'M' });
    const importId = await load('Handle,Vendor', 'mug,Potter');
    await api.patch(`products/${id}`, { vendor: 'Turner' });
    expect((await undo(importId)).body.errors).toEqual([
      {
        productId: id,
        variantId: null,
        handle: 'mug',
        sku: null,
        field: 'vendor',
        old: '"Potter"',
        new: '"Turner"',
      },
    ]);
  });

  it('removes a product that a distant part of the same file changed again', async () => {
    const others = Array.from({ length: 600 }, (_, i) => `p-${i},P ${i},P-${i},1`);
    const importId = await load(
      ...['Handle,Title,Variant SKU,Variant Price', 'mug,Mug,M,5.00', ...others, ',,M,6.00'],
    );
    expect((await api.get('products?q=mug')).body.items).toMatchObject([{ priceMinor: 600 }]);
    expect((await undo(importId)).status).toBe(200);
    expect((await api.get('products')).body.items).toEqual([]);
  });

  it('moves the time of a product of which it restores variants alone', async () => {
    const mug = await newProduct(api, { name: 'Mug', handle: 'mug', priceMinor: 500 });
    const importId = await load('Handle,Variant Price', 'mug,7.00');
    const { updatedAt } = (await api.get(`products/${mug.id}`)).body;
    expect((await undo(importId)).status).toBe(200);
    const restored = (await api.get(`products/${mug.id}`)).body;
    expect(restored.priceMinor).toBe(500);
    expect(Date.parse(restored.updatedAt)).toBeGreaterThan(Date.parse(updatedAt));
  });

  it('names a variant that has taken the option values of another since', async () => {
    const variants = ['S', 'M'].flatMap((size) =>
      ['Red', 'Blue'].map((colour) => ({
        ...{ sku: `${size}-${colour}`, priceMinor: 100 },
        optionValues: { Size: size, Colour: colour },
      })),
    );
    const tee = await newProduct(api, {
      name: 'Tee',
      handle: 'tee',
      ...OF_VARIANTS,
      variants: variants.slice(0, 3),
    });
    const importId = await load(
      'Handle,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price',
      'tee,Size,M,Colour,Blue,S-Red,1.00',
    );
    const added = await api.post(`products/${tee.id}/variants`, variants[0]);
    expect(added.status).toBe(201);
    const answer = await undo(importId);
    expect(problemIn(answer)).toBe('409 IMPORT_TOUCHED');
    expect(answer.body.errors).toMatchObject([{ productId: tee.id, variantId: null, field: 'variants' }]);
  });

  it('leaves no product without a variant', async () => {
    const variants = [
      { sku: 'A', priceMinor: 100, optionValues: { Size: 'S', Colour: 'Red' } },
      { sku: 'B', priceMinor: 100, optionValues: { Size: 'M', Colour: 'Blue' } },
    ];
    const tee = await newProduct(api, { name: 'Tee', handle: 'tee', ...OF_VARIANTS, variants });
    const importId = await load(
      'Handle,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price',
      'tee,Size,S,Colour,Blue,C,1.00',
    );
    for (const { id } of tee.variants) await api.delete(`variants/${id}`);
    expect(problemIn(await undo(importId))).toBe('409 IMPORT_TOUCHED');
  });

  it('gives no price that was changed since another currency', async () => {
    const mug = await newProduct(api, { name: 'Mug', handle: 'mug', priceMinor: 1500, currency: 'JPY' });
    const importId = await load('Handle,Title,Variant Price,Currency', 'mug,Mug,15.00,USD');
    await api.patch(`products/${mug.id}`, { priceMinor: 1700 });
    const answer = await undo(importId);
    expect(answer.body.errors).toMatchObject([
      { productId: mug.id, variantId: mug.variants[0].id, field: 'priceMinor' },
    ]);
  });

  it('waits for imports, which change the same products', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => `p-${i},P,P-${i},1.00`);
    const header = 'Handle,Title,Variant SKU,Variant Price';
    await load(header, ...rows);
    const ids = [];
    for (const price of [2, 3])
      ids.push(await load(header, ...rows.map((row) => row.replace(/1\.00$/, `${price}`))));
    const stock = [
      'Handle,Variant SKU,Variant Barcode',
      ...rows.map((row, i) => `p-${i},P-${i},${i}`).toReversed(),
    ];
    const answers = await Promise.all([undo(ids[1]!), load(...stock)]);
    expect(answers[0]).toMatchObject({ status: 200 });
  });
});
