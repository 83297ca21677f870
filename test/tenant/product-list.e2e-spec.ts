import type { Api } from '../support/api';
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
    const large = { priceMinor: 7, taxable: false, imageSrc: odd };
    const { id } = await newProduct(api, {
      ...{ name: odd, description: odd, sku: undefined, stock: undefined, priceMinor: undefined },
      tags: ['a,b', '{c}', odd],
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

  it('gives up to 100 at a time', async () => {
    await Promise.all(Array.from({ length: 101 }, () => newProduct(api)));
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
      newProduct(api, { name: '100% wool', sku: 'W_1' }),
      newProduct(api, { name: '100 wool', sku: 'W-1' }),
      newProduct(api, { name: 'back\\slash', sku: 'B1' }),
      newProduct(api, {
        name: 'Shirt',
        sku: undefined,
        stock: undefined,
        variants: [size('S', 'AB-S'), size('M', 'AB-M'), size('L', null)],
      }),
    ]);
    ids = Object.fromEntries(made.map(({ name, id }) => [name, id]));
  });

  it.each([
    ['linen', ['Linen Tee']],
    ['NEN t', ['Linen Tee']],
    ['étoile', ['Café ÉTOILE']],
    ['lt-', ['Linen Tee']],
    ['ab-', ['Shirt']],
    ['-1', ['Linen Tee', '100 wool']],
    ['%', ['100% wool']],
    ['100%', ['100% wool']],
    ['_', ['100% wool']],
    ['w_1', ['100% wool']],
    ['\\', ['back\\slash']],
    ['k\\s', ['back\\slash']],
    ['\\%', []],
    ["'", []],
    ['nothing', []],
  ])('finds by part of a name or SKU, case ignored, every sign as itself: "%s"', async (q, names) => {
    const found = await page(api, { q });
    expect(new Set(found.ids)).toEqual(new Set(names.map((name) => ids[name])));
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
    const answer = await api.get('products?status=draft');
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });
});
