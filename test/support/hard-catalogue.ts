import type { Random } from './random';

/** A product as the API should show it, without ids and times. */
export interface ExpectedProduct {
  handle: string;
  name: string;
  description: string;
  vendor: string;
  tags: string[];
  status: string;
  attributes: Record<string, string>;
  options: { name: string; values: string[] }[];
  images: string[];
  variants: ExpectedVariant[];
}
interface ExpectedVariant {
  sku: string | null;
  optionValues: Record<string, string>;
  priceMinor: number;
  compareAtMinor: number | null;
  stock: number;
  tracksStock: boolean;
  sellsWhenOut: boolean;
  barcode: string | null;
  taxable: boolean;
}

export interface HardCatalogue {
  csv: string;
  rows: number;
  products: ExpectedProduct[];
  /** `line code` of every row that cannot be stored. */
  problems: string[];
}

type Cells = Record<string, string>;

const COLUMNS = [
  ...['Handle', 'Title', 'Description', 'Vendor', 'Tags', 'Published', 'Status', 'SEO Title'],
  ...['Fabric (product.metafields.custom.fabric)', 'Option1 Name', 'Option1 Value', 'Variant SKU', 'Price'],
  ...['Variant Compare At Price', 'Inventory tracker', 'Variant Inventory Qty', 'Variant Inventory Policy'],
  ...['Variant Barcode', 'Charge tax', 'Image Src', 'Image Position'],
];
const NAMES = [
  'Łopata',
  'Café “Noir”',
  'Ærø, mug',
  'Straße\nzwei',
  'Đà Nẵng',
  '玉露',
  'שלום',
  '=1+1',
  "O'Neil",
  '🧶 yarn',
];
const YES = ['TRUE', 'true', 'yes', 'WAHR', 'Vrai', '1', ''];
const NO = ['FALSE', 'false', 'no', 'FALSCH', 'faux', '0'];

/**
 * Makes a file of about `rows` rows with the difficulties of real ones mixed, and knows what must be stored: shared SKUs, rows far
 * apart and before their titled row, uncounted stock, policies, statuses, apostrophes of spreadsheets, texts of all kinds, missing cells
 * at the end, rows without any value, and rows that cannot be stored.
 */
export function makeHardCatalogue(random: Random, rows: number): HardCatalogue {
  const made: { cells: Cells; product: number; code?: string }[] = [];
  const products: ExpectedProduct[] = [];
  while (made.length < rows) {
    const { product, lines } = makeProduct(random, products.length);
    products.push(product);
    made.push(...lines.map((cells) => ({ cells, product: products.length })));
    if (random.chance(0.05)) made.push(badRow(random, products.length));
  }
  const order = scatter(random, made);
  const lines = [COLUMNS.join(',')];
  const problems: string[] = [];
  let line = 2;
  for (const { cells, code } of order) {
    if (random.chance(0.02)) {
      lines.push(','.repeat(COLUMNS.length - 1));
      line++;
    }
    if (code !== undefined) problems.push(`${line} ${code}`);
    const text = textOf(cells);
    lines.push(text);
    line += text.split('\n').length;
  }
  return { csv: lines.join('\n'), rows: order.length, products, problems };
}

function makeProduct(random: Random, n: number): { product: ExpectedProduct; lines: Cells[] } {
  const name = `${random.pick(NAMES)} ${n}`;
  const [status, published, stored] = random.pick([
    ['active', random.pick(YES), 'active'],
    ['active', random.pick(NO), 'draft'],
    ['unlisted', 'TRUE', 'unlisted'],
    ['archived', random.pick(NO), 'archived'],
    ['', random.pick(NO), 'draft'],
    ['', '', 'active'],
  ] as const);
  const sizes = random.pick([[], ['S'], ['S', 'M', 'L'], ['39', '40']]);
  const seo = random.chance(0.3) ? `SEO ${n}` : '';
  const fabric = random.chance(0.2) ? 'Linen, "fine"' : '';
  const images = random.chance(0.5)
    ? Array.from({ length: 1 + (n % 3) }, (_, i) => `https://e.com/${n}/${i}.jpg`)
    : [];
  const product: ExpectedProduct = {
    ...{ handle: `p-${n}`, name, description: random.pick(['', '<p>a "b", c</p>', 'two\nlines']) },
    ...{
      vendor: random.pick(['', 'Loom & Co.', '–']),
      tags: random.pick([[], ['new'], ['new', 'größe 40']]),
    },
    ...{ status: stored, images },
    attributes: {
      ...(seo && { 'SEO Title': seo }),
      ...(fabric && { 'Fabric (product.metafields.custom.fabric)': fabric }),
    },
    options: sizes.length === 0 ? [] : [{ name: 'Size', values: [...sizes] }],
    variants: [],
  };
  const lines: Cells[] = [];
  for (const size of sizes.length === 0 ? [null] : sizes) {
    const { variant, cells } = makeVariant(random, size);
    product.variants.push(variant);
    lines.push({ Handle: product.handle, ...cells, ...(size !== null && { 'Option1 Value': size }) });
  }
  Object.assign(lines[0]!, {
    ...{
      Title: name,
      Description: product.description,
      Vendor: product.vendor,
      Tags: product.tags.join(', '),
    },
    ...{ Published: published, Status: status, 'SEO Title': seo },
    'Fabric (product.metafields.custom.fabric)': fabric,
    ...(sizes.length > 0 && { 'Option1 Name': 'Size' }),
  });
  for (const [i, src] of images.entries()) {
    lines[i] ??= { Handle: product.handle };
    Object.assign(lines[i], { 'Image Src': src, 'Image Position': String(i + 1) });
  }
  return { product, lines };
}

function makeVariant(random: Random, size: string | null): { variant: ExpectedVariant; cells: Cells } {
  const [sku, shownSku] = random.pick([
    [null, ''],
    ['SHARED', 'SHARED'],
    ['0112', "'0112"],
    [`SKU-${random.whole(500)}`, undefined],
  ] as const);
  const [barcode, shownBarcode] = random.pick([
    [null, ''],
    ['0850064060010', "'0850064060010"],
  ] as const);
  const tracksStock = random.chance(0.6);
  const sellsWhenOut = random.chance(0.3);
  const stock = random.whole(100) - (sellsWhenOut || !tracksStock ? 20 : 0);
  const price = random.whole(10_000);
  const compareAt = random.chance(0.3) ? price + 100 : null;
  const taxable = random.chance(0.5);
  const amount = (minor: number) => `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
  return {
    variant: {
      ...{ sku, optionValues: (size === null ? {} : { Size: size }) as Record<string, string> },
      ...{ priceMinor: price, compareAtMinor: compareAt, stock, tracksStock, sellsWhenOut, barcode, taxable },
    },
    cells: {
      ...{ 'Variant SKU': shownSku ?? sku ?? '', Price: amount(price) },
      'Variant Compare At Price': compareAt === null ? '' : amount(compareAt),
      ...{ 'Inventory tracker': tracksStock ? 'shopify' : '', 'Variant Barcode': shownBarcode },
      'Variant Inventory Qty': random.chance(0.2) ? `${stock}.0` : String(stock),
      'Variant Inventory Policy': sellsWhenOut
        ? random.pick(['continue', 'CONTINUE'])
        : random.pick(['deny', '']),
      'Charge tax': taxable ? random.pick(YES) : random.pick(NO),
    },
  };
}

/** A row of a product of its own, so that it takes nothing with it. */
function badRow(random: Random, n: number): { cells: Cells; product: number; code: string } {
  const good = { Handle: `bad-${n}`, Title: 'Bad', Price: '5', 'Inventory tracker': 'shopify' };
  const [cells, code] = random.pick<readonly [Cells, string]>([
    [{ ...good, Price: 'free' }, 'PRICE_INVALID'],
    [{ ...good, Price: '' }, 'PRICE_MISSING'],
    [{ ...good, 'Variant Inventory Qty': '-3' }, 'STOCK_NEGATIVE'],
    [{ ...good, 'Variant Inventory Qty': '1.5' }, 'STOCK_INVALID'],
    [{ ...good, 'Charge tax': 'perhaps' }, 'BOOLEAN_INVALID'],
    [{ ...good, 'Image Src': 'ftp://e.com/1.jpg' }, 'URL_INVALID'],
    [{ ...good, Status: 'sold' }, 'STATUS_INVALID'],
    [{ ...good, Title: '' }, 'TITLE_MISSING'],
    [{ Vendor: 'nobody' }, 'HANDLE_MISSING'],
    [{ ...good, Title: 'x'.repeat(256) }, 'TEXT_TOO_LONG'],
  ]);
  return { cells, product: -1, code };
}

/** Moves a tenth of the rows anywhere; the rows of most products still stand together. */
function scatter<T>(random: Random, rows: readonly T[]): T[] {
  const keyed = rows.map((row, i) => ({ row, at: random.chance(0.1) ? random.whole(rows.length) : i }));
  return keyed.sort((a, b) => a.at - b.at).map(({ row }) => row);
}

function textOf(cells: Cells): string {
  const texts = COLUMNS.map((column) => cells[column] ?? '');
  while (texts.length > 1 && texts.at(-1) === '') texts.pop(); // spreadsheets leave them out
  return texts.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
