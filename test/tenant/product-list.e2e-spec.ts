import { randomUUID } from 'node:crypto';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { searchOf } from '../../src/tenant/products/product-search';
import type { Api } from '../support/api';
import { withClient } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

interface Listed {
  ids: string[];
  nextCursor: string | null;
}

async function page(api: Api, query: Record<string, string>): Promise<Listed> {
  const search = new URLSearchParams(query);
  const { status, body } = await api.get(`products?${search.toString()}`);
  expect(status).toBe(200);
  return { ids: (body.items as { id: string }[]).map(({ id }) => id), nextCursor: body.nextCursor };
}

async function rest(api: Api, limit: string, cursor: string | null): Promise<string[]> {
  if (cursor === null) return [];
  const next = await page(api, { limit, cursor });
  return [...next.ids, ...(await rest(api, limit, next.nextCursor))];
}

/** All ids of a list, page by page. */
async function restOf(api: Api, query: Record<string, string>): Promise<string[]> {
  const { ids, nextCursor } = await page(api, query);
  return nextCursor === null ? ids : [...ids, ...(await restOf(api, { ...query, cursor: nextCursor }))];
}

const app = useTestApp();

describe('GET /products', () => {
  let api: Api;

  beforeEach(async () => {
    ({ api } = await newOwner(app.api));
  });

  /** Ids, newest first. */
  async function newProducts(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.unshift((await newProduct(api)).id);
    return ids;
  }

  it('is an empty last page in a new shop', async () => {
    const answer = await api.get('products');
    expect(answer).toMatchObject({ status: 200, body: { items: [], nextCursor: null } });
  });

  it('shows products as they are shown alone', async () => {
    const made = await newProduct(api);
    expect((await api.get('products')).body.items).toEqual([made]);
  });

  it('shows every field of variants as they are shown alone, in order of position', async () => {
    const odd = '"quoted" \\ \u2028 日本 🍵 </script>';
    const options = (Size: string) => ({ sku: null, optionValues: { Size, [odd]: odd } });
    const small = { priceMinor: 100_000_000_000, compareAtMinor: 0, costMinor: 99_999_999_999 };
    const medium = { priceMinor: 0, stock: 1_000_000_000, barcode: odd, grams: 1, requiresShipping: false };
    const large = { priceMinor: 7, taxable: false, imageSrc: 'https://images.example.com/b.jpg' };
    const { id } = await newProduct(api, {
      ...{ name: odd, description: odd, sku: undefined, stock: undefined, priceMinor: undefined },
      tags: ['a;b', '{c}', odd],
      images: [{ src: 'https://images.example.com/a.jpg', position: 1, alt: null }],
      variants: [
        { ...options('S'), ...small },
        { ...options('M'), ...medium },
        { ...options('L'), ...large },
      ],
    });
    const { variants } = (await api.get(`products/${id}`)).body as { variants: { id: string }[] };
    const turned = variants.toReversed().map((made) => ({ id: made.id }));
    const { status, body: alone } = await api.patch(`products/${id}`, { variants: turned });
    expect(status).toBe(200);
    expect((await api.get('products')).body.items).toEqual([alone]);
    expect((await api.get('products?q=日本')).body.items).toEqual([alone]);
  });

  it('is newest first, 20 at a time unless asked otherwise', async () => {
    const ids = await newProducts(21);
    const first = await page(api, {});
    expect(first.ids).toEqual(ids.slice(0, 20));
    expect(await page(api, { cursor: first.nextCursor! })).toEqual({ ids: ids.slice(20), nextCursor: null });
  });

  it('goes through 25 products by pages of 10 without a gap or a duplicate', async () => {
    const ids = await newProducts(25);
    const first = await page(api, { limit: '10' });
    const second = await page(api, { limit: '10', cursor: first.nextCursor! });
    const third = await page(api, { limit: '10', cursor: second.nextCursor! });
    expect([first, second, third].map((listed) => listed.ids.length)).toEqual([10, 10, 5]);
    expect([...first.ids, ...second.ids, ...third.ids]).toEqual(ids);
    expect(third.nextCursor).toBeNull();
  });

  it('has no further page when the last one is full', async () => {
    const ids = await newProducts(10);
    expect(await page(api, { limit: '10' })).toEqual({ ids, nextCursor: null });
  });

  it('keeps its place when products are added and removed between pages', async () => {
    const ids = await newProducts(25);
    const first = await page(api, { limit: '10' });
    await newProducts(2);
    for (const gone of [ids[0], ids[9], ids[15]]) await api.delete(`products/${gone}`); // ids[9] ends page 1
    expect(await rest(api, '10', first.nextCursor)).toEqual(ids.slice(10).filter((id) => id !== ids[15]));
  });

  it('pages through what matches a search', async () => {
    const ids = await newProducts(3);
    await newProduct(api, { name: 'Other' });
    const first = await page(api, { q: 'thing', limit: '2' });
    expect(first.ids).toEqual(ids.slice(0, 2));
    const second = await page(api, { q: 'thing', limit: '2', cursor: first.nextCursor! });
    expect(second).toEqual({ ids: ids.slice(2), nextCursor: null });
  });

  it('pages through products that each match by several SKUs', async () => {
    const size = (Size: string) => ({ optionValues: { Size }, sku: `${Size}-${randomUUID()}` });
    const variants = () => [size('XS-1'), size('XS-2'), size('XS-3')];
    const made = () => newProduct(api, { sku: undefined, stock: undefined, variants: variants() });
    const [older, newer] = [await made(), await made()];
    const first = await page(api, { q: 'xs-', limit: '1' });
    expect(first.ids).toEqual([newer.id]);
    const second = await page(api, { q: 'xs-', limit: '1', cursor: first.nextCursor! });
    expect(second).toEqual({ ids: [older.id], nextCursor: null });
  });

  it('finds old and new products among many, and pages through them', async () => {
    const rows = Array.from({ length: 400 }, (_, n) =>
      n % 20 === 0 ? `${n},Rare ${n},r-${n},1,1` : `${n},Item ${n},i-${n},1,1`,
    );
    const csv = ['Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty', ...rows].join('\n');
    const imported = await api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
    expect(imported.body).toMatchObject({ products: { created: 400 } });
    const all = await rest(api, '100', 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    const rare = (await page(api, { q: 'r-', limit: '100' })).ids;
    expect(rare).toHaveLength(20);
    expect(rare).toEqual(all.filter((id) => rare.includes(id)));
    const first = await page(api, { q: 'rare', limit: '18' });
    expect(first.ids).toEqual(rare.slice(0, 18));
    const second = await page(api, { q: 'rare', limit: '18', cursor: first.nextCursor! });
    expect(second).toEqual({ ids: rare.slice(18), nextCursor: null });
    expect((await page(api, { q: 'rare 0' })).ids).toEqual(rare.slice(-1));
    const items = await page(api, { q: 'item', limit: '100' });
    expect(items.ids).toEqual(all.filter((id) => !rare.includes(id)).slice(0, 100));
  });

  it('returns up to 100 at a time', async () => {
    for (let made = 0; made < 102; made += 34)
      // a shop may not send more at once
      await Promise.all(Array.from({ length: 34 }, () => newProduct(api)));
    const { ids, nextCursor } = await page(api, { limit: '100' });
    expect(ids).toHaveLength(100);
    expect(nextCursor).toBe(ids[99]);
  });
});

describe('GET /products with a query', () => {
  let api: Api;
  let ids: Record<string, string>;

  beforeAll(async () => {
    ({ api } = await newOwner(app.api));
    const size = (value: string, sku: string | null) => ({ optionValues: { Size: value }, sku });
    const made = await Promise.all([
      newProduct(api, { name: 'Linen Tee', sku: 'LT-1' }),
      newProduct(api, { name: 'Café ÉTOILE', sku: null }),
      newProduct(api, { name: '100% wool', sku: 'ZW_1' }),
      newProduct(api, { name: '100 wool', sku: 'ZW-1' }),
      newProduct(api, { name: 'back\\slash', sku: 'B1' }),
      newProduct(api, { name: '日本/茶', sku: null }),
      newProduct(api, { name: 'Cup 🍵', sku: '🍵_%' }),
      newProduct(api, { name: 'Łódź Straße Ærø Đà', sku: null }),
      newProduct(api, { name: 'ガラス皿', sku: null }),
      newProduct(api, {
        name: 'Shirt',
        sku: undefined,
        stock: undefined,
        variants: [size('S', 'AB-S'), size('M', 'AB-M'), { ...size('L', null), barcode: '4006381-X' }],
      }),
    ]);
    ids = Object.fromEntries(made.map(({ name, id }) => [name, id]));
  });

  const named = (names: string[]) => new Set(names.map((name) => ids[name]));
  const found = async (q: string) => new Set((await page(api, { q })).ids);

  it.each([
    ['linen', ['Linen Tee']],
    ['LIN', ['Linen Tee']],
    ['te lin', ['Linen Tee']],
    ['lin  TE,', ['Linen Tee']],
    ['linen wool', []],
    ['inen', []],
    ['étoile', ['Café ÉTOILE']],
    ['caf ét', ['Café ÉTOILE']],
    ['etoile', ['Café ÉTOILE']],
    ['CAFE', ['Café ÉTOILE']],
    ['cafe\u0301', ['Café ÉTOILE']],
    ['cäfe', ['Café ÉTOILE']],
    ['lodz', ['Łódź Straße Ærø Đà']],
    ['łódź strasse', ['Łódź Straße Ærø Đà']],
    ['STRASSE', ['Łódź Straße Ærø Đà']],
    ['aero da', ['Łódź Straße Ærø Đà']],
    ['ガラス', ['ガラス皿']],
    ['カラス', []],
    ['wo', ['100% wool', '100 wool']],
    ['slash', ['back\\slash']],
    ['back\\sl', ['back\\slash']],
    ['日', ['日本/茶']],
    ['茶', ['日本/茶']],
  ])('finds names by the beginnings of their words, in any order and case: "%s"', async (q, names) => {
    expect(await found(q)).toEqual(named(names));
  });

  it.each([
    ['lt-', ['Linen Tee']],
    ['LT-1', ['Linen Tee']],
    ['t-1', ['Linen Tee']],
    ['ab-', ['Shirt']],
    ['AB-M', ['Shirt']],
    ['zw_', ['100% wool']],
    ['zw-1', ['100 wool']],
    ['🍵_%', ['Cup 🍵']],
    ['🍵%', []],
    ['4006381-x', ['Shirt']],
    ['381-', ['Shirt']],
    ['638', ['Shirt']],
    ['s4006', []],
  ])('finds any part of a SKU or barcode, in any case, every sign as itself: "%s"', async (q, names) => {
    expect(await found(q)).toEqual(named(names));
  });

  it.each([
    ['b', ['back\\slash']],
    ['B1', ['back\\slash']],
    ['🍵', ['Cup 🍵']],
    ['🍵_', ['Cup 🍵']],
    ['-q', []],
    ['40', []],
  ])('finds less than three characters only where a SKU begins: "%s"', async (q, names) => {
    expect(await found(q)).toEqual(named(names));
  });

  it.each([
    ...["'", "''", '"', '\\', '%', '_', ':*', '!', '&', '|', '()', '<->', '-- ', ';', '*', '$', '👩‍👩‍👧'],
    ...[
      "linen' | 'wool",
      'linen | wool',
      '!nothing',
      'linen <-> shirt',
      "'); DROP TABLE products; --",
      "\\'",
    ],
    ...['x'.repeat(100), '🍵'.repeat(100), "'".repeat(100), 'x '.repeat(50), ':*&'.repeat(33), '\u{10FFFF}'],
  ])('finds nothing for what no product has, and does not fail: "%s"', async (q) => {
    expect(await found(q)).toEqual(new Set());
  });

  it('uses its indexes, and reads no large table from end to end', async () => {
    const [shop] = await app.database.query<{ id: string }>('SELECT id FROM shops LIMIT 1');
    const plan = await withClient(app.database.url, async (client) => {
      await client.query(`BEGIN; SET LOCAL search_path TO ${new TenantLocator().locate(shop!.id).schema}`);
      await client.query(`
        INSERT INTO products (id, handle, name, currency, status)
        SELECT gen_random_uuid(), 'many-' || n, 'Many ' || n, 'EUR', 'active' FROM generate_series(1, 5000) n;
        INSERT INTO product_variants (id, product_id, position, sku, price_minor, stock)
        SELECT gen_random_uuid(), id, 1, handle, 1, 1 FROM products WHERE handle LIKE 'many-%';
        ANALYZE products, product_variants`);
      const explained = await Promise.all(
        ['many-4711', 'x9'].map((q) => {
          const [sql, values] = searchOf({ q, limit: 20 }).page;
          return client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
        }),
      );
      await client.query('ROLLBACK');
      return explained.flatMap(({ rows }) => rows.map((row) => row['QUERY PLAN'])).join('\n');
    });
    expect(plan).toContain('on products_search_idx');
    expect(plan).toContain('on product_variants_codes_idx');
    expect(plan).toContain('product_variants_sku_start_idx');
    expect(plan).not.toContain('Seq Scan');
  });

  it('finds words of letters and digits, whatever separates them', async () => {
    expect(await found('linen & !shirt')).toEqual(new Set());
    expect(await found('(linen):* & tee')).toEqual(named(['Linen Tee']));
  });

  it.each(['0', '101', '-1', '1.5', '2e1', 'many', ''])('refuses a limit of "%s"', async (limit) => {
    const answer = await api.get(`products?limit=${limit}`);
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });

  it.each(['1', 'x', "'", '00000000-0000-0000'])('refuses a cursor of "%s"', async (cursor) => {
    const answer = await api.get(`products?cursor=${cursor}`);
    expect(problemIn(answer)).toBe('400 INVALID_CURSOR');
  });

  it('refuses a filter that does not exist', async () => {
    const answer = await api.get('products?colour=red');
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });

  it('refuses another order', async () => {
    expect(problemIn(await api.get('products?q=linen&sort=handle'))).toBe('400 VALIDATION_FAILED');
  });

  it('counts what it finds once, however it was found', async () => {
    expect((await api.get('products?q=1&count=true')).body).toMatchObject({ count: 2, isCountExact: true });
    expect((await api.get('products?q=ab-&count=true')).body).toMatchObject({ count: 1, isCountExact: true });
    expect((await api.get('products?q=unknown&count=true')).body).toMatchObject({
      count: 0,
      isCountExact: true,
    });
  });
});

describe('GET /products with a query for names and codes', () => {
  it('has the names first, then the codes, each newest first, on pages of any size', async () => {
    const { api } = await newOwner(app.api);
    const made: { id: string; rank: number }[] = [];
    for (let i = 0; i < 12; i++) {
      const fields = [{ name: `Part ${i}`, sku: `a-part-${i}` }, { name: 'Other', sku: `a-PART-${i}` }, {}][
        i % 3
      ];
      made.unshift({ id: (await newProduct(api, fields)).id, rank: i % 3 });
    }
    const all = [0, 1].flatMap((rank) => made.filter((one) => one.rank === rank).map(({ id }) => id));
    for (const limit of ['1', '3', '4', '5', '8'])
      expect(await restOf(api, { q: 'part', limit })).toEqual(all);
    const late = made.find(({ rank }) => rank === 0)!;
    const first = await page(api, { q: 'part', limit: '6' });
    await api.delete(`products/${late.id}`);
    await newProduct(api, { name: 'Part of late' });
    const rest = await restOf(api, { q: 'part', limit: '6', cursor: first.nextCursor! });
    expect([...first.ids, ...rest]).toEqual(all);
  });

  it('filters what it finds', async () => {
    const { api } = await newOwner(app.api);
    const draft = await newProduct(api, { name: 'Red bowl', status: 'draft' });
    await newProduct(api, { name: 'Red cup', sku: 'x-bowl' });
    const bowl = await newProduct(api, { name: 'Blue bowl', vendor: 'Kiln' });
    expect((await page(api, { q: 'bowl', status: 'draft' })).ids).toEqual([draft.id]);
    expect((await page(api, { q: 'bowl', vendor: 'Kiln' })).ids).toEqual([bowl.id]);
    expect((await api.get('products?q=bowl&status=active&count=true')).body.count).toBe(2);
  });

  it('keeps what is not a search out of its cursors, and the reverse', async () => {
    const { api } = await newOwner(app.api);
    const { id } = await newProduct(api, { name: 'Red bowl' });
    await newProduct(api, { name: 'Red cup' });
    const { nextCursor } = await page(api, { q: 'red', limit: '1' });
    expect(problemIn(await api.get(`products?cursor=${nextCursor}`))).toBe('400 INVALID_CURSOR');
    expect(problemIn(await api.get(`products?q=red&cursor=${id}`))).toBe('400 INVALID_CURSOR');
  });
});
