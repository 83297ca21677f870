import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { Answer, Api } from '../support/api';
import { newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let api: Api;

beforeEach(async () => {
  ({ api } = await newOwner(app.api));
});

/** Attributes of about `kib` KiB. */
const attributes = (kib: number) =>
  Object.fromEntries(Array.from({ length: kib / 50 }, (_, i) => [`Text ${i}`, 'x'.repeat(50 * 1024)]));

const S = { optionValues: { Size: 'S' }, priceMinor: 100 };
const M = { optionValues: { Size: 'M' }, priceMinor: 100 };
const TEE = { name: 'Tee', handle: 'tee', sku: undefined, stock: undefined, priceMinor: undefined };
/** Two variants with 150 KiB. */
const large = () =>
  newProduct(api, {
    ...TEE,
    attributes: attributes(50),
    variants: [{ ...S, attributes: attributes(100) }, M],
  });

function expectTooLarge(answer: Answer): void {
  expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  expect(answer.body.errors).toMatchObject([{ field: 'attributes' }]);
}

const send = (csv: string, query = ''): Promise<Answer> =>
  api.raw('POST', `products/import${query}`, csv as never, { 'content-type': 'text/csv' });

describe('a product with attributes beyond 256 KiB', () => {
  it('is refused by POST products, whatever variants they are of', async () => {
    const variants = [
      { ...S, attributes: attributes(150) },
      { ...M, attributes: attributes(150) },
    ];
    expectTooLarge(await api.post('products', { ...TEE, variants }));
    expect((await api.get('products')).body.items).toEqual([]);
  });

  it('is refused by each way to change it', async () => {
    const { id, variants } = await large();
    const L = { optionValues: { Size: 'L' }, priceMinor: 100, attributes: attributes(150) };
    expectTooLarge(await api.post(`products/${id}/variants`, L));
    expectTooLarge(await api.patch(`variants/${variants[1].id}`, { attributes: attributes(150) }));
    expectTooLarge(await api.patch(`products/${id}`, { attributes: attributes(200) }));
    const named = variants.map((variant: { id: string }) => ({
      id: variant.id,
      attributes: attributes(150),
    }));
    expectTooLarge(await api.patch(`products/${id}`, { variants: named }));
    expect((await api.patch(`products/${id}`, { attributes: attributes(100) })).status).toBe(200);
  });

  it('is named by an import, with the attributes that the shop has', async () => {
    const { id } = await large();
    const text = 'x'.repeat(60 * 1024);
    const { body } = await send(
      [
        'Handle,Title,Option1 Name,Option1 Value,Variant Price,Attribute: A,Attribute: B,Attribute: C',
        `tee,Tee,Size,S,2,${text},${text},${text}`,
        'mug,Mug,Size,S,2,a,b,c',
      ].join('\n'),
      '?mode=skip',
    );
    expect(body.errors).toMatchObject([{ row: 2, handle: 'tee', code: 'ATTRIBUTES_TOO_LARGE' }]);
    expect(body.products.created).toBe(1);
    expect(Object.keys((await api.get(`products/${id}`)).body.attributes)).toHaveLength(1);
  });

  it('does not come from undoing an import', async () => {
    const { id, variants } = await large();
    const loaded = await send('Handle,Attribute: Text 0\ntee,');
    expect(loaded.body.products.updated).toBe(1);
    expect((await api.patch(`variants/${variants[1].id}`, { attributes: attributes(150) })).status).toBe(200);
    const undone = await api.post(`imports/${loaded.body.importId}/undo`);
    expect(problemIn(undone)).toBe('409 IMPORT_TOUCHED');
    expect(undone.body.errors).toMatchObject([{ productId: id, variantId: null, field: 'attributes' }]);
  });
});

describe('a product beyond 2 MiB', () => {
  it('is named by an import', async () => {
    const image = `https://images.example.com/${'x'.repeat(1900)}`;
    const rows = Array.from({ length: 1100 }, (_, i) => `tee,${i === 0 ? 'Tee' : ''},Size,${i},2,${image}`);
    const csv = ['Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Image', ...rows].join('\n');
    const answer = await send(csv);
    expect(problemIn(answer)).toBe('422 IMPORT_REJECTED');
    expect(answer.body.errors[0]).toMatchObject({ row: 2, handle: 'tee', code: 'PRODUCT_TOO_LARGE' });
  });
});

describe('a list of products that are 8 MiB together', () => {
  it.each(['', '&count=true'])(
    'ends a page before that, with the cursor of the next: "%s"',
    async (asked) => {
      const { api: large, shop } = await newOwner(app.api);
      for (let i = 0; i < 7; i++) await newProduct(large);
      const { schema } = new TenantLocator().locate(shop.id);
      const [first] = await app.database.query<{ id: string }>(
        `UPDATE ${schema}.products SET description = repeat('x', 2000000) RETURNING id`,
      );
      expect(first).toBeDefined();
      const one = await large.get(`products?limit=100${asked}`);
      const two = await large.get(`products?limit=100&cursor=${one.body.nextCursor}${asked}`);
      expect([one, two].map(({ body }) => body.items.length)).toEqual([4, 3]);
      expect(two.body.nextCursor).toBeNull();
      const ids = [one, two].flatMap(
        ({ body }) => body.items.map(({ id }: { id: string }) => id) as string[],
      );
      expect(ids).toEqual([...new Set(ids)].sort().reverse()); // all of them, newest first
      const counts = asked === '' ? [undefined, undefined] : [7, 7];
      expect([one, two].map(({ body }) => body.count)).toEqual(counts);
    },
  );
});
