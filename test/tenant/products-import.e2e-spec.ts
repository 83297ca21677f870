import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Answer, Api } from '../support/api';
import { newOrder, newOwner } from '../support/factories';
import { readCsv } from '../support/independent-csv';
import { runCli, scratchFolder } from '../support/program';
import { describeWithRealData, REAL_DATA } from '../support/real-data';
import { useTestApp } from '../support/test-app';
import { writeFileSync } from 'node:fs';

const app = useTestApp({ IMPORT_MAX_MB: '1' });
const HEADER =
  'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src';
const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

const importCsv = (api: Api, csv: string | Buffer, query = '') =>
  api.raw('POST', `products/import${query}`, csv as never, { 'content-type': 'text/csv' });
const csvOf = (...rows: string[]) => [HEADER, ...rows].join('\n');

// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
async function allProducts(api: Api): Promise<any[]> {
  const items = [];
  for (let cursor = ''; ;) {
    const { body } = await api.get(`products?limit=7${cursor}`);
    items.push(...body.items);
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

/** The content of a file in the shape of the API, as an independent reader finds it. */
function expectedProducts(file: string) {
  const rows = readCsv(readFileSync(file, 'utf8'));
  const handles = [...new Set(rows.map((row) => row['Handle']!))];
  return handles.map((handle) => {
    const group = rows.filter((row) => row['Handle'] === handle);
    const first = group[0]!;
    const names = [1, 2, 3]
      .map((i) => first[`Option${i} Name`])
      .filter((name) => name && name !== 'Title') as string[];
    const variants = group.filter((row) => row['Variant Price'] !== '');
    const minor = (price: string | undefined) => (price ? Math.round(Number(price) * 100) : null);
    return {
      handle,
      name: first['Title'],
      description: first['Body (HTML)'],
      vendor: first['Vendor'],
      type: first['Type'],
      tags: (first['Tags'] ?? '')
        .split(',')
        .map((tag) => tag.trim())
        .filter(Boolean),
      status: first['Published'] === 'true' ? 'active' : 'draft',
      images: group.map((row) => row['Image Src']).filter(Boolean),
      variants: variants.map((row) => ({
        optionValues: Object.fromEntries(names.map((name, i) => [name, row[`Option${i + 1} Value`]])),
        sku: row['Variant SKU'] || null,
        priceMinor: minor(row['Variant Price']),
        compareAtMinor: minor(row['Variant Compare At Price']),
        costMinor: minor(row['Cost per item']),
        stock: Number(row['Variant Inventory Qty'] || 0),
        grams: Math.round(Number(row['Variant Grams'] || 0)),
        barcode: row['Variant Barcode'] || null,
        requiresShipping: row['Variant Requires Shipping'] !== 'false',
        taxable: row['Variant Taxable'] !== 'false',
        imageSrc: row['Variant Image'] || null,
        tracksStock: (row['Variant Inventory Tracker'] ?? 'shopify') !== '',
        sellsWhenOut: row['Variant Inventory Policy'] === 'continue',
        attributes: {},
      })),
    };
  });
}

// oxlint-disable-next-line typescript/no-explicit-any
function comparable(product: any) {
  const { handle, name, description, vendor, type, tags, status, images, variants } = product;
  return {
    ...{ handle, name, description, vendor, type, tags, status },
    images: images.map(({ src }: { src: string }) => src),
    variants: variants.map(({ id: _id, ...rest }: { id: string }) => rest),
  };
}

async function expectSameAsFile(api: Api, file: string): Promise<void> {
  const products = (await allProducts(api)).toReversed(); // oldest first, as in the file
  expect(products.map(comparable)).toEqual(expectedProducts(file));
}

describeWithRealData('real Shopify catalogues', () => {
  it.each([
    ['apparel.csv', 20, 22],
    ['home-and-garden.csv', 20, 21],
  ])('%s is loaded field by field: %i products, %i variants', async (name, products, variants) => {
    const file = path.join(REAL_DATA, 'shopify', name);
    const { api } = await newOwner(app.api);
    const { status, body } = await importCsv(api, readFileSync(file));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ rows: variants, skippedRows: 0, errors: [], warnings: [], notStored: [] },
      ...{ encoding: 'utf-8', separator: 'comma' },
      products: { created: products, updated: 0, unchanged: 0 },
      variants: { created: variants, updated: 0, unchanged: 0 },
    });
    await expectSameAsFile(api, file);
  });
});

describe('example catalogues', () => {
  it.each(['tea-house.csv', 'hardware.csv'])('%s is loaded field by field', async (name) => {
    const { api } = await newOwner(app.api);
    expect((await importCsv(api, readFileSync(path.join(EXAMPLES, name)))).status).toBe(200);
    await expectSameAsFile(api, path.join(EXAMPLES, name));
  });

  it('changes nothing when the same file is imported again', async () => {
    const { api } = await newOwner(app.api);
    const file = readFileSync(path.join(EXAMPLES, 'hardware.csv'));
    const first = (await importCsv(api, file)).body;
    const before = await allProducts(api);
    const second = (await importCsv(api, file)).body;
    expect(second.products).toEqual({ created: 0, updated: 0, unchanged: first.products.created });
    expect(second.variants).toEqual({ created: 0, updated: 0, unchanged: first.variants.created });
    expect(await allProducts(api)).toEqual(before);
  });

  it('loads the same from a form', async () => {
    const { api } = await newOwner(app.api);
    const form = new FormData();
    form.set(
      'file',
      new Blob([readFileSync(path.join(EXAMPLES, 'tea-house.csv'))], { type: 'text/csv' }),
      'tea.csv',
    );
    expect((await api.raw('POST', 'products/import', form)).status).toBe(200);
    await expectSameAsFile(api, path.join(EXAMPLES, 'tea-house.csv'));
  });
});

describe('POST /products/import', () => {
  let api: Api;
  beforeEach(async () => ({ api } = await newOwner(app.api)));

  const bad = csvOf('tee,Tee,Size,S,T-S,5,10.00,', 'tee,,,M,T-M,5,ten,', 'mug,Mug,,,MUG,3,7.50,');

  it('stores nothing of a file with a bad row, and names the row', async () => {
    const { status, body } = await importCsv(api, bad);
    expect([status, body.code]).toEqual([422, 'IMPORT_REJECTED']);
    expect(body.errors).toMatchObject([
      { row: 3, handle: 'tee', column: 'Variant Price', code: 'PRICE_INVALID' },
    ]);
    expect(await allProducts(api)).toEqual([]);
  });

  it('stores the good rows and names the bad ones in mode skip', async () => {
    const { status, body } = await importCsv(api, bad, '?mode=skip');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      rows: 3,
      skippedRows: 1,
      products: { created: 2 },
      variants: { created: 2 },
    });
    expect(body.errors).toMatchObject([{ row: 3, code: 'PRICE_INVALID' }]);
    expect((await allProducts(api)).map(({ handle }) => handle)).toEqual(['mug', 'tee']);
  });

  it('updates a product by handle and adds its new variants', async () => {
    await importCsv(api, csvOf('tee,Tee,Size,S,T-S,5,10.00,'));
    const [before] = await allProducts(api);
    const { body } = await importCsv(api, csvOf('tee,Tee 2,Size,S,T-S,6,11.00,', 'tee,,,L,T-L,1,12.00,'));
    expect(body).toMatchObject({
      products: { created: 0, updated: 1 },
      variants: { created: 1, updated: 1 },
    });
    const [after] = await allProducts(api);
    expect(after).toMatchObject({
      id: before.id,
      name: 'Tee 2',
      stock: 7,
      options: [{ name: 'Size', values: ['S', 'L'] }],
    });
    expect(after.variants[0].id).toBe(before.variants[0].id);
  });

  it('leaves a variant that the file does not name, and the orders made before', async () => {
    await importCsv(api, csvOf('tee,Tee,Size,S,T-S,5,10.00,', 'tee,,,M,T-M,5,10.00,'));
    await importCsv(api, csvOf('tee,Tee,Size,S,T-S,9,10.00,'));
    const [tee] = await allProducts(api);
    expect(tee.variants.map(({ sku, stock }: { sku: string; stock: number }) => [sku, stock])).toEqual([
      ['T-S', 9],
      ['T-M', 5],
    ]);
  });

  it('lets one file swap the SKUs of two variants', async () => {
    await importCsv(api, csvOf('tee,Tee,Size,S,A,1,1,', 'tee,,,M,B,2,1,'));
    expect((await importCsv(api, csvOf('tee,Tee,Size,S,B,1,1,', 'tee,,,M,A,2,1,'))).status).toBe(200);
    const [tee] = await allProducts(api);
    const bySku = Object.fromEntries(
      tee.variants.map((v: { sku: string; optionValues: object }) => [v.sku, v.optionValues]),
    );
    expect(bySku).toEqual({ A: { Size: 'M' }, B: { Size: 'S' } });
  });

  it('names every row of a product that does not fit its variants', async () => {
    await importCsv(api, csvOf('tee,Tee,Size,S,A,1,1,'));
    const { body } = await importCsv(
      api,
      csvOf('tee,Tee,Color,Red,B,1,1,', 'tee,,,,,,,https://images.example.com/a.jpg'),
      '?mode=skip',
    );
    expect(body.errors).toMatchObject([
      { row: 2, code: 'VARIANTS_CONFLICT' },
      { row: 3, code: 'VARIANTS_CONFLICT' },
    ]);
  });

  it('continues a product that an earlier part of the file has made', async () => {
    const { status } = await importCsv(
      api,
      csvOf('tee,Tee,Size,S,A,1,1,', 'mug,Mug,,,C,1,1,', 'tee,Tee,Size,M,B,1,1,'),
    );
    expect(status).toBe(200);
    const tee = (await allProducts(api)).find(({ handle }) => handle === 'tee');
    expect(tee.variants).toHaveLength(2);
  });

  it('uses the currency of the shop, or the requested one, with its number of digits', async () => {
    const yen = await newOwner(app.api, { currency: 'JPY' });
    await importCsv(yen.api, csvOf('tee,Tee,,,A,1,1500,'));
    await importCsv(yen.api, csvOf('mug,Mug,,,B,1,1.234,'), '?currency=KWD');
    expect((await allProducts(yen.api)).map(({ currency, priceMinor }) => [currency, priceMinor])).toEqual([
      ['KWD', 1234],
      ['JPY', 1500],
    ]);
  });

  it.each([
    ['names no title, no currency and cents', 'tee,,Size,S,A,15.50,'],
    ['names no title and another currency', 'tee,,Size,S,A,15.00,USD'],
    ['names some of the variants', 'tee,Tee,Size,S,A,15.00,USD'],
  ])('leaves a product alone that has another currency, when the file %s', async (_how, row) => {
    const { api: seller } = await newOwner(app.api);
    const header = 'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Currency';
    await importCsv(seller, [header, 'tee,Tee,Size,S,A,1500,JPY', 'tee,,,M,B,1500,'].join('\n'));
    const { body } = await importCsv(seller, `${header}\n${row}`);
    expect(body.errors).toEqual([expect.objectContaining({ row: 2, code: 'CURRENCY_CONFLICT' })]);
    const [tee] = await allProducts(seller);
    expect([tee.currency, ...tee.variants.map((v: { priceMinor: number }) => v.priceMinor)]).toEqual([
      ...['JPY', 1500, 1500],
    ]);
  });

  it('gives a product another currency when the file names all of its variants', async () => {
    await importCsv(api, 'Handle,Title,Variant Price,Currency\ntee,Tee,1500,JPY');
    expect((await importCsv(api, 'Handle,Title,Variant Price,Currency\ntee,Tee,15.00,USD')).status).toBe(200);
    expect((await allProducts(api)).map(({ currency, priceMinor }) => [currency, priceMinor])).toEqual([
      ['USD', 1500],
    ]);
  });

  it('refuses a row that has another currency than the first of its product', async () => {
    const header = 'Handle,Title,Option1 Name,Option1 Value,Variant Price,Currency';
    const rows = ['tee,Tee,Size,S,1500,JPY', 'tee,,,M,1500,JPY', 'tee,,,L,15.00,USD'];
    const { body } = await importCsv(api, [header, ...rows].join('\n'), '?mode=skip');
    expect(body.errors).toEqual([expect.objectContaining({ row: 4, code: 'CURRENCY_INVALID' })]);
    expect((await allProducts(api))[0].variants).toHaveLength(2);
  });

  it('loads thousands of rows in one transaction', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `p-${i},Product ${i},,,SKU-${i},1,1.00,`);
    const { body } = await importCsv(api, csvOf(...rows));
    expect(body.products).toEqual({ created: 3000, updated: 0, unchanged: 0 });
    expect((await api.get('products?q=SKU-2999')).body.items).toHaveLength(1);
  });

  it('does not show the catalogue to another shop', async () => {
    await importCsv(api, csvOf('tee,Tee,,,A,1,1,'));
    expect(await allProducts((await newOwner(app.api)).api)).toEqual([]);
  });

  it('runs at the same time as orders without a deadlock', async () => {
    await importCsv(api, csvOf(...Array.from({ length: 20 }, (_, i) => `p-${i},P ${i},,,S-${i},1000,1.00,`)));
    const products = await allProducts(api);
    const again = csvOf(...Array.from({ length: 20 }, (_, i) => `p-${19 - i},P,,,S-${19 - i},1000,1.00,`));
    const answers: Answer[] = await Promise.all([
      ...Array.from({ length: 5 }, () => importCsv(api, again)),
      ...products.map(({ id }) => api.post('orders', { lines: [{ productId: id, quantity: 1 }] })),
    ]);
    expect(answers.filter(({ status }) => status >= 400)).toEqual([]);
  });

  it.each([
    ['no file at all', undefined, {}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['JSON', '{}', { 'content-type': 'application/json' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['an empty file', '', { 'content-type': 'text/csv' }, 400, 'NOT_A_CATALOGUE'],
    [
      'a file without a column that names products',
      'a,b\n1,2\n',
      { 'content-type': 'text/csv' },
      400,
      'NOT_A_CATALOGUE',
    ],
    [
      'a quote that never ends',
      `${HEADER}\n"tee,Tee`,
      { 'content-type': 'text/csv' },
      400,
      'NOT_A_CATALOGUE',
    ],
    [
      'a file above the limit',
      Buffer.alloc(1_100_000, 'a'),
      { 'content-type': 'text/csv' },
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'a zipped file',
      'x',
      { 'content-type': 'text/csv', 'content-encoding': 'gzip' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['another alphabet', 'x', { 'content-type': 'text/csv; charset=utf-16' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a form by another spelling', 'x', { 'content-type': 'Multipart/Form-Data' }, 400, 'MALFORMED_BODY'],
    ['a form without boundary', 'x', { 'content-type': 'multipart/form-data' }, 400, 'MALFORMED_BODY'],
    [
      'a broken form',
      '--b\r\nnonsense',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'MALFORMED_BODY',
    ],
    [
      'a form without a file',
      '--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'MALFORMED_BODY',
    ],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    const answer = await api.raw('POST', 'products/import', body, headers as Record<string, string>);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('refuses a form with two files, and one whose file is above the limit', async () => {
    const two = new FormData();
    two.set('a', new Blob([csvOf('a,A,,,A,1,1,')]), 'a.csv');
    two.set('b', new Blob([csvOf('b,B,,,B,1,1,')]), 'b.csv');
    expect((await api.raw('POST', 'products/import', two)).body.code).toBe('MALFORMED_BODY');
    const big = new FormData();
    big.set('a', new Blob([Buffer.alloc(1_100_000, 'a')]), 'a.csv');
    expect((await api.raw('POST', 'products/import', big)).body.code).toBe('BODY_TOO_LARGE');
    expect(await allProducts(api)).toEqual([]);
  });

  it.each(['?mode=maybe', '?currency=EURO', '?x=1'])('refuses the query %s', async (query) => {
    expect((await importCsv(api, csvOf('a,A,,,A,1,1,'), query)).body.code).toBe('VALIDATION_FAILED');
  });
});

describe('products:import', () => {
  const folder = scratchFolder();
  const file = (name: string, csv: string) => {
    writeFileSync(path.join(folder, name), csv);
    return path.join(folder, name);
  };
  const importFile = (...args: string[]) =>
    runCli(['products:import', ...args], { env: { DATABASE_URL: app.database.url } });

  it('prints in a dry run what would be created', async () => {
    const { shop } = await newOwner(app.api);
    const csv = file('dry.csv', 'Handle,Title,Variant SKU,Variant Price\nmug,Mug,M,5\n');
    const { stdout } = await importFile('--shop', shop.slug, '--dry-run', csv);
    expect(stdout).toContain('create mug: {"name":"Mug","status":"active","currency":"USD"}');
    expect(stdout).toContain('create mug M: {"optionValues":{},"priceMinor":500,"stock":0}');
  });

  it('loads a file into the shop named by slug and prints what it did', async () => {
    const { api, shop } = await newOwner(app.api);
    const { code, stdout, stderr } = await importFile(
      '--shop',
      shop.slug,
      path.join(EXAMPLES, 'tea-house.csv'),
    );
    expect(code).toBe(0);
    expect(stdout).toContain(
      'products 14 created, 0 updated; variants 33 created, 0 updated; 0 rows skipped',
    );
    expect(stdout).toContain('read as utf-8, separated by comma');
    expect(stderr).toMatch(/importing bytes [\d.]+K?\/[\d.]+K?/);
    await expectSameAsFile(api, path.join(EXAMPLES, 'tea-house.csv'));
  });

  it('names bad rows, stores nothing and exits 1', async () => {
    const { api, shop } = await newOwner(app.api);
    const { code, stdout, stderr } = await importFile(
      '--shop',
      shop.id,
      file('bad.csv', csvOf('tee,Tee,,,A,1,x,')),
    );
    expect(code).toBe(1);
    expect(stdout).toContain('line 2  tee  Variant Price  PRICE_INVALID');
    expect(stderr).toContain('IMPORT_REJECTED');
    expect(await allProducts(api)).toEqual([]);
  });

  it('keeps orders of the shop running', async () => {
    const { api, shop } = await newOwner(app.api);
    await importFile('--shop', shop.id, file('good.csv', csvOf('tee,Tee,,,A,1,5,')));
    const [tee] = await allProducts(api);
    expect((await newOrder(api, tee.id)).totalMinor).toBe(500);
  });

  it('reports a shop or file that does not exist', async () => {
    const noShop = await importFile('--shop', 'nowhere', file('a.csv', csvOf()));
    expect([noShop.code, noShop.stderr]).toEqual([1, expect.stringContaining('SHOP_NOT_FOUND')]);
    const { shop } = await newOwner(app.api);
    const noFile = await importFile('--shop', shop.slug, path.join(folder, 'missing.csv'));
    expect([noFile.code, noFile.stderr]).toEqual([1, expect.stringContaining('missing.csv')]);
  });
});
