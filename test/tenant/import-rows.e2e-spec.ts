import type { Answer, Api } from '../support/api';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let api: Api;

beforeEach(async () => {
  ({ api } = await newOwner(app.api));
});

const send = (csv: string | Buffer, query = ''): Promise<Answer> =>
  api.raw('POST', `products/import${query}`, csv as never, { 'content-type': 'text/csv' });

/** Imports lines and expects every row to be stored. */
async function load(...lines: string[]): Promise<Answer['body']> {
  const answer = await send(lines.join('\n'));
  expect(answer).toMatchObject({ status: 200, body: { errors: [], skippedRows: 0 } });
  return answer.body;
}

/** All products of the shop, oldest first. */
// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
async function products(): Promise<any[]> {
  return (await api.get('products?limit=100')).body.items.toReversed();
}

// oxlint-disable-next-line typescript/no-explicit-any
async function only(): Promise<any> {
  const [product, second] = await products();
  expect(second).toBeUndefined();
  return product;
}

const exported = async (): Promise<string> => (await api.get('products/export')).body;

describe('products of a file', () => {
  const SKUS = 'Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price';

  it('share a SKU and stay two', async () => {
    await load(SKUS, 'red-mug,Red mug,MUG,3,5.00', 'blue-plate,Blue plate,MUG,7,9.00');
    expect(
      (await products()).map(({ handle, sku, stock, priceMinor }) => [handle, sku, stock, priceMinor]),
    ).toEqual([
      ['red-mug', 'MUG', 3, 500],
      ['blue-plate', 'MUG', 7, 900],
    ]);
  });

  it('may take the SKU that another product had', async () => {
    await load('Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price', 'mug,Mug,A1,1,5');
    await load('Handle,Title,Variant SKU,Variant Price', 'mug,Mug,A2,2', 'cup,Cup,A1,1');
    expect((await products()).map(({ handle, sku, priceMinor }) => [handle, sku, priceMinor])).toEqual([
      ['mug', 'A2', 200],
      ['cup', 'A1', 100],
    ]);
  });

  it('are found by SKU where the file has no handle, if exactly one variant has it', async () => {
    await load(SKUS, 'mug,Mug,M,3,5', 'cup,Cup,C,3,5', 'jug,Jug,C,3,5');
    const { body } = await send('Variant SKU,Variant Inventory Qty\nM,9\nC,9\nX,9', '?mode=skip');
    expect(body.errors.map(({ row, code }: { row: number; code: string }) => [row, code])).toEqual([
      [3, 'SKU_AMBIGUOUS'],
      [4, 'SKU_UNKNOWN'],
    ]);
    expect((await products()).map(({ stock }) => stock)).toEqual([9, 3, 3]);
  });

  it('change several variants of one product, each by its SKU', async () => {
    const header = 'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price';
    await load(header, 'tee,Tee,Size,S,T-S,1,5', 'tee,,,M,T-M,2,6');
    const { variants } = await load('SKU,Price', 'T-S,7', 'T-M,8');
    expect(variants).toEqual({ created: 0, updated: 2, unchanged: 0 });
    expect(
      (await only()).variants.map((v: { priceMinor: number; stock: number }) => [v.priceMinor, v.stock]),
    ).toEqual([
      [700, 1],
      [800, 2],
    ]);
  });

  it('may have rows far apart, also before their titled row', async () => {
    await load(
      'Handle,Title,Option1 Name,Option1 Value,Variant Price,Image Src,Image Position',
      'tee,,,M,6,https://e.com/2.jpg,2',
      'mug,Mug,,,5,,',
      'tee,Tee,Size,S,5,https://e.com/1.jpg,1',
      'cup,Cup,,,5,,',
      'tee,,,,,https://e.com/3.jpg,3',
    );
    const tee = (await products()).find(({ handle }) => handle === 'tee');
    expect(tee.variants).toHaveLength(2);
    expect(tee.images.map(({ src }: { src: string }) => src.slice(-5))).toEqual(['1.jpg', '2.jpg', '3.jpg']);
  });

  it('may each be titled in every row', async () => {
    await load(
      'Handle,Title,Variant Price,Image Src',
      'a,Ay,5,https://e.com/1.jpg',
      'b,Bee,5,',
      'a,Ay,5,https://e.com/2.jpg',
    );
    const a = (await products()).find(({ handle }) => handle === 'a');
    expect([a.variants.length, a.images.length]).toEqual([1, 2]);
  });

  it('have up to 2,048 variants', async () => {
    const rows = Array.from(
      { length: 2048 },
      (_, i) => `p,${i === 0 ? 'P' : ''},${i === 0 ? 'N' : ''},${i},1`,
    );
    await load('Handle,Title,Option1 Name,Option1 Value,Variant Price', ...rows);
    expect((await only()).variants).toHaveLength(2048);
  });

  it('are no rows without any value', async () => {
    const { rows } = await load('Handle,Title,Variant Price', 'mug,Mug,5', ',,', '', ' , ,');
    expect(rows).toBe(1);
  });
});

describe('columns that the file lacks', () => {
  const full = {
    ...{ name: 'Tee', sku: undefined, stock: undefined, priceMinor: undefined, status: 'draft' },
    ...{ description: '<p>Soft.</p>', vendor: 'Loom', type: 'Shirts', tags: ['summer'] },
    images: [{ src: 'https://images.example.com/tee.jpg', position: 1, alt: 'Front' }],
    attributes: { 'SEO Title': 'Soft tees' },
    variants: [
      {
        ...{ sku: 'T', priceMinor: 1000, compareAtMinor: 1200, costMinor: 300, stock: 7, barcode: '0112' },
        ...{ grams: 180, requiresShipping: false, taxable: false, sellsWhenOut: true },
        imageSrc: 'https://images.example.com/s.jpg',
      },
    ],
  };

  it.each([
    ['Handle,Title,Variant Price', (h: string) => `${h},Tee,11.00`, { priceMinor: 1100 }],
    ['Handle,Variant Price', (h: string) => `${h},11.00`, { priceMinor: 1100 }],
    ['Handle,Variant Inventory Qty', (h: string) => `${h},3`, { stock: 3 }],
    ['Variant SKU,Inventory quantity', () => 'T,3', { stock: 3 }],
  ])('leave their fields alone: %s', async (header, row, change) => {
    const before = await newProduct(api, full);
    const { products: counts } = await load(header, row(before.handle));
    expect(counts).toEqual({ created: 0, updated: 1, unchanged: 0 });
    const after = await only();
    expect({ ...after, updatedAt: null }).toEqual({
      ...before,
      ...change,
      variants: [{ ...before.variants[0], ...change }],
      updatedAt: null,
    });
  });

  it('leave the currency of a product, in which its prices are read', async () => {
    await load('Handle,Title,Variant SKU,Variant Price,Currency', 'mug,Mug,A,20,USD', 'tea,Tea,B,2000,JPY');
    await load('Variant SKU,Variant Price', 'A,18.50', 'B,1850');
    expect((await products()).map(({ currency, priceMinor }) => [currency, priceMinor])).toEqual([
      ['USD', 1850],
      ['JPY', 1850],
    ]);
  });

  it('put no sold unit back', async () => {
    const before = await newProduct(api, { ...full, status: 'active' });
    await newOrder(api, before.id, 2);
    await load('Handle,Title,Variant Price', `${before.handle},Tee,12.00`);
    expect((await only()).stock).toBe(5);
  });

  it('set a field without a variant', async () => {
    const before = await newProduct(api, full);
    await load('Handle,Status', `${before.handle},active`);
    expect(await only()).toEqual({ ...before, status: 'active', updatedAt: expect.any(String) });
  });

  it('are unlike empty cells, which empty the field', async () => {
    const { handle } = await newProduct(api, full);
    await load(
      'Handle,Title,Vendor,Tags,SEO Title,Variant Price,Variant Compare At Price,Cost per item,Variant Barcode,Image Src',
      `${handle},Tee,,,,10.00,,,,`,
    );
    expect(await only()).toMatchObject({
      ...{ vendor: '', tags: [], images: [], attributes: {}, type: 'Shirts' },
      variants: [{ compareAtMinor: null, costMinor: null, barcode: null, stock: 7 }],
    });
  });
});

describe('stock of a file', () => {
  const HEADER =
    'Handle,Title,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price';

  it('is not counted if the tracker is empty, and such a variant can be ordered', async () => {
    await load(HEADER, 'mug,Mug,,0,deny,5');
    const mug = await only();
    expect(mug.variants).toMatchObject([{ tracksStock: false, sellsWhenOut: false, stock: 0 }]);
    expect((await newOrder(api, mug.id, 3)).totalMinor).toBe(1500);
  });

  it('may be exceeded if the policy is to continue', async () => {
    await load(HEADER, 'mug,Mug,shopify,-2,continue,5');
    const mug = await only();
    expect(mug.variants).toMatchObject([{ tracksStock: true, sellsWhenOut: true, stock: -2 }]);
    await newOrder(api, mug.id, 3);
    expect((await only()).stock).toBe(-5);
    expect(await exported()).toContain(',shopify,-5,continue,');
  });

  it('below 0 is named if the variant does not sell when out', async () => {
    const answer = await send([HEADER, 'mug,Mug,shopify,-2,deny,5'].join('\n'));
    expect(answer.body.errors).toMatchObject([{ row: 2, code: 'STOCK_NEGATIVE' }]);
  });
});

describe('status of a file', () => {
  it.each([
    ['false', 'active', 'draft'],
    ['TRUE', 'active', 'active'],
    ['true', 'unlisted', 'unlisted'],
    ['false', 'unlisted', 'draft'],
    ['false', 'archived', 'archived'],
    ['false', '', 'draft'],
  ])('is, with Published %s and Status %s, %s, and comes back so', async (published, status, stored) => {
    await load('Handle,Title,Variant Price,Published,Status', `mug,Mug,5,${published},${status}`);
    expect((await only()).status).toBe(stored);
    expect((await send(await exported())).body.products).toEqual({ created: 0, updated: 0, unchanged: 1 });
  });

  it.each([
    ['draft', 'active'],
    ['archived', 'archived'],
  ])('without a column Status is, for a published product that was %s, %s', async (before, after) => {
    await newProduct(api, { handle: 'mug', status: before });
    await load('Handle,Published', 'mug,true');
    expect((await only()).status).toBe(after);
  });
});

describe('texts of a file', () => {
  it('lose the apostrophe of a spreadsheet, and a search finds the code', async () => {
    await load('Handle,Title,Variant SKU,Variant Barcode,Variant Price', "mug,Mug,'0112,'0850064060010,5");
    expect((await only()).variants).toMatchObject([{ sku: '0112', barcode: '0850064060010' }]);
    expect((await api.get('products?q=0112')).body.items).toHaveLength(1);
  });

  it.each([
    ['Łopata', 'lopata'],
    ['Ærø', 'aero'],
    ['Straße', 'strasse'],
    ['Đà Nẵng', 'da-nang'],
    ['Cafe\u0301', 'cafe'],
  ])('make of the title %s the handle %s', async (title, handle) => {
    await load('Title,Variant Price', `${title},5`);
    expect((await only()).handle).toBe(handle);
    expect((await newProduct(api, { name: `${title} 2` })).handle).toBe(`${handle}-2`);
  });

  it('are compared in NFC', async () => {
    await load('Handle,Title,Variant Price', 'a,Cafe\u0301,5');
    expect((await only()).name).toBe('Caf\u00e9');
    expect((await api.get(`products?q=${encodeURIComponent('cafe\u0301')}`)).body.items).toHaveLength(1);
  });
});

describe('attributes', () => {
  it('and other fields of a variant can be loaded alone', async () => {
    const { sku } = await newProduct(api, { handle: 'mug' });
    await load('Handle,Variant Inventory Policy', 'mug,continue');
    await load('Handle,Variant Inventory Tracker', 'mug,');
    await load('Handle,Title,Variant Grams', 'mug,Mug,180');
    await load('Handle,Variant Tax Code', 'mug,P00');
    expect((await only()).variants[0]).toMatchObject({
      ...{
        sku,
        sellsWhenOut: true,
        tracksStock: false,
        grams: 180,
        attributes: { 'Variant Tax Code': 'P00' },
      },
    });
  });

  it('keep category, SEO, metafields and unit price, and the export returns them', async () => {
    await load(
      'Handle,Title,Product Category,SEO Title,Fabric (product.metafields.custom.fabric),Unit Price Base Measure,Variant Price',
      'tee,Tee,Apparel > Shirts,Soft,Linen,100,5',
    );
    const tee = await only();
    expect(tee.attributes).toEqual({
      ...{ 'Product Category': 'Apparel > Shirts', 'SEO Title': 'Soft' },
      'Fabric (product.metafields.custom.fabric)': 'Linen',
    });
    expect(tee.variants[0].attributes).toEqual({ 'Unit Price Base Measure': '100' });
    const csv = await exported();
    const other = (await newOwner(app.api)).api;
    await other.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
    expect((await other.get('products/export')).body).toBe(csv);
  });
});

describe('options', () => {
  const HEADER = 'Handle,Title,Option1 Name,Option1 Value,Variant Price';

  it('keep their order when a file names some variants only', async () => {
    await load(HEADER, 'tee,Tee,Size,S,5', 'tee,,,M,5', 'tee,,,L,5');
    await load(HEADER, 'tee,Tee,Size,S,6');
    expect((await only()).options).toEqual([{ name: 'Size', values: ['S', 'M', 'L'] }]);
  });

  it('keep values that no variant has yet', async () => {
    const options = [{ name: 'Size', values: ['L', 'M', 'S'] }];
    const variants = [{ optionValues: { Size: 'S' }, priceMinor: 500 }];
    const overrides = { sku: undefined, stock: undefined, priceMinor: undefined, options, variants };
    await newProduct(api, overrides);
    expect((await send(await exported())).body.products).toEqual({ created: 0, updated: 0, unchanged: 1 });
    expect((await only()).options).toEqual(options);
  });
});

describe('writing of a file', () => {
  const ROWS = [
    ['Handle', 'Title', 'Variant Price'],
    ['cafe', 'Café', '5.00'],
  ];
  const text = (separator: string) => ROWS.map((row) => row.join(separator)).join('\r\n');

  it.each<[string, string | Buffer, object]>([
    ['semicolons', text(';'), { separator: 'semicolon', encoding: 'utf-8' }],
    ['tabs', text('\t'), { separator: 'tab', encoding: 'utf-8' }],
    ['bars', text('|'), { separator: 'pipe', encoding: 'utf-8' }],
    ['a line sep=;', `sep=;\r\n${text(';')}`, { separator: 'semicolon', encoding: 'utf-8' }],
    ['UTF-16', Buffer.from(`\uFEFF${text('\t')}`, 'utf16le'), { separator: 'tab', encoding: 'utf-16le' }],
    ['Windows-1252', Buffer.from(text(';'), 'latin1'), { separator: 'semicolon', encoding: 'windows-1252' }],
  ])('is found out and named: %s', async (_, file, dialect) => {
    const { status, body } = await send(file);
    expect([status, body]).toEqual([200, expect.objectContaining(dialect)]);
    expect((await only()).name).toBe('Café');
  });

  it('is asked for if two encodings fit', async () => {
    const file = Buffer.from('Handle,Title,Variant Price\nmanana,Ma\xf1ana,5\n', 'latin1');
    expect(problemIn(await send(file))).toBe('400 ENCODING_UNCLEAR');
    expect((await send(file, '?encoding=windows-1252')).body.encoding).toBe('windows-1252');
    expect((await only()).name).toBe('Mañana');
  });

  it('may have decimal commas if the request says so', async () => {
    const file = 'Handle;Title;Variant Price\nmug;Mug;1.234,50';
    expect((await send(file)).body.errors).toMatchObject([{ row: 2, code: 'PRICE_INVALID' }]);
    expect((await send(file, '?decimal=comma')).status).toBe(200);
    expect((await only()).priceMinor).toBe(123_450);
  });

  it('may leave out cells at the end, and write numbers and flags as spreadsheets do', async () => {
    await load(
      'Handle,Title,Variant Price,Variant Inventory Qty,Variant Taxable,Vendor',
      'a,A,5.0,5.0,FALSCH',
      'b,B,5,3,VRAI,V',
    );
    expect(
      (await products()).map(({ stock, vendor, variants }) => [stock, vendor, variants[0].taxable]),
    ).toEqual([
      [5, '', false],
      [3, 'V', true],
    ]);
  });
});

describe('imports at once', () => {
  it('of one new catalogue all succeed', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `p-${i},P ${i},S-${i},5`);
    const csv = ['Handle,Title,Variant SKU,Variant Price', ...rows].join('\n');
    const answers = await Promise.all(Array.from({ length: 4 }, () => send(csv)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers.map(({ body }) => body.products.created).toSorted((a, b) => a - b)).toEqual([
      0, 0, 0, 300,
    ]);
  });
});

describe('a bad row', () => {
  it('without a handle is named by its SKU', async () => {
    const { body } = await send('Variant SKU,Variant Price\nM-1,x\nM-2,5', '?mode=skip');
    expect(body.errors).toMatchObject([
      { row: 2, handle: null, code: 'PRICE_INVALID', message: expect.stringContaining('M-1') },
      { row: 3, handle: null, code: 'SKU_UNKNOWN', message: expect.stringContaining('M-2') },
    ]);
  });

  it.each(['Handle,Title,Vendor\nmug,Mug,Potter', 'Handle,Title,Variant SKU\nmug,Mug,M'])(
    'of a new product lacks a price',
    async (csv) => {
      const { body } = await send(csv, '?mode=skip');
      expect(body.errors).toMatchObject([{ row: 2, handle: 'mug', code: 'PRICE_MISSING' }]);
    },
  );
});

describe('dry run', () => {
  it('says what would change, and stores nothing', async () => {
    const mug = await newProduct(api, { name: 'Mug', handle: 'mug', sku: 'M', stock: 3, priceMinor: 500 });
    const csv = 'Handle,Title,Variant SKU,Variant Price\nmug,Mug,M,6.00\ncup,Cup,C,4\njug,Jug,J,x';
    const { status, body } = await send(csv, '?dry-run=true&mode=skip');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ dryRun: true, importId: null, skippedRows: 1 },
      products: { created: 1, updated: 1, unchanged: 0 },
      errors: [{ row: 4, code: 'PRICE_INVALID' }],
    });
    expect(body.changes).toEqual([
      { handle: 'mug', variantId: mug.variants[0].id, sku: 'M', field: 'priceMinor', old: '500', new: '600' },
      {
        ...{ handle: 'cup', variantId: null, sku: null, field: null, old: null },
        new: '{"name":"Cup","status":"active","currency":"USD"}',
      },
      {
        ...{ handle: 'cup', variantId: null, sku: 'C', field: null, old: null },
        new: '{"optionValues":{},"priceMinor":400,"stock":0}',
      },
    ]);
    expect(await products()).toEqual([mug]);
    expect((await api.get('imports')).body.items).toEqual([]);
  });
});

describe('POST /imports/:id/undo', () => {
  const CSV =
    'Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\nmug,Mug 2,M,9,6.00\ncup,Cup,C,4,1';
  // oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
  let mug: any;
  let importId: string;

  beforeEach(async () => {
    mug = await newProduct(api, { name: 'Mug', handle: 'mug', sku: 'M', stock: 3, priceMinor: 500 });
    ({ importId } = await load(...CSV.split('\n')));
  });

  it('restores what was changed and removes what was created', async () => {
    const { status, body } = await api.post(`imports/${importId}/undo`);
    expect([status, body.undoneAt]).toEqual([200, expect.any(String)]);
    expect(await only()).toEqual({ ...mug, updatedAt: expect.any(String) });
    expect(problemIn(await api.post(`imports/${importId}/undo`))).toBe('409 IMPORT_UNDONE');
  });

  it('restores what was changed when nothing was created', async () => {
    const before = await products();
    const changed = await load('Handle,Title,Variant SKU,Variant Price', 'mug,Mug 2,M,7.00');
    expect((await api.post(`imports/${changed.importId}/undo`)).status).toBe(200);
    const restored = before.map((product) => ({ ...product, updatedAt: expect.any(String) }));
    expect(await products()).toEqual(restored);
  });

  it('is a row that says who imported which file', async () => {
    const { body } = await api.get(`imports/${importId}`);
    expect(body).toMatchObject({
      ...{ id: importId, mode: 'atomic', undoneAt: null, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      counts: { rows: 2, products: { created: 1, updated: 1, unchanged: 0 } },
    });
    expect((await api.get('imports')).body.items).toEqual([body]);
  });

  it('names what was sold since, and undoes nothing', async () => {
    await newOrder(api, mug.id);
    const before = await products();
    const answer = await api.post(`imports/${importId}/undo`);
    expect(problemIn(answer)).toBe('409 IMPORT_TOUCHED');
    expect(answer.body.errors).toMatchObject([
      { productId: mug.id, variantId: mug.variants[0].id, field: 'stock' },
    ]);
    expect(await products()).toEqual(before);
  });

  it('leaves fields alone that the import did not change', async () => {
    await api.patch(`products/${mug.id}`, { vendor: 'Loom' });
    expect((await api.post(`imports/${importId}/undo`)).status).toBe(200);
    expect(await only()).toMatchObject({ name: 'Mug', vendor: 'Loom', stock: 3 });
  });

  it('names a created product that was changed since', async () => {
    const cup = (await products())[1];
    await api.patch(`products/${cup.id}`, { vendor: 'Loom' });
    const answer = await api.post(`imports/${importId}/undo`);
    expect(answer.body.errors).toMatchObject([{ productId: cup.id, variantId: null, field: null }]);
  });

  it('names the stock of a variant that was sold beyond it since and would no longer be sold when out', async () => {
    const policy = await load('Handle,Variant Inventory Policy', 'mug,continue');
    await newOrder(api, mug.id, 12);
    const before = await products();
    const answer = await api.post(`imports/${policy.importId}/undo`);
    expect(problemIn(answer)).toBe('409 IMPORT_TOUCHED');
    expect(answer.body.errors).toEqual([
      { productId: mug.id, variantId: mug.variants[0].id, field: 'stock' },
    ]);
    expect(await products()).toEqual(before);
  });

  it('names a created variant that is the only one of its product by now', async () => {
    const options = [{ name: 'Size', values: ['S', 'L'] }];
    const free = { sku: undefined, stock: undefined, options };
    const tee = await newProduct(api, {
      ...free,
      handle: 'tee',
      variants: [{ optionValues: { Size: 'S' } }],
    });
    const added = await load('Handle,Option1 Name,Option1 Value,Variant Price', 'tee,Size,L,5');
    const small = tee.variants[0].id;
    expect((await api.delete(`variants/${small}`)).status).toBe(204);
    const { variants } = (await api.get(`products/${tee.id}`)).body;
    const answer = await api.post(`imports/${added.importId}/undo`);
    expect(problemIn(answer)).toBe('409 IMPORT_TOUCHED');
    expect(answer.body.errors).toEqual([{ productId: tee.id, variantId: variants[0].id, field: null }]);
    expect((await api.get(`products/${tee.id}`)).body.variants).toEqual(variants);
  });

  it('finds no import of another shop', async () => {
    const other = (await newOwner(app.api)).api;
    expect(problemIn(await other.post(`imports/${importId}/undo`))).toBe('404 IMPORT_NOT_FOUND');
    expect((await other.get('imports')).body.items).toEqual([]);
  });

  it('happens once when twenty ask for it', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post(`imports/${importId}/undo`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'IMPORT_UNDONE')).toHaveLength(19);
  });
});
