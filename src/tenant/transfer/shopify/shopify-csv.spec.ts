import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { UnreadableCsv } from '../../../common/csv-records';
import { type CatalogueGroup, PROBLEM_CODES } from './shopify-catalogue';
import { readShopifyCsv } from './shopify-csv';

type Cells = Record<string, string>;

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

async function read(
  chunks: Iterable<string | Uint8Array>,
  currency = 'USD',
  notStored = new Set<string>(),
): Promise<CatalogueGroup[]> {
  const groups: CatalogueGroup[] = [];
  for await (const group of readShopifyCsv(Readable.from(chunks), currency, notStored)) groups.push(group);
  return groups;
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

describe('readShopifyCsv, products', () => {
  it('reads the fields of a product from its first row', async () => {
    const product = await readProduct(
      titled({ 'Body (HTML)': ' <p>a, "b"</p>\n', Vendor: 'Loom', Type: 'Shirts', Tags: 'new, red,, new ' }),
    );
    expect(product).toMatchObject({ rows: [2], handle: 'tee', name: 'Tee', vendor: 'Loom', type: 'Shirts' });
    expect(product.description).toBe(' <p>a, "b"</p>\n');
    expect(product.tags).toEqual(['new', 'red']);
  });

  it('gathers consecutive rows of one handle', async () => {
    const groups = await readRows(firstSized('S'), sized('M'), titled({ Handle: 'mug' }), firstSized('L'));
    expect(groups.map(({ product, rows }) => [product?.handle, rows])).toEqual([
      ['tee', 2],
      ['mug', 1],
      ['tee', 1],
    ]);
  });

  it('gives a product without Title no name', async () => {
    const product = await readProduct({ Handle: 'tee', 'Image Src': 'https://images.example.com/2.jpg' });
    expect(product).toMatchObject({ name: null, variants: [], images: [{ position: 1 }] });
  });

  it.each([
    [{}, 'active'],
    [{ Published: 'TRUE' }, 'active'],
    [{ Published: 'false' }, 'draft'],
    [{ Published: 'false', Status: 'Archived' }, 'archived'],
    [{ Published: 'true', Status: 'draft' }, 'draft'],
    [{ Published: 'false', Status: '' }, 'draft'],
  ])('makes of %j the status %s', async (cells: Cells, status) => {
    expect((await readProduct(titled(cells))).status).toBe(status);
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
    const plain = { 'Gift Card': 'false', 'Variant Inventory Policy': 'deny', 'Variant Weight Unit': 'kg' };
    await read([toCsv([titled({ ...plain, 'Variant Tax Code': '' })])], 'USD', notStored);
    expect([...notStored]).toEqual([]);
    const chosen = {
      'Gift Card': 'TRUE',
      'Variant Inventory Policy': 'continue',
      'SEO Title': 'x',
      Other: '1',
    };
    await read([toCsv([titled(chosen)])], 'USD', notStored);
    expect([...notStored]).toEqual(Object.keys(chosen));
  });
});

describe('readShopifyCsv, variants', () => {
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
      ...{ row: 2, sku: 'TEE-S', optionValues: {}, priceMinor: 999, compareAtMinor: 1200, costMinor: 350 },
      ...{ stock: 7, barcode: '200', grams: 454, requiresShipping: false, taxable: false },
      imageSrc: 'https://images.example.com/s.jpg',
    });
  });

  it('takes harmless values for empty cells', async () => {
    const unset = { sku: null, compareAtMinor: null, costMinor: null, barcode: null, imageSrc: null };
    const plain = { stock: 0, grams: 0, requiresShipping: true, taxable: true };
    expect(await readVariant({})).toMatchObject({ ...unset, ...plain });
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
    expect(product.options).toEqual([
      { name: 'Size', values: ['S', 'M'] },
      { name: 'Colour', values: ['Red', 'Blue'] },
    ]);
  });

  it('takes Title / Default Title for no options', async () => {
    const product = await readProduct(titled({ 'Option1 Name': 'Title', 'Option1 Value': 'Default Title' }));
    expect(product.options).toEqual([]);
    expect(product.variants[0]?.optionValues).toEqual({});
  });

  it('lets an option be named constructor', async () => {
    const product = await readProduct(firstSized('S', { 'Option1 Name': 'constructor' }));
    expect(Object.entries(product.variants[0]?.optionValues ?? {})).toEqual([['constructor', 'S']]);
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
    expect(product.options.map(({ name }) => name)).toEqual(['Size', 'Colour', 'Cut']);
  });

  it('takes the currency that a product names for that of the file', async () => {
    const named = titled({ Handle: 'a', Currency: 'jpy', 'Variant Price': '1200' });
    const groups = await readRows(named, titled({ Handle: 'b', 'Variant Price': '1200' }));
    expect(groups.map(({ product }) => product?.currency)).toEqual(['JPY', 'USD']);
    expect(groups.map(({ product }) => product?.variants[0]?.priceMinor)).toEqual([1200, 120_000]);
  });

  it('reads prices in the decimals of the currency', async () => {
    const [group] = await read([toCsv([titled({ 'Variant Price': '1200' })])], 'JPY');
    expect(group?.product?.variants[0]?.priceMinor).toBe(1200);
  });
});

describe('readShopifyCsv, bad rows', () => {
  it.each<[Cells, string]>([
    [{ 'Variant Price': '' }, 'PRICE_MISSING:Variant Price'],
    [{ 'Variant Price': '9,99' }, 'PRICE_INVALID:Variant Price'],
    [{ 'Variant Price': '9.999' }, 'PRICE_INVALID:Variant Price'],
    [{ 'Variant Compare At Price': '-1' }, 'PRICE_INVALID:Variant Compare At Price'],
    [{ 'Cost per item': '1e3' }, 'PRICE_INVALID:Cost per item'],
    [{ 'Variant Inventory Qty': '3.0' }, 'STOCK_INVALID:Variant Inventory Qty'],
    [{ 'Variant Inventory Qty': '1000000001' }, 'STOCK_INVALID:Variant Inventory Qty'],
    [{ 'Variant Inventory Qty': '-2' }, 'STOCK_NEGATIVE:Variant Inventory Qty'],
    [{ 'Variant Grams': '-1' }, 'GRAMS_INVALID:Variant Grams'],
    [{ 'Variant Grams': '1'.repeat(200) }, 'GRAMS_INVALID:Variant Grams'],
    [{ 'Variant Taxable': 'yes' }, 'BOOLEAN_INVALID:Variant Taxable'],
    [{ Currency: 'XXZ' }, 'CURRENCY_INVALID:Currency'],
    [{ 'Variant SKU': 'x'.repeat(256) }, 'TEXT_TOO_LONG:Variant SKU'],
    [{ 'Variant SKU': 'a\0b' }, 'TEXT_INVALID:Variant SKU'],
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
    [{ Published: '1' }, 'STATUS_INVALID:Published'],
  ])('names the row and the column of %j', async (cells, problem) => {
    expect(await problemsOf(cells)).toContain(`2:${problem}`);
  });

  it('names a row without Handle', async () => {
    expect(await problemsOf({ Handle: ' ' })).toEqual(['2:HANDLE_MISSING:Handle']);
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
    expect(group?.product?.options).toEqual([{ name: 'Size', values: ['S', 'L'] }]);
  });

  it('keeps the product when its first row is bad as a variant only', async () => {
    const [group] = await readRows(firstSized('S', { 'Variant Price': 'free' }), sized('M'));
    expect(group?.product).toMatchObject({ name: 'Tee', variants: [{ optionValues: { Size: 'M' } }] });
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

  it('refuses a second variant with the same option values', async () => {
    const groups = await readRows(firstSized('S'), sized('M'), sized('S'));
    expect(named(groups)).toEqual(['4:OPTION_VALUES_DUPLICATE:Option1 Value']);
  });

  it('refuses a second variant of a product without options', async () => {
    const groups = await readRows(titled(), { Handle: 'tee', 'Variant Price': '5' });
    expect(named(groups)).toEqual(['3:OPTION_VALUES_DUPLICATE:Option1 Value']);
  });

  it('refuses a second variant with the same SKU', async () => {
    const groups = await readRows(
      firstSized('S', { 'Variant SKU': 'A' }),
      sized('M', { 'Variant SKU': 'A' }),
    );
    expect(named(groups)).toEqual(['3:SKU_DUPLICATE:Variant SKU']);
  });

  it('refuses an option name that the first row does not have', async () => {
    const groups = await readRows(firstSized('S'), sized('Red', { 'Option1 Name': 'Colour' }));
    expect(named(groups)).toEqual(['3:OPTION_NAME_INVALID:Option1 Name']);
  });

  it('refuses two options of one name', async () => {
    const twice = { 'Option2 Name': 'Size', 'Option2 Value': 'M' };
    expect(named(await readRows(firstSized('S', twice)))).toContain('2:OPTION_NAME_INVALID:Option2 Name');
  });

  it('names a row that has neither a variant nor an image', async () => {
    expect(named(await readRows(titled(), { Handle: 'tee' }))).toEqual(['3:ROW_EMPTY']);
  });

  it('names a row with more or fewer cells than the header', async () => {
    const rows = 'tee,Tee,1\ntee,,2,3\nmug\nmug,Mug,1\n';
    const groups = await read([`Handle,Title,Variant Price\n${rows}`]);
    expect(named(groups)).toEqual(['3:COLUMN_COUNT', '4:COLUMN_COUNT']);
    expect(groups.map(({ product }) => product?.handle)).toEqual(['tee', 'mug']);
  });

  it('does not split a product at a row without Handle', async () => {
    const groups = await readRows(firstSized('S'), sized('M', { Handle: '' }), sized('L'));
    expect(named(groups)).toEqual(['3:HANDLE_MISSING:Handle']);
    expect(groups.find(({ product }) => product !== null)?.product?.variants).toHaveLength(2);
  });

  it('names the rows of a product beyond the 2,000th, one group each', async () => {
    const rows = Array.from({ length: 2001 }, (_, index) => sized(`S${index}`));
    const groups = await readRows(firstSized('first'), ...rows);
    expect(named(groups)).toEqual(['2002:ROWS_TOO_MANY', '2003:ROWS_TOO_MANY']);
    expect(groups.map(({ rows: count }) => count).toSorted((a, b) => a - b)).toEqual([1, 1, 2000]);
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

describe('readShopifyCsv, files', () => {
  const header = 'Handle,Title,Variant Price\n';
  const latin1 = Buffer.from(`${header}tee,Tee,1\nmug,caf\u00e9,2\n`, 'latin1');

  it.each([
    ['an empty file', '', null],
    ['a file without Handle', 'Name,Price\n1,2\n', 1],
    ['a file separated by semicolons', 'Handle;Title\n', 1],
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

  it('gives out the groups before a fault', async () => {
    const groups = readShopifyCsv(Readable.from([`${header}tee,Tee,1\nmug,Mug,2\nbad,"x`]), 'USD');
    expect((await groups.next()).value).toMatchObject({ product: { handle: 'tee' } });
    await expect(groups.next()).rejects.toThrow(UnreadableCsv);
  });

  it('lets an error of the source through', async () => {
    async function* broken() {
      yield Buffer.from(header);
      throw new Error('connection lost');
    }
    const groups = readShopifyCsv(Readable.from(broken()), 'USD');
    await expect(groups.next()).rejects.toThrow('connection lost');
  });

  it('closes the source when the reader stops early', async () => {
    const source = Readable.from([`${header}tee,Tee,1\nmug,Mug,2\n`, 'cup,Cup,3\n']);
    for await (const _ of readShopifyCsv(source, 'USD')) break;
    expect(source.destroyed).toBe(true);
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
    expect(group?.product?.name).toBe('Tee');
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('reads back any text and knows the line where each record starts', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => !value.includes('\0'));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1 }),
        fc.constantFrom('\n', '\r\n'),
        async (bodies, eol) => {
          const rows = bodies.map((body, index) => titled({ Handle: `p${index}`, 'Body (HTML)': body }));
          const products = (await read([toCsv(rows, eol)])).map(({ product }) => product);
          const lengths = bodies.map((body) => body.split(/\r\n|\r|\n/).length);
          expect(products.map((product) => product?.description)).toEqual(bodies);
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
      const groups: CatalogueGroup[] = [];
      const source = createReadStream(join(EXAMPLES, String(file)));
      for await (const group of readShopifyCsv(source, 'EUR')) groups.push(group);
      const products = groups.flatMap(({ product }) => product ?? []);
      const skus = products.flatMap(({ variants }) => variants.flatMap(({ sku }) => sku ?? []));
      expect(named(groups)).toEqual([]);
      expect(new Set(skus).size).toBe(skus.length);
      expect([
        products.length,
        products.flatMap(({ variants }) => variants).length,
        products.flatMap(({ images }) => images).length,
      ]).toEqual(counts);
    },
  );
});

function* cut(bytes: Buffer, cuts: number[]): Generator<Buffer> {
  const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  for (const [index, start] of at.entries()) yield bytes.subarray(start, at[index + 1] ?? start);
}
