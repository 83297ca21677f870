import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { UnreadableCsv } from '../../../common/csv-records';
import { hasControls } from '../../../common/safe-text';
import { type CatalogueGroup, PROBLEM_CODES, type ReadingOptions } from './shopify-catalogue';
import { ShopifyCsv, type ShopifyFile } from './shopify-csv';

type Cells = Record<string, string>;

const GOOGLE = 'Custom label 0,Custom label 1,Custom label 2,Custom label 3,Custom label 4';
const googleOf = (names: string) =>
  names
    .split(',')
    .map((name) => `Google Shopping / ${name}`)
    .join(',');

/** Header lines of exports and sample files of Shopify through the years, with the columns of a market and of a metafield. */
const SHOPIFY_HEADERS = {
  '2021':
    'Handle,Title,Body (HTML),Vendor,Standardized Product Type,Custom Product Type,Tags,Published,Option1 Name,Option1 Value,' +
    'Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,' +
    'Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,' +
    'Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,' +
    `SEO Description,${googleOf('Google Product Category,Gender,Age Group,MPN,AdWords Grouping,AdWords Labels')},` +
    `${googleOf(`Condition,Custom Product,${GOOGLE}`)},Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status`,
  '2023':
    'Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option1 Linked To,' +
    'Option2 Name,Option2 Value,Option2 Linked To,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,' +
    'Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,' +
    'Variant Taxable,Unit Price Total Measure,Unit Price Total Measure Unit,Unit Price Base Measure,' +
    'Unit Price Base Measure Unit,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,' +
    'Fabric (product.metafields.custom.fabric),Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,' +
    'Included / United States,Price / United States,Compare At Price / United States,Included / International,' +
    'Price / International,Compare At Price / International,Status,Collection',
  '2025':
    'Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,' +
    'Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,Option3 name,Option3 value,Option3 Linked To,' +
    'Price,Compare-at price,Cost per item,Charge tax,Tax code,Unit price total measure,Unit price total measure unit,' +
    'Unit price base measure,Unit price base measure unit,Inventory tracker,Inventory quantity,' +
    'Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,Fulfillment service,' +
    'Product image URL,Image position,Image alt text,Variant image URL,Gift card,SEO title,SEO description,' +
    `Color (product.metafields.shopify.color-pattern),${googleOf('Google product category,Gender,Age group')},` +
    `${googleOf('Manufacturer part number (MPN),Ad group name,Ads labels,Condition,Custom product')},${googleOf(GOOGLE)}`,
  '2026':
    'Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcodes,Option1 name,' +
    'Option1 value,Option1 LinkedTo,Option2 name,Option2 value,Option2 LinkedTo,Price,Price / International,Compare-at price,' +
    'Compare-at price / International,Cost per item,Charge tax,Tax code,Inventory tracker,Inventory quantity,' +
    'Continue selling when out of stock,Weight value (grams),Weight unit for display,Packed product length,' +
    'Packed product width,Packed product height,Packed product dimension unit,Requires shipping,Fulfillment service,' +
    'Product image URL,Image position,Image alt text,Variant image URL,SEO title,SEO description,Gift card,Collection,' +
    'Included / International,product.metafields.custom.fabric',
};

/** Cells of a row for columns, by name in lower case, in which not every text is valid. */
const CELLS: Cells = {
  ...{ handle: 'tee', 'url handle': 'tee', title: 'Tee', type: 'Shirts', 'custom product type': 'Shirts' },
  ...{ 'product category': 'Apparel', 'standardized product type': 'Apparel', status: 'active' },
  ...{ published: 'TRUE', 'published on online store': 'TRUE', 'gift card': 'TRUE' },
  ...{ 'option1 name': 'Size', 'option1 value': 'S' },
  ...{ 'option2 name': '', 'option2 value': '', 'option3 name': '', 'option3 value': '' },
  ...{ 'variant sku': 'T-S', sku: 'T-S', 'variant barcode': '123', barcode: '123', barcodes: '123' },
  ...{ 'variant price': '9.99', price: '9.99', 'cost per item': '3' },
  ...{ 'variant compare at price': '12', 'compare-at price': '12' },
  ...{ 'variant inventory qty': '7', 'inventory quantity': '7', 'variant grams': '180' },
  ...{
    'weight value (grams)': '180',
    'variant inventory tracker': 'shopify',
    'inventory tracker': 'shopify',
  },
  ...{ 'variant inventory policy': 'deny', 'continue selling when out of stock': 'FALSE' },
  ...{ 'variant requires shipping': 'TRUE', 'requires shipping': 'TRUE', 'variant taxable': 'TRUE' },
  ...{ 'charge tax': 'TRUE', 'image src': 'https://e.com/1.jpg', 'product image url': 'https://e.com/1.jpg' },
  ...{ 'variant image': 'https://e.com/1.jpg', 'variant image url': 'https://e.com/1.jpg' },
  'image position': '1',
};

const EXAMPLES = join(__dirname, '../../../../examples');

/** A titled row of a product without options; overrides name columns. */
function titled(overrides: Cells = {}): Cells {
  return { Handle: 'tee', Title: 'Tee', 'Variant Price': '9.99', ...overrides };
}

/** A row that continues the product, with one option. */
function sized(size: string, overrides: Cells = {}): Cells {
  return { Handle: 'tee', 'Option1 Value': size, 'Variant Price': '9.99', ...overrides };
}

function firstSized(size: string, overrides: Cells = {}): Cells {
  return titled({ 'Option1 Name': 'Size', 'Option1 Value': size, ...overrides });
}

function toCsv(rows: Cells[], eol = '\n'): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  return lines.map((cells) => cells.map(quoted).join(',') + eol).join('');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function fileOf(chunks: Iterable<string | Uint8Array>): ShopifyFile {
  const pieces = [...chunks].map((chunk) => Buffer.from(chunk as string));
  async function* open() {
    yield* pieces;
  }
  return { open, separator: ',' };
}

async function read(
  chunks: Iterable<string | Uint8Array>,
  options: Partial<ReadingOptions> = {},
  notStored = new Set<string>(),
): Promise<CatalogueGroup[]> {
  return readFile(fileOf(chunks), options, notStored);
}

async function readFile(
  file: ShopifyFile,
  options: Partial<ReadingOptions>,
  notStored = new Set<string>(),
): Promise<CatalogueGroup[]> {
  const csv = await ShopifyCsv.open(file, { currency: 'USD', decimal: 'point', ...options });
  try {
    const groups: CatalogueGroup[] = [];
    for await (const group of csv.groups()) if (group !== null) groups.push(group);
    for (const name of csv.notStored) notStored.add(name);
    return groups;
  } finally {
    await csv.close();
  }
}

function readRows(...rows: Cells[]): Promise<CatalogueGroup[]> {
  return read([toCsv(rows)]);
}

async function readProduct(...rows: Cells[]) {
  const [group] = await readRows(...rows);
  if (!group?.product) throw new Error(`no product: ${JSON.stringify(group)}`);
  return group.product;
}

async function readVariant(overrides: Cells) {
  const [variant] = (await readProduct(titled(overrides))).variants;
  if (variant === undefined) throw new Error('no variant');
  return variant;
}

/** `row:code:column` of every problem. */
function named(groups: CatalogueGroup[]): string[] {
  return groups.flatMap(({ problems }) =>
    problems.map(({ row, code, column }) => [row, code, ...(column === null ? [] : [column])].join(':')),
  );
}

/** Problems of a titled row that has these cells. */
async function problemsOf(overrides: Cells): Promise<string[]> {
  return named(await readRows(titled(overrides)));
}

async function faultOf(chunks: Iterable<string | Uint8Array>): Promise<UnreadableCsv> {
  const fault: unknown = await read(chunks).catch((error: unknown) => error);
  if (!(fault instanceof UnreadableCsv)) throw new Error(`no fault but ${JSON.stringify(fault)}`);
  return fault;
}

describe('ShopifyCsv, products', () => {
  it('reads the fields of a product from its first row', async () => {
    const product = await readProduct(
      titled({ 'Body (HTML)': ' <p>a, "b"</p>\n', Vendor: 'Loom', Type: 'Shirts', Tags: 'new, red,, new ' }),
    );
    expect(product).toMatchObject({ rows: [2], handle: 'tee', hasHandle: true });
    expect(product.fields).toEqual({
      ...{
        name: 'Tee',
        description: ' <p>a, "b"</p>\n',
        vendor: 'Loom',
        type: 'Shirts',
        tags: ['new', 'red'],
      },
      attributes: {},
    });
  });

  it('gathers all rows of one handle, at any distance', async () => {
    const groups = await readRows(firstSized('S'), sized('M'), titled({ Handle: 'mug' }), sized('L'));
    expect(groups.map(({ product, rows }) => [product?.handle, rows])).toEqual([
      ['mug', 1],
      ['tee', 3],
    ]);
    expect(named(groups)).toEqual([]);
  });

  it('reads a product the same wherever its rows stand', async () => {
    const rows = [
      firstSized('S', { 'Image Src': 'https://images.example.com/1.jpg', 'Image Position': '1' }),
      sized('M', { 'Image Src': 'https://images.example.com/2.jpg', 'Image Position': '2' }),
      { Handle: 'tee', 'Image Src': 'https://images.example.com/3.jpg', 'Image Position': '3' },
      titled({ Handle: 'mug' }),
      titled({ Handle: 'cup' }),
    ];
    const shape = (groups: CatalogueGroup[]) =>
      groups
        .map(({ product }) => ({
          ...product,
          rows: [],
          variants: product?.variants.map(({ row: _row, ...values }) => JSON.stringify(values)).sort(),
        }))
        .sort((a, b) => (a.handle! < b.handle! ? -1 : 1));
    const straight = shape(await readRows(...rows));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(rows, { minLength: rows.length }), async (shuffled) => {
        const groups = await readRows(...shuffled);
        expect(named(groups)).toEqual([]);
        expect(shape(groups)).toEqual(straight);
      }),
    );
  });

  it('takes a row that repeats a variant for an image of it', async () => {
    const first = titled({ 'Image Src': 'https://images.example.com/1.jpg' });
    const groups = await readRows(first, titled({ Handle: 'mug' }), {
      ...first,
      'Image Src': 'https://images.example.com/2.jpg',
    });
    expect(named(groups)).toEqual([]);
    const tee = groups.find(({ product }) => product?.handle === 'tee')?.product;
    expect([tee?.variants.length, tee?.images?.length]).toEqual([1, 2]);
  });

  it('warns of a titled row with other fields than the first', async () => {
    const [group] = await readRows(firstSized('S'), sized('M', { Title: 'Other' }));
    expect(group?.warnings).toMatchObject([{ row: 3, column: 'Title', code: 'FIELD_REPEATED' }]);
    expect(group?.product?.fields?.name).toBe('Tee');
  });

  it('warns of no other way to write the same letters', async () => {
    const rows = [titled({ Title: 'Caf\u00e9' }), titled({ Title: 'Cafe\u0301' })];
    expect((await readRows(...rows)).flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('reads fields only of columns that the file has', async () => {
    const [group] = await read(['Handle,Variant Price\ntee,5\n']);
    expect(group?.product).toEqual({
      ...{ rows: [2], handle: 'tee', hasHandle: true, currency: 'USD', namesCurrency: false },
      fields: { attributes: {} },
      options: [],
      variants: [{ row: 2, priceMinor: 500, attributes: {} }],
    });
  });

  it('gives a product without Title no fields', async () => {
    const rows = 'Handle,Title,Image Src\ntee,,https://images.example.com/2.jpg\n';
    const [group] = await read([rows]);
    expect(group?.product).toMatchObject({ fields: null, variants: [], images: [{ position: 1 }] });
  });

  it.each([
    [{}, undefined, undefined],
    [{ Published: 'TRUE' }, undefined, true],
    [{ Published: 'falsch' }, undefined, false],
    [{ Published: 'false', Status: 'Archived' }, 'archived', false],
    [{ Published: 'vrai', Status: 'unlisted' }, 'unlisted', true],
    [{ Published: '', Status: '' }, undefined, undefined],
  ])('reads %j as the status %s, published %s', async (cells: Cells, status, isPublished) => {
    expect((await readProduct(titled(cells))).fields).toMatchObject({
      ...(status === undefined ? {} : { status }),
      ...(isPublished === undefined ? {} : { isPublished }),
    });
  });

  it('reads the column names of Shopify since 2024, also mixed with the old ones', async () => {
    const header =
      'Title,URL handle,Description,SKU,Price,Compare-at price,Charge tax,Inventory tracker,Inventory quantity,' +
      'Continue selling when out of stock,Weight value (grams),Requires shipping,Product image URL,Published on online store,' +
      'Option1 name,Option1 value,Variant Barcode';
    const row =
      'Tee,tee,<p>Soft.</p>,T-S,9.99,12,FALSE,shopify,7,CONTINUE,180,TRUE,https://e.com/1.jpg,TRUE,Size,S,123';
    const [group] = await read([`${header}\n${row}\n`]);
    expect(group?.product).toMatchObject({
      handle: 'tee',
      fields: { name: 'Tee', description: '<p>Soft.</p>', isPublished: true },
      images: [{ src: 'https://e.com/1.jpg' }],
      variants: [
        {
          ...{
            sku: 'T-S',
            priceMinor: 999,
            compareAtMinor: 1200,
            taxable: false,
            tracksStock: true,
            stock: 7,
          },
          ...{ sellsWhenOut: true, grams: 180, requiresShipping: true, barcode: '123' },
          optionValues: { Size: 'S' },
        },
      ],
    });
  });

  it.each(Object.entries(SHOPIFY_HEADERS))('stores every column of a file of %s', async (_, header) => {
    const row = header.split(',').map((column) => [column, CELLS[column.toLowerCase()] ?? 'text']);
    const notStored = new Set<string>();
    const [group] = await read([toCsv([Object.fromEntries(row)])], {}, notStored);
    expect([group?.problems, [...notStored]]).toEqual([[], []]);
    expect(group?.product).toMatchObject({
      handle: 'tee',
      fields: { name: 'Tee', type: 'Shirts', attributes: { 'Product Category': 'Apparel' } },
      variants: [{ sku: 'T-S', barcode: '123', compareAtMinor: 1200, optionValues: { Size: 'S' } }],
    });
  });

  it('gives an attribute one name, whichever a file has', async () => {
    const old = {
      'Google Shopping / MPN': 'M',
      'Google Shopping / AdWords Labels': 'L',
      'Option1 Linked To': 'x',
    };
    const current = {
      'Google Shopping / Manufacturer part number (MPN)': 'M',
      'Google Shopping / Ads labels': 'L',
      'Option1 LinkedTo': 'x',
    };
    for (const cells of [old, current])
      expect((await readProduct(titled(cells))).fields?.attributes).toEqual(old);
  });

  it.each(['Price / EU', 'Compare At Price / EU', 'Compare-at price / EU', 'variant.metafields.custom.care'])(
    'keeps %s as an attribute of the variant',
    async (column) => {
      expect((await readVariant({ [column]: '1' })).attributes).toEqual({ [column]: '1' });
    },
  );

  it('makes the handle of a row without one from its title', async () => {
    const product = await readProduct({ Title: 'Crème brûlée', 'Variant Price': '5' });
    expect(product).toMatchObject({ handle: 'creme-brulee', hasHandle: false });
  });

  it('reads a row with a SKU alone as a product to be found by it', async () => {
    const product = await readProduct({ 'Variant SKU': 'T-S', 'Variant Inventory Qty': '5' });
    expect(product).toMatchObject({ hasHandle: false, variants: [{ sku: 'T-S', stock: 5 }] });
  });

  it('skips rows without any value', async () => {
    const groups = await read(['Handle,Title,Variant Price\nmug,Mug,5\n,,\n , ,\n']);
    expect(groups.map(({ rows }) => rows)).toEqual([1]);
  });

  it('keeps images in order and counts on from the last position', async () => {
    const src = 'https://images.example.com/1.jpg';
    const product = await readProduct(
      titled({ 'Image Src': src, 'Image Position': '4', 'Image Alt Text': 'Front' }),
      { Handle: 'tee', 'Image Src': src },
    );
    expect(product.images).toEqual([
      { src, position: 4, alt: 'Front' },
      { src, position: 5, alt: null },
    ]);
  });

  it('says which columns hold values that are not stored', async () => {
    const notStored = new Set<string>();
    const known = { 'Gift Card': 'TRUE', 'SEO Title': 'x', 'Variant Weight Unit': 'kg' };
    await read([toCsv([titled({ ...known, Empty: '' })])], {}, notStored);
    expect([...notStored]).toEqual([]);
    await read([toCsv([titled({ ...known, Other: '1' })])], {}, notStored);
    expect([...notStored]).toEqual(['Other']);
  });

  it('keeps category, SEO, metafields and unit price as attributes', async () => {
    const ofProduct = {
      'Product Category': 'Apparel > Shirts',
      'SEO Title': 'Tees',
      'Fabric (product.metafields.custom.fabric)': 'Linen',
    };
    const ofVariant = { 'Unit Price Base Measure': '100', 'Care (variant.metafields.custom.care)': 'Cold' };
    const product = await readProduct(titled({ ...ofProduct, ...ofVariant, 'Variant Tax Code': '' }));
    expect(product.fields?.attributes).toEqual(ofProduct);
    expect(product.variants[0]?.attributes).toEqual({ ...ofVariant, 'Variant Tax Code': null });
  });
});

describe('ShopifyCsv, variants', () => {
  it('reads all fields of a variant', async () => {
    const variant = await readVariant({
      'Variant SKU': 'TEE-S',
      'Variant Compare At Price': '12',
      'Cost per item': '3.5',
      'Variant Inventory Qty': '7',
      'Variant Barcode': '200',
      'Variant Grams': '453.59',
      'Variant Requires Shipping': 'FALSE',
      'Variant Taxable': 'false',
      'Variant Image': 'https://images.example.com/s.jpg',
    });
    expect(variant).toEqual({
      ...{ row: 2, sku: 'TEE-S', priceMinor: 999, compareAtMinor: 1200, costMinor: 350 },
      ...{ stock: 7, barcode: '200', grams: 454, requiresShipping: false, taxable: false },
      ...{ imageSrc: 'https://images.example.com/s.jpg', attributes: {} },
    });
  });

  it('reads an empty cell as the empty value of its field', async () => {
    const columns = [
      'Variant SKU',
      'Variant Compare At Price',
      'Cost per item',
      'Variant Barcode',
      'Variant Image',
    ];
    const plain = ['Variant Inventory Qty', 'Variant Grams', 'Variant Requires Shipping', 'Variant Taxable'];
    const stock = ['Variant Inventory Tracker', 'Variant Inventory Policy'];
    const cells = Object.fromEntries([...columns, ...plain, ...stock].map((column) => [column, '']));
    expect(await readVariant(cells)).toMatchObject({
      ...{ sku: null, compareAtMinor: null, costMinor: null, barcode: null, imageSrc: null },
      ...{
        stock: 0,
        grams: 0,
        requiresShipping: true,
        taxable: true,
        tracksStock: false,
        sellsWhenOut: false,
      },
    });
  });

  it.each([
    ["'0850064060010", '0850064060010'],
    ["'0112", '0112'],
    ["''0112", "'0112"],
    ["'quoted'", "'quoted'"],
  ])('reads the code %s as %s', async (cell, code) => {
    const variant = await readVariant({ 'Variant SKU': cell, 'Variant Barcode': cell });
    expect([variant.sku, variant.barcode]).toEqual([code, code]);
  });

  it.each([
    ['3.0', 3],
    ['-3', -3],
    ["'5", 5],
    ['0', 0],
  ])('reads the stock %s', async (cell, stock) => {
    expect((await readVariant({ 'Variant Inventory Qty': cell })).stock).toBe(stock);
  });

  it.each<['point' | 'comma', string, number]>([
    ['point', '1,234.50', 123_450],
    ['comma', '9,99', 999],
    ['comma', '1.234,50', 123_450],
    ['comma', '12', 1200],
  ])('reads with a decimal %s the price %s', async (decimal, cell, minor) => {
    const [group] = await read([toCsv([titled({ 'Variant Price': cell })])], { decimal });
    expect(group?.product?.variants[0]?.priceMinor).toBe(minor);
  });

  it('compares texts in NFC', async () => {
    const product = await readProduct(
      titled({ Title: 'Cafe\u0301', 'Option1 Name': 'Gro\u0308\u00dfe', 'Option1 Value': 'S' }),
      { Handle: 'tee', 'Option1 Name': 'Gr\u00f6\u00dfe', 'Option1 Value': 'M', 'Variant Price': '1' },
    );
    expect(product.fields?.name).toBe('Caf\u00e9');
    expect(product.variants.map(({ optionValues }) => optionValues)).toEqual([
      { Größe: 'S' },
      { Größe: 'M' },
    ]);
  });

  it('names option values after the options of the first row', async () => {
    const product = await readProduct(
      firstSized('S', { 'Option2 Name': 'Colour', 'Option2 Value': 'Red' }),
      sized('S', { 'Option2 Value': 'Blue' }),
      sized('M', { 'Option2 Value': 'Red', 'Option1 Name': 'Size' }),
    );
    expect(product.variants.map(({ optionValues }) => optionValues)).toEqual([
      { Size: 'S', Colour: 'Red' },
      { Size: 'S', Colour: 'Blue' },
      { Size: 'M', Colour: 'Red' },
    ]);
  });

  it('takes Title / Default Title for no options', async () => {
    const product = await readProduct(titled({ 'Option1 Name': 'Title', 'Option1 Value': 'Default Title' }));
    expect(product.variants[0]?.optionValues).toEqual({});
  });

  it('reads more options than Shopify has', async () => {
    const product = await readProduct(
      firstSized('S', {
        'Option10 Name': 'Cut',
        'Option10 Value': 'Slim',
        'Option4 Name': 'Colour',
        'Option4 Value': 'Red',
      }),
    );
    expect(product.variants[0]?.optionValues).toEqual({ Size: 'S', Colour: 'Red', Cut: 'Slim' });
    expect(Object.keys(product.variants[0]?.optionValues ?? {})).toEqual(['Size', 'Colour', 'Cut']);
  });

  it('takes the currency that a product names for that of the file', async () => {
    const named = titled({ Handle: 'a', Currency: 'jpy', 'Variant Price': '1200' });
    const groups = await readRows(named, titled({ Handle: 'b', 'Variant Price': '1200' }));
    expect(groups.map(({ product }) => product?.currency)).toEqual(['JPY', 'USD']);
    expect(groups.map(({ product }) => product?.variants[0]?.priceMinor)).toEqual([1200, 120_000]);
  });

  it('reads prices in the decimals of the currency', async () => {
    const [group] = await read([toCsv([titled({ 'Variant Price': '1200' })])], { currency: 'JPY' });
    expect(group?.product?.variants[0]?.priceMinor).toBe(1200);
  });
});

describe('ShopifyCsv, bad rows', () => {
  it.each<[Cells, string]>([
    [{ 'Variant Price': '' }, 'PRICE_MISSING:Variant Price'],
    [{ 'Variant Price': '9,99' }, 'PRICE_INVALID:Variant Price'],
    [{ 'Variant Price': '9.999' }, 'PRICE_INVALID:Variant Price'],
    [{ 'Variant Compare At Price': '-1' }, 'PRICE_INVALID:Variant Compare At Price'],
    [{ 'Cost per item': '1e3' }, 'PRICE_INVALID:Cost per item'],
    [{ 'Variant Inventory Qty': '3.5' }, 'STOCK_INVALID:Variant Inventory Qty'],
    [{ 'Variant Grams': '-1' }, 'GRAMS_INVALID:Variant Grams'],
    [{ 'Variant Grams': '1'.repeat(200) }, 'GRAMS_INVALID:Variant Grams'],
    [{ 'Variant Taxable': 'perhaps' }, 'BOOLEAN_INVALID:Variant Taxable'],
    [{ 'Variant Inventory Policy': 'maybe' }, 'POLICY_INVALID:Variant Inventory Policy'],
    [{ Published: 'perhaps' }, 'STATUS_INVALID:Published'],
    [{ 'Variant Price': '1,234' }, 'PRICE_INVALID:Variant Price'],
    [{ Currency: 'XXZ' }, 'CURRENCY_INVALID:Currency'],
    [{ 'Variant SKU': 'x'.repeat(256) }, 'TEXT_TOO_LONG:Variant SKU'],
    [{ 'Variant SKU': 'a\0b' }, 'TEXT_INVALID:Variant SKU'],
    [{ 'Variant SKU': 'a\u0001b' }, 'TEXT_INVALID:Variant SKU'],
    [{ 'Option1 Name': ' constructor ' }, 'OPTION_NAME_INVALID:Option1 Name'],
    [
      { 'Option1 Name': 'Size', 'Option1 Value': 'S', 'Option Values': '[["S","\\u0000"]]' },
      'OPTION_VALUES_INVALID:Option Values',
    ],
    [{ 'Variant Image': 'ftp://images.example.com/1.jpg' }, 'URL_INVALID:Variant Image'],
    [{ 'Image Src': 'javascript:alert(1)' }, 'URL_INVALID:Image Src'],
    [{ 'Image Src': 'https://e.com/1', 'Image Position': '0' }, 'IMAGE_POSITION_INVALID:Image Position'],
    [{ 'Option1 Value': 'S' }, 'OPTION_NAME_MISSING:Option1 Value'],
    [{ 'Option1 Name': 'Size' }, 'OPTION_VALUE_MISSING:Option1 Value'],
    [{ 'Option1 Name': '__proto__', 'Option1 Value': 'S' }, 'OPTION_NAME_INVALID:Option1 Name'],
    [{ Title: 'x'.repeat(256) }, 'TEXT_TOO_LONG:Title'],
    [{ 'Body (HTML)': 'x'.repeat(100_001) }, 'TEXT_TOO_LONG:Body (HTML)'],
    [{ Tags: 'x'.repeat(256) }, 'TEXT_TOO_LONG:Tags'],
    [{ Tags: Array.from({ length: 251 }, (_, i) => `t${i}`).join() }, 'TAGS_TOO_MANY:Tags'],
    [{ Status: 'sold' }, 'STATUS_INVALID:Status'],
  ])('names the row and the column of %j', async (cells, problem) => {
    expect(await problemsOf(cells)).toContain(`2:${problem}`);
  });

  it('names a row without Handle, Title and SKU', async () => {
    expect(await problemsOf({ Handle: ' ', Title: '' })).toEqual(['2:HANDLE_MISSING:Handle']);
  });

  it('names every problem of a row', async () => {
    const problems = await problemsOf({ Status: 'sold', 'Variant Price': 'x', 'Variant Inventory Qty': 'y' });
    expect(problems).toEqual([
      '2:STATUS_INVALID:Status',
      '2:PRICE_INVALID:Variant Price',
      '2:STOCK_INVALID:Variant Inventory Qty',
    ]);
  });

  it('keeps the other rows of the product', async () => {
    const [group] = await readRows(firstSized('S'), sized('M', { 'Variant Price': 'free' }), sized('L'));
    expect(named([group!])).toEqual(['3:PRICE_INVALID:Variant Price']); // one group was written
    expect(group?.product?.variants.map(({ optionValues }) => optionValues)).toEqual([
      { Size: 'S' },
      { Size: 'L' },
    ]);
  });

  it('keeps the product when its first row is bad as a variant only', async () => {
    const [group] = await readRows(firstSized('S', { 'Variant Price': 'free' }), sized('M'));
    expect(group?.product).toMatchObject({
      fields: { name: 'Tee' },
      variants: [{ optionValues: { Size: 'M' } }],
    });
  });

  it('drops the whole product and names all its rows when the first row is bad as a product', async () => {
    const image = { Handle: 'tee', 'Image Src': 'https://images.example.com/1.jpg' };
    const groups = await readRows(firstSized('S', { Status: 'sold' }), sized('M'), image);
    expect(groups).toMatchObject([{ product: null, rows: 3 }]);
    expect(named(groups)).toEqual(['2:STATUS_INVALID:Status', '3:PRODUCT_UNUSABLE', '4:PRODUCT_UNUSABLE']);
  });

  it('drops a titled product without any good variant and names its images too', async () => {
    const image = { Handle: 'tee', 'Image Src': 'https://images.example.com/1.jpg' };
    const groups = await readRows(firstSized('S', { 'Variant Price': '' }), image, sized(''));
    expect(groups).toMatchObject([{ product: null }]);
    expect(named(groups)).toEqual([
      '2:PRICE_MISSING:Variant Price',
      '3:PRODUCT_UNUSABLE',
      '4:OPTION_VALUE_MISSING:Option1 Value',
    ]);
  });

  it('refuses a second variant with the same option values and others that differ', async () => {
    const groups = await readRows(firstSized('S'), sized('M'), sized('S', { 'Variant Price': '5' }));
    expect(named(groups)).toEqual(['4:OPTION_VALUES_DUPLICATE:Option1 Value']);
  });

  it('refuses a second variant of a product without options', async () => {
    const groups = await readRows(titled(), { Handle: 'tee', 'Variant Price': '5' });
    expect(named(groups)).toEqual(['3:OPTION_VALUES_DUPLICATE:Variant SKU']);
  });

  it('reads two variants with the same SKU', async () => {
    const product = await readProduct(
      firstSized('S', { 'Variant SKU': 'A' }),
      sized('M', { 'Variant SKU': 'A' }),
    );
    expect(product.variants.map(({ sku }) => sku)).toEqual(['A', 'A']);
  });

  it('refuses an option name that the first row does not have', async () => {
    const groups = await readRows(firstSized('S'), sized('Red', { 'Option1 Name': 'Colour' }));
    expect(named(groups)).toEqual(['3:OPTION_NAME_INVALID:Option1 Name']);
  });

  it.each(['M', '["S"]', '[["S","S"]]', '[[""]]', '[[1]]', '[["S"],["M"]]', '{"Size":["S"]}'])(
    'refuses the option values %s',
    async (lists) => {
      const groups = await readRows(firstSized('S', { 'Option Values': lists }));
      expect(named(groups)).toEqual(['2:OPTION_VALUES_INVALID:Option Values']);
    },
  );

  it('refuses a column that names one attribute twice, and keeps none with the name of a method', async () => {
    await expect(read(['Handle,SEO Title,Attribute: SEO Title\n'])).rejects.toThrow(UnreadableCsv);
    const notStored = new Set<string>();
    await read(['Handle,Title,Attribute: constructor\ntee,Tee,x\n'], {}, notStored);
    expect([...notStored]).toEqual(['Attribute: constructor']);
  });

  it('refuses two options of one name', async () => {
    const twice = { 'Option2 Name': 'Size', 'Option2 Value': 'M' };
    expect(named(await readRows(firstSized('S', twice)))).toContain('2:OPTION_NAME_INVALID:Option2 Name');
  });

  it('names a row that has neither a variant nor an image', async () => {
    expect(named(await readRows(titled(), { Handle: 'tee' }))).toEqual(['3:ROW_EMPTY']);
  });

  it('names a row with a value beyond the header, and reads missing cells as empty', async () => {
    const rows = 'tee,Tee,1\ntee,,2,3\nmug,Mug,1,,\ncup,Cup\n';
    const groups = await read([`Handle,Title,Variant Price\n${rows}`]);
    expect(named(groups)).toEqual(['3:COLUMN_COUNT', '5:PRICE_MISSING:Variant Price']);
    expect(groups.map(({ product }) => product?.handle)).toEqual(['tee', 'mug', undefined]);
  });

  it('does not split a product at a row without Handle', async () => {
    const groups = await readRows(firstSized('S'), sized('M', { Handle: '' }), sized('L'));
    expect(named(groups)).toEqual(['3:HANDLE_MISSING:Handle']);
    expect(groups.find(({ product }) => product !== null)?.product?.variants).toHaveLength(2);
  });

  it('names the variants of a product beyond the 2,048th', async () => {
    const rows = Array.from({ length: 2049 }, (_, index) => sized(`S${index}`));
    const [group] = await readRows(firstSized('first'), ...rows);
    expect(named([group!])).toEqual(['2050:ROWS_TOO_MANY', '2051:ROWS_TOO_MANY']);
    expect(group?.product?.variants).toHaveLength(2048);
  });

  it('names each row of a product beyond the 5,000th in a group of its own', async () => {
    const rows = [titled(), ...Array.from({ length: 5001 }, () => titled())];
    const groups = await readRows(...rows);
    expect(groups.map((group) => group.rows)).toEqual([1, 1, 5000]);
    expect(named(groups)).toEqual(['5002:ROWS_TOO_MANY', '5003:ROWS_TOO_MANY']);
  });

  it('refuses rows of a product beyond what memory should hold', async () => {
    const texts = Array.from({ length: 12 }, () => 'x'.repeat(65_000));
    const header = ['Handle', 'Title', 'Variant Price', 'Option1 Name', 'Option1 Value'];
    const columns = [...header, ...texts.map((_, i) => `Variant Attribute: ${i}`)];
    const rows = Array.from({ length: 21 }, (_, i) => ['tee', 'Tee', '1', 'Size', String(i), ...texts]);
    const groups = await read([[columns, ...rows].map((cells) => cells.join(',')).join('\n')]);
    expect(named(groups)).toEqual(['22:PRODUCT_TOO_LARGE']);
  });

  it('refuses images beyond the 250th', async () => {
    const image = { Handle: 'tee', 'Image Src': 'https://images.example.com/1.jpg' };
    const groups = await readRows(titled(), ...Array.from({ length: 251 }, () => image));
    expect(named(groups)).toEqual(['253:IMAGES_TOO_MANY:Image Src']);
  });

  it('uses codes of the closed set only, and tells every row or stores it', async () => {
    const cell = fc.constantFrom('', 'x', '1', '-1', 'true', 'Default Title', 'https://e.com/1', '\0');
    const columns = [
      'Handle',
      'Title',
      'Status',
      'Option1 Name',
      'Option1 Value',
      'Variant Price',
      'Image Src',
    ];
    const row = fc.record(Object.fromEntries(columns.map((column) => [column, cell])));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), async (rows) => {
        const groups = await readRows(...rows);
        const problems = groups.flatMap((group) => group.problems);
        expect(PROBLEM_CODES).toEqual(expect.arrayContaining(problems.map(({ code }) => code)));
        expect(groups.reduce((sum, group) => sum + group.rows, 0)).toBe(rows.length);
        const silent = groups.filter(({ product, problems: own, rows: count }) => {
          return product === null && new Set(own.map((problem) => problem.row)).size < count;
        });
        expect(silent).toEqual([]);
      }),
    );
  });
});

describe('ShopifyCsv, files', () => {
  const header = 'Handle,Title,Variant Price\n';
  const latin1 = Buffer.from(`${header}tee,Tee,1\nmug,caf\u00e9,2\n`, 'latin1');

  it.each([
    ['an empty file', '', null],
    ['a file without Handle, Title and SKU', 'Name,Vendor\n1,2\n', 1],
    ['two columns of one meaning', 'Handle,URL handle\n', 1],
    ['a column named twice', 'Handle,Title,Title\n', 1],
    ['a quote that is never closed', `${header}tee,"Tee\n\n",1\n\nmug,"Mug,2\n`, 6],
    ['a quote inside an unquoted cell', `${header}tee,5" pipe,1\n`, 2],
    ['text after a closing quote', `${header}tee,"5" pipe,1\n`, 2],
    ['a record that is too long', `${header}tee,"${'x'.repeat(1_000_001)}`, 2],
    ['a record of very many cells', header + ','.repeat(1_000_001), 2],
  ])('refuses %s', async (_, text, line) => {
    expect((await faultOf([text])).line).toBe(line);
  });

  it('refuses bytes that are not UTF-8', async () => {
    expect((await faultOf([latin1])).line).toBe(3);
  });

  it('refuses a file that ends within a character', async () => {
    expect((await faultOf([Buffer.from(`${header}tee,Té`).subarray(0, -1)])).line).toBe(2);
  });

  it('lets an error of the source through', async () => {
    async function* open() {
      yield Buffer.from(header);
      throw new Error('connection lost');
    }
    await expect(readFile({ open, separator: ',' }, {})).rejects.toThrow('connection lost');
  });

  it('skips a byte order mark and empty lines, and takes any line ends', async () => {
    const groups = await read(['\uFEFFHandle,Title,Variant Price\r\n\r\na,A,1\n\nb,B,2\rc,C,3']);
    expect(groups.map(({ product }) => [product?.handle, product?.rows[0]])).toEqual([
      ['a', 3],
      ['b', 5],
      ['c', 6],
    ]);
  });

  it('survives columns named after parts of an object', async () => {
    const [group] = await read([`__proto__,constructor,${header}x,y,tee,Tee,1\n`]);
    expect(group?.product?.fields?.name).toBe('Tee');
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('reads back any text and knows the line where each record starts', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !hasControls(value));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1 }),
        fc.constantFrom('\n', '\r\n'),
        async (bodies, eol) => {
          const rows = bodies.map((body, index) => titled({ Handle: `p${index}`, 'Body (HTML)': body }));
          const products = (await read([toCsv(rows, eol)])).map(({ product }) => product);
          const lengths = bodies.map((body) => body.split(/\r\n|\r|\n/).length);
          expect(products.map((product) => product?.fields?.description)).toEqual(
            bodies.map((body) => body.normalize('NFC')),
          );
          expect(products.map((product) => product?.rows[0])).toEqual(
            lengths.map((_, index) => 2 + lengths.slice(0, index).reduce((sum, length) => sum + length, 0)),
          );
        },
      ),
    );
  });

  it('reads the same however the bytes are cut', async () => {
    const bytes = Buffer.from(
      '\uFEFF' + toCsv([firstSized('S', { Title: '"Tée" 玉露 🍵', Tags: 'ü,\r\n🍵' }), sized('É\n')], '\r\n'),
    );
    const whole = await read([bytes]);
    expect(named(whole)).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length })), async (cuts) => {
        expect(await read(cut(bytes, cuts))).toEqual(whole);
      }),
    );
    expect(await read(cut(bytes, [...bytes.keys()]))).toEqual(whole);
  });

  it('finds the same fault however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: latin1.length })), async (cuts) => {
        expect((await faultOf(cut(latin1, cuts))).line).toBe(3);
      }),
    );
  });
});

describe('examples', () => {
  const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  const table = [...readme.matchAll(/^\| \[(\S+\.csv)\].*?\| +(\d+) \| +(\d+) \| +(\d+) \|$/gm)];

  it('are two', () => {
    expect(table).toHaveLength(2);
  });

  it.each(table.map(([, file, ...counts]) => [file, ...counts.map(Number)] as const))(
    '%s has the products, variants and images that README.md counts, and no problem',
    async (file, ...counts) => {
      const open = () => createReadStream(join(EXAMPLES, String(file)));
      const groups = await readFile({ open, separator: ',' }, { currency: 'EUR' });
      const products = groups.flatMap(({ product }) => product ?? []);
      const skus = products.flatMap(({ variants }) => variants.flatMap(({ sku }) => sku ?? []));
      expect(named(groups)).toEqual([]);
      expect(new Set(skus).size).toBe(skus.length);
      expect([
        products.length,
        products.flatMap(({ variants }) => variants).length,
        products.flatMap(({ images }) => images ?? []).length,
      ]).toEqual(counts);
    },
  );
});

function* cut(bytes: Buffer, cuts: number[]): Generator<Buffer> {
  const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  for (const [index, start] of at.entries()) yield bytes.subarray(start, at[index + 1] ?? start);
}
