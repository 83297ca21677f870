import type { Api } from '../support/api';
import { created, type Owner, newOrder, newOwner, newProduct } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const MISSING = '00000000-0000-7000-8000-000000000000';

const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)));

const SHIRT = {
  name: 'Shirt',
  variants: [
    { optionValues: { Size: 'M' }, sku: 'SHIRT-M', priceMinor: 1200, stock: 3 },
    { optionValues: { Size: 'S' }, sku: 'SHIRT-S', priceMinor: 1000, stock: 4 },
  ],
};

const app = useTestApp();
let ada: Owner;
let bob: Owner;

beforeAll(async () => {
  [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
});

describe('POST /products', () => {
  let api: Api;

  beforeEach(async () => {
    ({ api } = await newOwner(app.api, { currency: 'EUR' }));
  });

  it.each(['sku', 'stock', 'priceMinor'])(
    'refuses %s together with variants, where it has no meaning',
    async (field) => {
      const value = field === 'sku' ? 'X' : 1;
      const refused = [
        ...(field === 'priceMinor' ? [] : [await api.post('products', { ...SHIRT, [field]: value })]),
        await api.patch(`products/${(await newProduct(api)).id}`, { ...SHIRT, [field]: value }),
      ];
      for (const { status, body } of refused)
        expect([status, body.errors]).toEqual([
          400,
          [{ field, message: `${field} belongs on the variants` }],
        ]);
    },
  );

  it('takes priceMinor as the default of new variants, none of which may need it', async () => {
    const { variants } = created(await api.post('products', { ...SHIRT, priceMinor: 1 })).body;
    expect(variants.map(({ priceMinor }: { priceMinor: number }) => priceMinor)).not.toContain(1);
  });

  it('needs only a name and a price', async () => {
    const { status, body } = await api.post('products', { name: 'Crème brûlée!', priceMinor: 450 });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      handle: 'creme-brulee',
      sku: null,
      name: 'Crème brûlée!',
      description: '',
      priceMinor: 450,
      currency: 'EUR',
      stock: 0,
      status: 'active',
      vendor: '',
      type: '',
      tags: [],
      options: [],
      images: [],
    });
    expect(body.variants).toHaveLength(1);
    expect(body.variants[0]).toMatchObject({
      sku: null,
      optionValues: {},
      priceMinor: 450,
      compareAtMinor: null,
      costMinor: null,
      stock: 0,
      barcode: null,
      grams: 0,
      requiresShipping: true,
      taxable: true,
      imageSrc: null,
    });
  });

  it('keeps every field of a product', async () => {
    const sent = {
      name: 'Linen tee',
      handle: 'tee-of-linen',
      sku: 'TEE',
      description: ' <p>Soft.</p>\n',
      priceMinor: 1999,
      currency: 'JPY',
      stock: 7,
      status: 'draft',
      vendor: 'Loom & Co.',
      type: 'Shirts',
      tags: ['summer', 'linen'],
      images: [{ src: 'https://images.example.com/tee.jpg', position: 1, alt: 'A tee' }],
    };
    const { status, body } = await api.post('products', sent);
    expect(status).toBe(201);
    expect(body).toMatchObject(sent);
  });

  it('keeps every field of a variant', async () => {
    const variant = {
      sku: 'TEE-S',
      optionValues: { Size: 'Small', Color: 'Écru' },
      priceMinor: 1999,
      compareAtMinor: 2499,
      costMinor: 800,
      stock: 7,
      tracksStock: true,
      sellsWhenOut: true,
      barcode: '4006381333931',
      grams: 180,
      requiresShipping: false,
      taxable: false,
      imageSrc: 'https://images.example.com/tee-s.jpg',
      attributes: { 'Unit Price Base Measure': '100' },
    };
    const { status, body } = await api.post('products', { name: 'Tee', variants: [variant] });
    expect(status).toBe(201);
    expect(body.variants).toEqual([{ id: expect.any(String), ...variant }]);
  });

  it('stores the description in NFC, with the spaces around it', async () => {
    const { body } = await api.post('products', { name: 'Tee', priceMinor: 1, description: ' Cafe\u0301\n' });
    expect(body.description).toBe(' Caf\u00e9\n');
  });

  it('puts an image behind the last possible position at that position', async () => {
    const images = [{ src: 'https://e.com/1.jpg', position: 10_000 }, { src: 'https://e.com/2.jpg' }];
    const { body } = await api.post('products', { name: 'Tee', priceMinor: 1, images });
    expect(body.images.map((image: { position: number }) => image.position)).toEqual([10_000, 10_000]);
  });

  it('derives price, stock and SKU from several variants', async () => {
    const { status, body } = await api.post('products', SHIRT);
    expect(status).toBe(201);
    expect(body).toMatchObject({ priceMinor: 1000, stock: 7, sku: null });
    expect(body.variants).toMatchObject(SHIRT.variants); // in the order given
  });

  it('shows the SKU of an only variant as that of the product', async () => {
    const { body } = await api.post('products', { ...SHIRT, variants: [SHIRT.variants[0]] });
    expect(body).toMatchObject({ sku: 'SHIRT-M', priceMinor: 1200, stock: 3 });
  });

  it('gives the price of the product to variants without one', async () => {
    const variants = [
      { optionValues: { Size: 'S' } },
      { optionValues: { Size: 'M' }, priceMinor: 900 },
      { optionValues: { Size: 'L' }, priceMinor: 0 },
    ];
    const { body } = await api.post('products', { name: 'Shirt', priceMinor: 700, variants });
    expect(body.variants).toMatchObject([{ priceMinor: 700 }, { priceMinor: 900 }, { priceMinor: 0 }]);
  });

  it('derives options in order of appearance', async () => {
    const variants = [
      { optionValues: { Size: 'M', Color: 'red' } },
      { optionValues: { Color: 'blue', Size: 'M' } },
      { optionValues: { Size: 'S', Color: 'red' } },
    ];
    const { body } = await api.post('products', { name: 'Shirt', priceMinor: 700, variants });
    expect(body.options).toEqual([
      { name: 'Size', values: ['M', 'S'] },
      { name: 'Color', values: ['red', 'blue'] },
    ]);
  });

  it('keeps options as given, with values that no variant has yet', async () => {
    const options = [{ name: 'Size', values: ['S', 'M', 'L'] }];
    const { body } = await api.post('products', { ...SHIRT, options });
    expect(body.options).toEqual(options);
  });

  it('stores a SKU that another product of the shop has', async () => {
    const first = await newProduct(api, { sku: 'SHARED' });
    const { status, body } = await api.post('products', { name: 'Second', sku: 'SHARED', priceMinor: 1 });
    expect([status, body.sku]).toEqual([201, 'SHARED']);
    const found = (await api.get('products?q=shared')).body.items;
    expect(found.map(({ id }: { id: string }) => id)).toEqual([body.id, first.id]);
  });

  it('stores a SKU that two of its own variants share', async () => {
    const variants = SHIRT.variants.map((variant) => ({ ...variant, sku: 'SAME' }));
    const { status, body } = await api.post('products', { ...SHIRT, variants });
    expect(status).toBe(201);
    expect(body.variants.map(({ sku }: { sku: string }) => sku)).toEqual(variants.map(() => 'SAME'));
  });

  it('refuses a handle that another product of the shop has', async () => {
    await newProduct(api, { handle: 'tee' });
    const answer = await api.post('products', { name: 'Other', handle: 'tee', priceMinor: 1 });
    expect(problemIn(answer)).toBe('409 HANDLE_TAKEN');
  });

  it('stores one of twenty concurrent products with the same handle', async () => {
    const answers = await twenty((i) =>
      api.post('products', { name: `Thing ${i}`, priceMinor: 1, handle: 'one' }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status, body }) => status === 409 && body.code === 'HANDLE_TAKEN');
    expect(refused).toHaveLength(19);
    expect((await api.get('products')).body.items).toHaveLength(1);
  });

  it.each(['Same name', '日本'])('makes a handle of its own for each of twenty named %s', async (name) => {
    const answers = await twenty(() => api.post('products', { name, priceMinor: 1 }));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(answers.map(({ body }) => body.handle)).size).toBe(20);
  });
});

describe('POST /products with something wrong', () => {
  const S = { optionValues: { Size: 'S' } };
  const M = { optionValues: { Size: 'M' } };
  const RED_S = { optionValues: { Size: 'S', Color: 'red' } };
  it.each<[string, object]>([
    ['a variant without a value for an option', { variants: [RED_S, M] }],
    ['a variant without any value', { variants: [S, {}] }],
    ['a combination twice', { variants: [S, S] }],
    [
      'a combination twice in another order',
      { variants: [RED_S, { optionValues: { Color: 'red', Size: 'S' } }] },
    ],
    ['several variants without options', { variants: [{}, {}] }],
    ['no variant', { variants: [] }],
    ['no price', { priceMinor: undefined }],
    ['no price for one of the variants', { priceMinor: undefined, variants: [{ ...S, priceMinor: 1 }, M] }],
    ['an option that no variant has', { variants: [S], options: [{ name: 'Color', values: ['red'] }] }],
    ['an option of a product without variants', { options: [{ name: 'Size', values: ['S'] }] }],
    ['an option left out of the options', { variants: [RED_S], options: [{ name: 'Size', values: ['S'] }] }],
    ['a value left out of the options', { variants: [S, M], options: [{ name: 'Size', values: ['S'] }] }],
    [
      'an option twice in the options',
      {
        variants: [S],
        options: [
          { name: 'Size', values: ['M'] },
          { name: 'Size', values: ['S'] },
        ],
      },
    ],
  ])('refuses %s', async (_, wrong) => {
    const answer = await ada.api.post('products', { name: 'Refused', priceMinor: 700, ...wrong });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect((await ada.api.get('products?q=Refused')).body.items).toEqual([]);
  });

  it.each<[string, object]>([
    ['no name', { name: undefined }],
    ['an empty name', { name: '  ' }],
    ['a name of null', { name: null }],
    ['a name of 256 characters', { name: 'x'.repeat(256) }],
    ['a name with a NUL', { name: 'a\0b' }],
    ['an attribute that is called constructor once trimmed', { attributes: { ' constructor ': 'x' } }],
    ['a negative price', { priceMinor: -1 }],
    ['a fractional price', { priceMinor: 9.99 }],
    ['a price as text', { priceMinor: '999' }],
    ['a price beyond the largest', { priceMinor: 100_000_000_001 }],
    ['a negative stock', { stock: -1 }],
    ['a stock of null', { stock: null }],
    ['an unknown currency', { currency: 'ZZQ' }],
    ['an unknown status', { status: 'gone' }],
    ['tags that are not a list', { tags: 'summer' }],
    ['a field that does not exist', { shopId: MISSING }],
    ['an option value that is not text', { variants: [{ optionValues: { Size: 1 } }] }],
    ['a variant of null', { variants: [null] }],
    ['a variant that is a list', { variants: [[]] }],
    ['an image that is a list', { images: [[]] }],
  ])('refuses %s', async (_, wrong) => {
    const answer = await ada.api.post('products', { name: 'Refused', priceMinor: 700, ...wrong });
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
    expect(answer.body.errors).not.toEqual([]);
  });
});

describe('GET /products/:id', () => {
  it('shows what the creation answered', async () => {
    const { body: made } = await ada.api.post('products', SHIRT);
    expect(await ada.api.get(`products/${made.id}`)).toMatchObject({ status: 200, body: made });
  });

  it('accepts the id in capitals', async () => {
    const { id } = await newProduct(ada.api);
    expect(await ada.api.get(`products/${id.toUpperCase()}`)).toMatchObject({ status: 200, body: { id } });
  });

  it('refuses an id that is not a UUID', async () => {
    const answer = await ada.api.get('products/1');
    expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
  });
});

describe('DELETE /products/:id', () => {
  it('removes the product', async () => {
    const { id } = await newProduct(ada.api);
    expect(await ada.api.delete(`products/${id}`)).toMatchObject({ status: 204, body: undefined });
    const answer = await ada.api.get(`products/${id}`);
    expect(problemIn(answer)).toBe('404 PRODUCT_NOT_FOUND');
  });

  it('succeeds for one of twenty simultaneous requests', async () => {
    const { id } = await newProduct(ada.api);
    const answers = await twenty(() => ada.api.delete(`products/${id}`));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ body }) => body?.code === 'PRODUCT_NOT_FOUND')).toHaveLength(19);
  });

  it('frees the SKU and the handle', async () => {
    const { id } = await newProduct(ada.api, { sku: 'FREE', handle: 'free' });
    await ada.api.delete(`products/${id}`);
    await expect(newProduct(ada.api, { sku: 'FREE', handle: 'free' })).resolves.toBeDefined();
  });

  it('removes a product that was sold', async () => {
    const { id } = await newProduct(ada.api);
    await newOrder(ada.api, id);
    expect(await ada.api.delete(`products/${id}`)).toMatchObject({ status: 204 });
  });
});

describe('products of two shops', () => {
  it('lets two shops use the same SKU and handle', async () => {
    const same = { name: 'Tee', sku: 'TEE', handle: 'tee', priceMinor: 1 };
    const answers = await Promise.all([ada, bob].map((owner) => owner.api.post('products', same)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  });

  it.each<['GET' | 'PATCH' | 'DELETE', object | undefined]>([
    ['GET', undefined],
    ['PATCH', { name: 'Mine now', stock: 0 }],
    ['PATCH', { variants: [{ id: MISSING, priceMinor: 1 }] }],
    ['DELETE', undefined],
  ])('shop B cannot see, change or guess rows of shop A (%s %j)', async (method, body) => {
    const product = await newProduct(ada.api);
    const ask = (id: string) =>
      bob.api.raw(method, `products/${id}`, body && JSON.stringify(body), {
        ...(body && { 'content-type': 'application/json' }),
      });
    const [foreign, missing] = await Promise.all([ask(product.id), ask(MISSING)]);
    expect(problemIn(foreign)).toBe('404 PRODUCT_NOT_FOUND');
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
    expect((await ada.api.get(`products/${product.id}`)).body).toEqual(product);
  });

  it('shop B cannot list rows of shop A, nor page to them', async () => {
    const [{ sku }, { api }] = [await newProduct(ada.api, { name: 'Secret' }), await newOwner(app.api)];
    const last = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
    for (const query of ['', '?q=Secret', `?q=${sku}`, `?cursor=${last}`])
      expect(await api.get(`products${query}`)).toMatchObject({ status: 200, body: { items: [] } });
  });

  it('shop B cannot take over a variant of shop A', async () => {
    const [theirs, mine] = await Promise.all([newProduct(ada.api), newProduct(bob.api)]);
    const patch = (id: string) => bob.api.patch(`products/${mine.id}`, { variants: [{ id, priceMinor: 1 }] });
    const [foreign, missing] = await Promise.all([patch(theirs.variants[0].id), patch(MISSING)]);
    expect(problemIn(foreign)).toBe('404 VARIANT_NOT_FOUND');
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
    expect((await ada.api.get(`products/${theirs.id}`)).body).toEqual(theirs);
  });
});
