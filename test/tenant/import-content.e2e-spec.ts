import type { Answer, Api } from '../support/api';
import { newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let api: Api;

beforeEach(async () => {
  ({ api } = await newOwner(app.api));
});

const send = (csv: string | Buffer, query = ''): Promise<Answer> =>
  api.raw('POST', `products/import${query}`, csv as never, { 'content-type': 'text/csv' });

const load = async (...lines: string[]): Promise<void> =>
  expect(await send(lines.join('\n'))).toMatchObject({ status: 200, body: { errors: [] } });

/** Without the SKU and stock that `newProduct` gives. */
const OF_VARIANTS = { sku: undefined, stock: undefined };

// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
const only = async (): Promise<any> => (await api.get('products')).body.items[0];

describe('a file of products', () => {
  it.each([
    ['Variant Grams', '500', { grams: 500 }],
    ['Variant Inventory Tracker', '', { tracksStock: false }],
    ['Continue selling when out of stock', 'true', { sellsWhenOut: true }],
    ['Variant Requires Shipping', 'false', { requiresShipping: false }],
    ['Variant Taxable', 'false', { taxable: false }],
    ['Variant Image', 'https://images.example.com/a.jpg', { imageSrc: 'https://images.example.com/a.jpg' }],
    ['Variant Tax Code', 'P1', { attributes: { 'Variant Tax Code': 'P1' } }],
  ])('may set %s alone', async (column, value, expected) => {
    await newProduct(api, { name: 'Mug', handle: 'mug' });
    await load(`Handle,${column}`, `mug,${value}`);
    expect((await only()).variants).toMatchObject([expected]);
  });

  it('adds images by SKU, a row for each', async () => {
    const variants = ['S', 'M'].map((size) => ({ sku: size, priceMinor: 1, optionValues: { Size: size } }));
    await newProduct(api, { name: 'Tee', ...OF_VARIANTS, variants });
    const src = (name: string) => `https://images.example.com/${name}.jpg`;
    await load('Variant SKU,Image Src', `S,${src('a')}`, `M,${src('b')}`);
    expect((await only()).images).toMatchObject([{ src: src('a') }, { src: src('b') }]);
  });

  it('finds by SKU what an earlier row has just given it, and nothing by one that it has lost', async () => {
    await newProduct(api, { name: 'Mug', handle: 'mug', sku: 'OLD' });
    const header = 'Handle,Variant SKU,Variant Price';
    await load(header, 'mug,NEW,5.00', ',NEW,6.00');
    expect(await only()).toMatchObject({ sku: 'NEW', priceMinor: 600 });
    const { body } = await send([header, 'mug,NEWER,7.00', ',NEW,8.00'].join('\n'), '?mode=skip');
    expect(body.errors).toMatchObject([{ row: 3, code: 'SKU_UNKNOWN' }]);
    expect(await only()).toMatchObject({ sku: 'NEWER', priceMinor: 700 });
  });

  it.each([
    ['another SKU', 'Mug', 'B'],
    ['another title', 'Müg', ''],
  ])('without a handle writes over no product that has %s', async (_, title, sku) => {
    const mug = await newProduct(api, { name: 'Mug', handle: 'mug', sku: 'A' });
    const { body } = await send(`Title,Variant SKU,Variant Price\n${title},${sku},9.00`, '?mode=skip');
    expect(body.errors).toMatchObject([{ row: 2, code: 'HANDLE_UNCLEAR' }]);
    expect(await only()).toEqual(mug);
  });

  it.each([
    ['a title alone', 'A', ['Mug,,9.00']],
    ['a SKU that the product had none of', null, ['Mug,B,9.00']],
  ])('without a handle finds a product by %s', async (_, stored, rows) => {
    const { id } = await newProduct(api, { name: 'Mug', handle: 'mug', sku: stored });
    await load('Title,Variant SKU,Variant Price', ...rows);
    expect(await only()).toMatchObject({ id, priceMinor: 900 });
  });

  it('without a handle adds a variant in front of those that it names by SKU', async () => {
    const variants = [{ sku: 'T-S', priceMinor: 1, optionValues: { Size: 'S' } }];
    const { id } = await newProduct(api, { name: 'Tee', handle: 'tee', ...OF_VARIANTS, variants });
    await load(
      'Title,Option1 Name,Option1 Value,Variant SKU,Variant Price',
      'Tee,Size,XS,T-XS,1',
      'Tee,,S,T-S,2',
    );
    expect(await only()).toMatchObject({ id, variants: [{ sku: 'T-S', priceMinor: 200 }, { sku: 'T-XS' }] });
  });

  it('without a currency, in which a price is no amount of the product, leaves it alone', async () => {
    await newProduct(api, { name: 'Mug', handle: 'mug', priceMinor: 1500, currency: 'JPY' });
    const { body } = await send('Handle,Variant Price\nmug,15.50', '?mode=skip');
    expect(body.errors).toMatchObject([{ row: 2, code: 'CURRENCY_CONFLICT' }]);
    expect(await only()).toMatchObject({ currency: 'JPY', priceMinor: 1500 });
  });

  it.each(['compareAtMinor', 'costMinor'])(
    'gives no other currency to a %s that it does not name',
    async (field) => {
      const variants = [{ priceMinor: 1500, [field]: 2000 }];
      await newProduct(api, { name: 'Mug', handle: 'mug', currency: 'JPY', ...OF_VARIANTS, variants });
      const { body } = await send('Handle,Variant Price,Currency\nmug,15.00,USD', '?mode=skip');
      expect(body.errors).toMatchObject([{ row: 2, code: 'CURRENCY_CONFLICT' }]);
      expect(await only()).toMatchObject({ currency: 'JPY', variants: [{ [field]: 2000 }] });
    },
  );

  it('adds no image beyond the 250th', async () => {
    await newProduct(api, { name: 'Mug', handle: 'mug' });
    const rows = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `mug,,https://images.example.com/${from + i}.jpg`);
    await load('Handle,Title,Image Src', ...rows(0, 249));
    const { body } = await send(['Handle,Title,Image Src', ...rows(249, 251)].join('\n'), '?mode=skip');
    expect(body.errors).toMatchObject([
      { row: 2, code: 'IMAGES_TOO_MANY' },
      { row: 3, code: 'IMAGES_TOO_MANY' },
    ]);
    await load('Handle,Title,Image Src', ...rows(249, 250));
    const mug = await only();
    expect(mug.images).toHaveLength(250);
    expect((await api.patch(`products/${mug.id}`, mug)).status).toBe(200);
  });

  it('changes no description that the API took in decomposed letters', async () => {
    const { description } = await newProduct(api, { description: ' <p>Cafe\u0301</p> ' });
    expect(description).toBe(' <p>Caf\u00e9</p> ');
    const file = (await api.get('products/export')).body;
    expect((await send(file)).body.products).toEqual({ created: 0, updated: 0, unchanged: 1 });
  });

  it('has no stock that the API would refuse', async () => {
    const header = 'Handle,Title,Variant Inventory Qty,Variant Price';
    const { body } = await send(`${header}\nmug,Mug,1000000001,1\ncup,Cup,1000000000,1`, '?mode=skip');
    expect(body.errors).toMatchObject([{ row: 2, code: 'STOCK_INVALID' }]);
    const cup = await only();
    expect((await api.patch(`products/${cup.id}`, cup)).status).toBe(200);
  });

  it('is refused if its bytes are not of the encoding that the request names', async () => {
    const csv = Buffer.concat([
      Buffer.from('Handle,Title,Variant Price\nmug,M'),
      Buffer.from([0x81]),
      Buffer.from(',1'),
    ]);
    expect(problemIn(await send(csv, '?encoding=shift_jis'))).toBe('400 NOT_A_CATALOGUE');
    expect((await api.get('products')).body.items).toEqual([]);
  });
});
