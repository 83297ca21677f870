import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { ProductsExportService } from '../../src/tenant/transfer/products-export.service';
import type { Answer, Api } from '../support/api';
import { newMember, newOwner, newProduct } from '../support/factories';
import { readCsv } from '../support/independent-csv';
import { describeWithRealData, REAL_DATA } from '../support/real-data';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const EXAMPLES = path.join(__dirname, '..', '..', 'examples');
const HOSTILE = [
  '=HYPERLINK("http://evil.example","Click")',
  '+1+1',
  '-2 °C, "cold"',
  '@SUM(A1)',
  "'quoted'",
  'first\r\nsecond\nthird\rfourth',
  'a "b", c',
  'שלום 你好 🧶 é é',
];

const importCsv = (api: Api, csv: string | Buffer): Promise<Answer> =>
  api.raw('POST', 'products/import', csv as never, { 'content-type': 'text/csv' });

async function exported(api: Api): Promise<string> {
  const { status, body } = await api.get('products/export');
  expect(status).toBe(200);
  return body;
}

// oxlint-disable-next-line typescript/no-explicit-any -- see Answer.body
async function allProducts(api: Api): Promise<any[]> {
  const items = [];
  for (let cursor = ''; ;) {
    const { body } = await api.get(`products?limit=100${cursor}`);
    items.push(...body.items);
    if (body.nextCursor === null) return items;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

// oxlint-disable-next-line typescript/no-explicit-any
const withoutTime = ({ updatedAt: _updatedAt, ...rest }: any) => rest;
/** The fields of a product that are equal in another shop. */
// oxlint-disable-next-line typescript/no-explicit-any
const withoutIds = ({ id: _id, createdAt: _createdAt, variants, ...rest }: any) => ({
  ...withoutTime(rest),
  variants: variants.map(({ id: _variant, ...values }: { id: string }) => values),
});

/** Imports the shop's export into itself and into a new shop, and expects no difference in either. */
async function expectRoundTrip(api: Api): Promise<void> {
  const csv = await exported(api);
  const before = await allProducts(api);
  expect((await importCsv(api, csv)).body).toMatchObject({
    ...{ skippedRows: 0, errors: [], notStored: [] },
    ...{ warnings: [], products: { created: 0, updated: 0, unchanged: before.length } },
    variants: { created: 0, updated: 0 },
  });
  expect(await allProducts(api)).toEqual(before);
  const other = (await newOwner(app.api, { currency: 'USD' })).api;
  expect((await importCsv(other, csv)).body.products).toEqual({
    ...{ created: before.length, updated: 0, unchanged: 0 },
  });
  expect((await allProducts(other)).map(withoutIds)).toEqual(before.map(withoutIds));
  expect(await exported(other)).toBe(csv);
}

describeWithRealData('real Shopify catalogues', () => {
  it.each(['apparel.csv', 'home-and-garden.csv'])('%s is exported as it was imported', async (name) => {
    const { api } = await newOwner(app.api);
    const file = readFileSync(path.join(REAL_DATA, 'shopify', name));
    expect((await importCsv(api, file)).status).toBe(200);
    await expectRoundTrip(api);
  });
});

describe('GET /products/export', () => {
  it.each(['tea-house.csv', 'hardware.csv'])('exports %s as it was imported', async (name) => {
    const { api } = await newOwner(app.api);
    expect((await importCsv(api, readFileSync(path.join(EXAMPLES, name)))).status).toBe(200);
    await expectRoundTrip(api);
  });

  it('is a download that nobody caches', async () => {
    const { api } = await newOwner(app.api);
    const { headers } = await api.get('products/export');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="products.csv"');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('exports only a header from an empty shop, which can be imported', async () => {
    const { api } = await newOwner(app.api);
    const csv = await exported(api);
    expect(csv.trimEnd().split('\n')).toHaveLength(1);
    expect(readCsv(csv)).toEqual([]);
    expect((await importCsv(api, csv)).body).toMatchObject({ rows: 0, errors: [] });
  });

  it('exports every text unchanged, formulas too', async () => {
    const { api } = await newOwner(app.api);
    for (const [i, text] of HOSTILE.entries()) {
      const short = text.replace(/\s+/g, ' ');
      await newProduct(api, {
        ...{
          name: short,
          handle: `h-${i}`,
          description: ` ${text}\n`,
          vendor: short,
          type: short,
          sku: short,
        },
        tags: [short.replaceAll(',', '')],
        images: [{ src: 'https://images.example.com/a,b.jpg', position: 3, alt: short }],
      });
    }
    expect(readCsv(await exported(api)).map((row) => row['Title'])).toEqual(
      HOSTILE.map((text) => text.replace(/\s+/g, ' ')),
    );
    await expectRoundTrip(api);
  });

  it('exports every field of variants and images', async () => {
    const { api } = await newOwner(app.api);
    const image = (n: number) => ({
      src: `https://images.example.com/${n}.jpg`,
      position: n,
      alt: `No ${n}`,
    });
    const variant = (Size: string, more: object) => ({ optionValues: { Size, Colour: 'Red' }, ...more });
    await newProduct(api, {
      ...{ sku: undefined, priceMinor: 5, stock: undefined, status: 'archived', tags: ['new', 'summer'] },
      images: [image(1), image(2), image(3)],
      variants: [
        variant('S', { sku: 'S-1', compareAtMinor: 900, costMinor: 0, stock: 3, barcode: '0123', grams: 7 }),
        variant('L', {
          requiresShipping: false,
          taxable: false,
          imageSrc: 'https://images.example.com/2.jpg',
        }),
      ],
    });
    await newProduct(api, { status: 'draft', images: [] });
    await expectRoundTrip(api);
  });

  it('exports ten options, and currencies other than that of the shop', async () => {
    const { api } = await newOwner(app.api);
    const optionValues = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`Option ${i}`, `v${i}`]));
    await newProduct(api, { sku: undefined, stock: undefined, variants: [{ optionValues, sku: 'TEN' }] });
    await newProduct(api, { currency: 'JPY', priceMinor: 1200 });
    await newProduct(api, { currency: 'KWD', priceMinor: 1234 });
    const rows = readCsv(await exported(api));
    expect(rows.map((row) => row['Currency']).slice(1)).toEqual(['JPY', 'KWD']);
    expect(rows.map((row) => row['Variant Price'])).toEqual(['10.00', '1200', '1.234']);
    await expectRoundTrip(api);
  });

  it('exports attributes of any name, of products and of variants', async () => {
    const { api } = await newOwner(app.api);
    const attributes = { Fabric: 'Linen', Handle: 'x', sku: 'y', 'Attribute: a': 'b', 'SEO Title': 'Soft' };
    await newProduct(api, {
      ...{ sku: undefined, stock: undefined, attributes: { ...attributes, 'Variant Tax Code': 'P' } },
      variants: [{ attributes: { ...attributes, 'Variant Tax Code': 'V' } }],
    });
    const [row] = readCsv(await exported(api));
    expect(row).toMatchObject({
      ...{ 'Attribute: Fabric': 'Linen', 'Variant Attribute: Fabric': 'Linen', 'SEO Title': 'Soft' },
      ...{
        'Attribute: Variant Tax Code': 'P',
        'Variant Tax Code': 'V',
        'Variant Attribute: SEO Title': 'Soft',
      },
    });
    await expectRoundTrip(api);
  });

  it('exports no attribute that means no more than none, and an import leaves such a one alone', async () => {
    const { api } = await newOwner(app.api);
    const { id } = await newProduct(api, { attributes: { 'Gift Card': 'false' } });
    await newProduct(api, { attributes: { 'Gift Card': 'true' } });
    const csv = await exported(api);
    expect(readCsv(csv).map((row) => row['Gift Card'])).toEqual(['', 'true']);
    expect((await importCsv(api, csv)).body.products).toMatchObject({ updated: 0, unchanged: 2 });
    expect((await api.get(`products/${id}`)).body.attributes).toEqual({ 'Gift Card': 'false' });
  });

  it('exports options in another order than that of the variants, and values that no variant has', async () => {
    const { api } = await newOwner(app.api);
    const variants = [{ optionValues: { 10: 'a', 2: 'L' } }, { optionValues: { 10: 'b', 2: 'S' } }];
    const options = [
      { name: '10', values: ['b', 'a'] },
      { name: '2', values: ['S', 'M', 'L'] },
    ];
    await newProduct(api, { sku: undefined, stock: undefined, variants, options });
    await newProduct(api, { sku: undefined, stock: undefined, variants });
    const lists = readCsv(await exported(api)).map((row) => row['Option Values']);
    expect(lists).toEqual(['[["b","a"],["S","M","L"]]', '', '', '']);
    await expectRoundTrip(api);
  });

  it('exports an option Title with the value Default Title beside another option', async () => {
    const { api } = await newOwner(app.api);
    const optionValues = { Title: 'Default Title', Size: 'S' };
    await newProduct(api, { sku: undefined, stock: undefined, variants: [{ optionValues }] });
    await expectRoundTrip(api);
  });

  it('exports texts and positions up to their limits', async () => {
    const { api } = await newOwner(app.api);
    const [emoji, heart] = ['🧶'.repeat(255), '❤️'.repeat(255)];
    await newProduct(api, {
      ...{ name: heart, vendor: emoji, tags: [emoji, heart], attributes: { [emoji]: heart, [heart]: emoji } },
      ...{ sku: undefined, stock: undefined, variants: [{ sku: heart, optionValues: { [emoji]: heart } }] },
      images: [{ src: 'https://e.com/1.jpg', position: 10_000 }, { src: 'https://e.com/2.jpg' }],
    });
    await expectRoundTrip(api);
  });

  it('exports more products than fit on a page, oldest first', async () => {
    const { api } = await newOwner(app.api);
    const names = Array.from({ length: 250 }, (_, i) => `Thing ${i}`);
    await importCsv(
      api,
      ['Handle,Title,Variant Price', ...names.map((name, i) => `t-${i},${name},1`)].join('\n'),
    );
    expect(readCsv(await exported(api)).map((row) => row['Title'])).toEqual(names);
  });

  it('contains nothing that is stored while it is written', async () => {
    const { api, shop } = await newOwner(app.api);
    const rows = Array.from({ length: 150 }, (_, i) => `t-${i},Thing ${i},1`);
    await importCsv(api, ['Handle,Title,Variant Price', ...rows].join('\n'));
    const [newest] = (await api.get('products?limit=1')).body.items;
    const service = await app.app.get(TenantSession).resolve(ProductsExportService, shop.id);
    const titles: unknown[] = [];
    await service.export(async (records) => {
      for await (const [, title] of records) {
        if (titles.push(title) !== 2) continue; // the header and one product are read
        await api.patch(`products/${newest.id}`, { name: 'Changed' });
        await newProduct(api, { name: 'Added' });
      }
    });
    expect(titles).toHaveLength(151);
    expect(titles.at(-1)).toBe('Thing 149');
    const after = readCsv(await exported(api)).map((row) => row['Title']);
    expect(after.slice(149)).toEqual(['Changed', 'Added']);
  });

  it('lists a value of an option with a mark behind a line break', async () => {
    const { api } = await newOwner(app.api);
    const [value, unused] = ['S\n\u0301', 'L'];
    await newProduct(api, {
      ...{ sku: undefined, stock: undefined, options: [{ name: 'Size', values: [value, unused] }] },
      variants: [{ optionValues: { Size: value } }],
    });
    const answer = await api.raw('POST', 'products/import', await exported(api), {
      'content-type': 'text/csv',
    });
    expect(answer).toMatchObject({ status: 200, body: { products: { unchanged: 1 } } });
  });

  it('is for every member, and shows a member of shop B nothing of shop A', async () => {
    const [a, b] = [await newOwner(app.api), await newOwner(app.api)];
    const { handle } = await newProduct(a.api);
    expect(await exported((await newMember(a)).inShop)).toContain(handle);
    expect(await exported((await newMember(b)).inShop)).not.toContain(handle);
  });
});
