import { newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const ROUNDS = 200;

describe('two shops on one pool of one connection', () => {
  const app = useTestApp({ TENANT_POOL_SIZE: '1' });
  let ada: Owner;
  let bob: Owner;

  beforeAll(async () => {
    [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await Promise.all([
      ...Array.from({ length: 5 }, (_, i) => newProduct(ada.api, { name: `ada ${i}` })),
      ...Array.from({ length: 5 }, (_, i) => newProduct(bob.api, { name: `bob ${i}` })),
    ]);
  });

  it('never shows a row of the other shop when requests interleave', async () => {
    const answers = await Promise.all(
      Array.from({ length: ROUNDS }, async (_, i) => {
        const [owner, marker] = i % 2 === 0 ? ([ada, 'ada'] as const) : ([bob, 'bob'] as const);
        const { status, body } = await owner.api.get('products');
        return { status, marker, names: (body.items as { name: string }[]).map(({ name }) => name) };
      }),
    );
    for (const { status, marker, names } of answers) {
      expect(status).toBe(200);
      expect(names).toHaveLength(5);
      for (const name of names) expect(name.startsWith(marker)).toBe(true);
    }
  });

  it('gives the same 404 for a product of another shop and for none', async () => {
    const product = await newProduct(ada.api);
    const [foreign, missing] = await Promise.all([
      bob.api.get(`products/${product.id}`),
      bob.api.get('products/00000000-0000-7000-8000-000000000000'),
    ]);
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
  });
});
