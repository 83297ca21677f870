import type { Api } from '../support/api';
import { withClient } from '../support/database';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { TenantLocator } from '../../src/tenancy/tenant-locator';

const app = useTestApp();

async function list(api: Api, path: string): Promise<{ ids: string[]; nextCursor: string | null }> {
  const { status, body } = await api.get(path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return { ids: (body.items as { id: string }[]).map(({ id }) => id), nextCursor: body.nextCursor };
}

/** All ids of a list, page by page. */
async function restOf(api: Api, path: string, cursor = ''): Promise<string[]> {
  const { ids, nextCursor } = await list(api, `${path}${cursor && `&cursor=${cursor}`}`);
  return nextCursor === null ? ids : [...ids, ...(await restOf(api, path, nextCursor))];
}

function inSchema(shop: Owner['shop'], sql: string, values: unknown[] = []): Promise<void> {
  return withClient(app.database.url, async (client) => {
    await client.query(`SET search_path TO ${new TenantLocator().locate(shop.id as string).schema}`);
    await client.query(sql, values);
  });
}

describe('GET /products with filters', () => {
  let owner: Owner;
  let ids: Record<string, string>;

  beforeAll(async () => {
    owner = await newOwner(app.api);
    const sizes = (...variants: object[]) => ({
      ...{ sku: undefined, stock: undefined, priceMinor: undefined },
      variants: variants.map((variant, i) => ({
        optionValues: { Size: `${i}` },
        priceMinor: 500,
        ...variant,
      })),
    });
    const made = [
      await newProduct(owner.api, {
        name: 'A',
        status: 'draft',
        vendor: 'Loom & Co.',
        tags: ['new', 'red'],
        stock: 0,
      }),
      await newProduct(owner.api, {
        name: 'B',
        vendor: 'Loom & Co.',
        type: 'Shirts',
        tags: ['new'],
        stock: 3,
      }),
      await newProduct(owner.api, { name: 'C', vendor: 'Kiln', type: 'Shirts', priceMinor: 250, stock: 4 }),
      await newProduct(owner.api, {
        name: 'D',
        tags: ['status=draft', 'vendor=Kiln'],
        ...sizes({ stock: 1 }, { stock: 7, priceMinor: 9000 }),
      }),
      await newProduct(owner.api, {
        name: 'E',
        status: 'unlisted',
        ...sizes({ tracksStock: false, stock: 0 }),
      }),
      await newProduct(owner.api, {
        name: 'F',
        status: 'archived',
        ...sizes({ sellsWhenOut: true, stock: -2 }),
      }),
    ];
    ids = Object.fromEntries(made.map(({ name, id }) => [name, id]));
    const at = (name: string, created: string, updated: string) =>
      inSchema(owner.shop, 'UPDATE products SET created_at = $2, updated_at = $3 WHERE id = $1', [
        ids[name],
        created,
        updated,
      ]);
    for (const name of 'BCDEF') await at(name, '2026-03-01T00:00:00Z', '2026-05-01T00:00:00Z');
    await at('A', '2026-01-31T23:59:59.999Z', '2026-06-30T22:00:00Z');
  });

  it.each([
    ['status=draft', 'A'],
    ['status=active', 'DCB'],
    ['vendor=Loom %26 Co.', 'BA'],
    ['vendor=loom', ''],
    ['vendor=Kiln', 'C'],
    ['type=Shirts', 'CB'],
    ['tag=new', 'BA'],
    ['tag=vendor%3DKiln', 'D'],
    ['vendor=Loom %26 Co.&tag=new&status=active', 'B'],
    ['tag=new&type=none', ''],
    ['inStock=true', 'FEDCB'],
    ['inStock=false', 'A'],
    ['stockMin=4', 'DC'],
    ['stockMax=0', 'FEA'],
    ['stockMin=-5&stockMax=-1', 'F'],
    ['priceMin=1000', 'DBA'],
    ['priceMax=499', 'C'],
    ['priceMin=600&priceMax=8000', 'BA'],
    ['createdFrom=2026-02-01', 'FEDCB'],
    ['createdTo=2026-02-01', 'A'],
    ['createdTo=2026-02-01T00:59:59%2B01:00', ''],
    ['createdFrom=2026-01-31T23:59:59.999Z&createdTo=2026-03-01', 'A'],
    ['updatedFrom=2026-06-30T22:00:00Z', 'A'],
    ['updatedTo=2026-06-30T22:00:00Z', 'FEDCB'],
  ])('%s', async (filter, names) => {
    const found = await list(owner.api, `products?${filter}`);
    expect(found).toEqual({ ids: [...names].map((name) => ids[name]), nextCursor: null });
    expect(await restOf(owner.api, `products?limit=1&${filter}`)).toEqual(found.ids);
    const { body } = await owner.api.get(`products?count=true&limit=1&${filter}`);
    expect(body).toMatchObject({ count: names.length, isCountExact: true });
  });

  it.each([
    'status=gone',
    'vendor=',
    'inStock=yes',
    'stockMin=few',
    'priceMin=-1',
    'priceMax=1.5',
    'createdFrom=yesterday',
    'createdFrom=2026-02-30',
    'createdFrom=2026-02-01T10:00',
    'createdFrom=0000-01-01',
    'count=1',
    'sort=name',
    'sort=stock',
    'status=draft&status=active',
  ])('refuses %s', async (filter) => {
    expect(problemIn(await owner.api.get(`products?${filter}`))).toBe('400 VALIDATION_FAILED');
  });

  it('has no count unless asked', async () => {
    const { body } = await owner.api.get('products?count=false');
    expect(Object.keys(body)).toEqual(['items', 'nextCursor']);
  });

  it('shows each product as it is shown alone', async () => {
    const { body } = await owner.api.get('products?status=draft');
    expect(body.items).toEqual([(await owner.api.get(`products/${ids.A}`)).body]);
  });

  it.each(['handle', '-handle', 'createdAt', '-createdAt'])('is sorted by %s, page by page', async (sort) => {
    const { api } = await newOwner(app.api);
    const handles = ['b', 'a', 'e', 'd', 'ü', 'c'];
    const made: { id: string; handle: string }[] = [];
    for (const handle of handles) made.push(await newProduct(api, { handle }));
    const byHandle = made.toSorted((a, b) => (a.handle < b.handle ? -1 : 1));
    const up = sort.endsWith('handle') ? byHandle : made;
    const expected = (sort.startsWith('-') ? up.toReversed() : up).map(({ id }) => id);
    for (const limit of [1, 2, 4, 6])
      expect(await restOf(api, `products?sort=${sort}&limit=${limit}`)).toEqual(expected);
  });

  it('keeps its place when what ended a page is removed', async () => {
    const { api } = await newOwner(app.api);
    for (const handle of ['b', 'a', 'd', 'c']) await newProduct(api, { handle });
    const first = await list(api, 'products?sort=handle&limit=2');
    await api.delete(`products/${first.ids[1]}`);
    await newProduct(api, { handle: 'aa' });
    const { body } = await api.get(`products?sort=handle&limit=2&cursor=${first.nextCursor}`);
    expect((body.items as { handle: string }[]).map(({ handle }) => handle)).toEqual(['c', 'd']);
  });

  it('pages by a handle of 255 characters of four bytes', async () => {
    const { api } = await newOwner(app.api);
    const { id } = await newProduct(api, { handle: '\u{10FFFF}'.repeat(127) });
    const last = await newProduct(api, { handle: `${'\u{10FFFF}'.repeat(127)}b` });
    expect(await restOf(api, 'products?sort=handle&limit=1')).toEqual([id, last.id]);
  });

  it('refuses a cursor of another sort or list, or one that was made up', async () => {
    const { api, shop } = await newOwner(app.api);
    for (const name of ['a', 'b']) await newOrder(api, (await newProduct(api, { name })).id);
    expect(shop).toBeDefined();
    const lists = ['products?', 'products?sort=createdAt', 'products?sort=handle', 'products?sort=-handle'];
    lists.push(
      'products?q=a',
      'orders?',
      'orders?sort=number',
      'orders?sort=placedAt',
      'orders?sort=-placedAt',
    );
    await newProduct(api, { name: 'another' });
    const cursors = await Promise.all(
      lists.map(async (path) => (await list(api, `${path}&limit=1`)).nextCursor!),
    );
    const made = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
    const invented = [
      ...[
        'x',
        'e30',
        'bnVsbA',
        made('handle'),
        made('handle', 1),
        made('handle', 'a', 'b'),
        made('handle', '\0'),
      ],
      ...[
        made('handle', '\ud800'),
        made('createdAt', 'x'),
        made('code', 'x'),
        made('name', '-'),
        made('number', '1e3'),
      ],
      ...[
        made('placedAt', '2026-02-30T00:00:00.000000Z', '1'),
        made('placedAt', '0000-01-01T00:00:00.000000Z', '1'),
        made('placedAt', 'now', '1'),
        made('placedAt', '1'),
      ],
    ];
    for (const [i, path] of lists.entries())
      for (const cursor of [...cursors.toSpliced(i, 1), ...invented]) {
        const answer = await api.get(`${path}&cursor=${cursor}`);
        expect({ path, cursor, problem: problemIn(answer) }).toEqual({
          path,
          cursor,
          problem: '400 INVALID_CURSOR',
        });
      }
  });

  it('counts up to 10,000, and says when there are more', async () => {
    const { api, shop } = await newOwner(app.api);
    const insert = `INSERT INTO products (id, handle, name, currency, status)
      SELECT gen_random_uuid(), 'n-' || n, 'Many ' || n, 'EUR', 'draft' FROM generate_series($1::int, $2::int) n`;
    await inSchema(shop, insert, [1, 10_000]);
    for (const query of ['status=draft', 'q=many'])
      expect((await api.get(`products?${query}&count=true&limit=1`)).body).toMatchObject({
        count: 10_000,
        isCountExact: true,
      });
    await inSchema(shop, insert, [10_001, 10_001]);
    for (const query of ['status=draft', 'q=many', 'sort=handle'])
      expect((await api.get(`products?${query}&count=true&limit=1`)).body).toMatchObject({
        count: 10_000,
        isCountExact: false,
      });
  });
});

describe('GET /orders with filters', () => {
  let owner: Owner;
  let ids: string[];
  const CUSTOMERS = ['018bcfe6-2b52-7000-8000-00000000000a', '018bcfe6-2b52-7000-8000-00000000000b'];

  beforeAll(async () => {
    owner = await newOwner(app.api);
    const { id } = await newProduct(owner.api);
    ids = [];
    for (let i = 0; i < 5; i++) ids.push((await newOrder(owner.api, id)).id);
    await owner.api.post(`orders/${ids[1]}/pay`);
    await owner.api.post(`orders/${ids[2]}/cancel`);
    for (const customer of CUSTOMERS)
      await inSchema(
        owner.shop,
        `INSERT INTO customers (id, external_number, email) VALUES ($1::uuid, $1::text, $1::text || '@example.com')`,
        [customer],
      );
    await inSchema(owner.shop, `UPDATE orders SET created_at = '2026-05-01', updated_at = '2026-05-02'`);
    const placed = (i: number, at: string, customer: string | undefined) =>
      inSchema(owner.shop, 'UPDATE orders SET placed_at = $2, customer_id = $3 WHERE id = $1', [
        ids[i],
        at,
        customer,
      ]);
    await placed(0, '2026-03-01T12:00:00.000001Z', CUSTOMERS[0]);
    await placed(3, '2026-03-01T12:00:00.000002Z', CUSTOMERS[0]);
    await placed(4, '2025-12-31T23:00:00Z', CUSTOMERS[1]);
  });

  it.each([
    ['status=pending', [4, 3, 0]],
    ['status=paid', [1]],
    ['status=cancelled', [2]],
    ['status=fulfilled', []],
    [`customerId=${CUSTOMERS[0]}`, [3, 0]],
    [`customerId=${CUSTOMERS[0]!.replace('a', 'c')}`, []],
    ['placedFrom=2026-03-01&placedTo=2026-04-01', [3, 0]],
    ['placedFrom=2026-03-02', [2, 1]],
    ['placedTo=2026-01-01T00:00:00%2B01:00', []],
    ['placedTo=2026-01-01', [4]],
    ['createdFrom=2026-05-01', [4, 3, 2, 1, 0]],
    ['createdTo=2026-05-01', []],
    ['updatedFrom=2026-05-03', []],
    ['updatedTo=2026-05-03&status=paid', [1]],
    ['sort=number', [0, 1, 2, 3, 4]],
    ['sort=placedAt', [4, 0, 3, 1, 2]],
    ['sort=-placedAt', [2, 1, 3, 0, 4]],
    ['sort=-placedAt&status=pending', [3, 0, 4]],
  ])('%s', async (query, expected) => {
    const found = await list(owner.api, `orders?${query}`);
    expect(found).toEqual({ ids: expected.map((i) => ids[i]), nextCursor: null });
    expect(await restOf(owner.api, `orders?limit=1&${query}`)).toEqual(found.ids);
    expect((await owner.api.get(`orders?count=true&${query}`)).body).toMatchObject({
      count: expected.length,
    });
  });

  it.each(['status=open', 'customerId=1', 'placedFrom=1', 'sort=total'])('refuses %s', async (query) => {
    expect(problemIn(await owner.api.get(`orders?${query}`))).toBe('400 VALIDATION_FAILED');
  });

  it('shows nothing of another shop', async () => {
    const other = await newOwner(app.api);
    expect((await list(other.api, `orders?customerId=${CUSTOMERS[0]}`)).ids).toEqual([]);
    expect((await other.api.get('orders?count=true')).body).toMatchObject({ count: 0 });
  });
});

describe('GET /customers with filters', () => {
  it('finds addresses in any case, dates, and the oldest first', async () => {
    const { api, shop } = await newOwner(app.api);
    const ids = ['018bcfe6-2b52-7000-8000-000000000001', '018bcfe6-2b52-7000-8000-000000000002'];
    await inSchema(
      shop,
      `INSERT INTO customers (id, external_number, email, created_at) VALUES
         ('${ids[0]}', '1', 'Ada@example.com', '2026-01-01'), ('${ids[1]}', '2', NULL, '2026-02-01')`,
    );
    expect((await list(api, 'customers?email=ADA@example.com')).ids).toEqual([ids[0]]);
    expect((await list(api, 'customers?createdFrom=2026-01-02')).ids).toEqual([ids[1]]);
    expect((await list(api, 'customers?createdTo=2026-02-01')).ids).toEqual([ids[0]]);
    expect(await restOf(api, 'customers?sort=createdAt&limit=1')).toEqual(ids);
    expect(await restOf(api, 'customers?limit=1')).toEqual(ids.toReversed());
    expect((await api.get('customers?count=true')).body).toMatchObject({ count: 2, isCountExact: true });
    expect(problemIn(await api.get('customers?sort=name'))).toBe('400 VALIDATION_FAILED');
    expect(problemIn(await api.get(`customers?sort=createdAt&cursor=${ids[0]}`))).toBe('400 INVALID_CURSOR');
  });
});
