import { z } from 'zod';
import { newId } from '../../src/common/ids';
import { TenantCache } from '../../src/tenancy/tenant-cache';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';
import { problemIn } from '../support/problem';
import { newMember, newOwner, type Owner } from '../support/factories';

const app = useTestApp({}, { times: { accessCacheMs: 50 } });
const MINUTE = { ttlMs: 60_000, shape: z.string() };
let ada: Owner;
let bob: Owner;
const [product, near, far] = [newId(), newId(), newId()];

/** Gives a shop three products whose ids another shop has too, with words that only this shop has. */
async function fill(
  { shop }: Owner,
  marker: string,
  [first, second]: readonly [string, string],
): Promise<void> {
  const { schema } = new TenantLocator().locate(shop.id);
  await app.database.query(
    `INSERT INTO ${schema}.products (id, handle, name, currency, status)
     SELECT id, id, name, 'EUR', 'active' FROM unnest($1::uuid[], $2::text[]) AS p (id, name)`,
    [
      [product, first, second],
      [`Linen shirt ${marker}`, `Linen shirts ${marker}`, `Kettle ${marker}`],
    ],
  );
  await app.database.query(
    `INSERT INTO ${schema}.product_variants (id, product_id, position, price_minor, stock)
     SELECT gen_random_uuid(), id, 1, 1, 1 FROM ${schema}.products`,
  );
}

beforeAll(async () => {
  [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
  await fill(ada, 'adamant', [near, far]);
  await fill(bob, 'bobbin', [far, near]);
});

const similarTo = (owner: Pick<Owner, 'api'>, limit = 10) =>
  owner.api.get(`products/${product}/similar?limit=${limit}`);
const namesOf = async (owner: Owner, limit?: number) =>
  ((await similarTo(owner, limit)).body.items as { name: string }[]).map(({ name }) => name);

describe('values of two shops with the same ids', () => {
  it('are their own, whoever asks first, again and again', async () => {
    for (let i = 0; i < 3; i++)
      for (const limit of [1, 2]) {
        const all = [await namesOf(ada, limit), await namesOf(bob, limit)];
        expect(all).toEqual([
          ['Linen shirts adamant', 'Kettle adamant'].slice(0, limit),
          ['Linen shirts bobbin', 'Kettle bobbin'].slice(0, limit),
        ]);
      }
  });

  it('cannot be reached by the text of a key', async () => {
    const cache = app.app.get(TenantCache);
    const [a, b] = [{ shopId: ada.shop.id as string }, { shopId: bob.shop.id as string }];
    await cache.remember(b, 'secret', MINUTE, () => Promise.resolve('of bob'));
    for (const name of ['secret', `tenant:${b.shopId}:value:secret`, `${b.shopId}:value:secret`])
      expect(await cache.remember(a, name, MINUTE, () => Promise.resolve('of ada'))).toBe('of ada');
  });

  it('end with the writes of their own shop', async () => {
    const cache = app.app.get(TenantCache);
    const value = (owner: Owner, text: string) =>
      cache.remember({ shopId: owner.shop.id }, 'ended', MINUTE, () => Promise.resolve(text));
    expect([await value(ada, 'old'), await value(bob, 'old')]).toEqual(['old', 'old']);
    expect((await ada.api.patch(`products/${far}`, { description: 'new' })).status).toBe(200);
    expect([await value(ada, 'new'), await value(bob, 'new')]).toEqual(['new', 'old']);
  });

  it('are for nobody whom the shop is closed to', async () => {
    const { inShop, id } = await newMember(ada);
    expect((await similarTo({ api: inShop })).status).toBe(200);
    expect((await ada.api.delete(`shops/${ada.shop.id}/members/${id}`)).status).toBe(204);
    const removed = await until(
      () => similarTo({ api: inShop }),
      ({ status }) => status !== 200,
    );
    expect(problemIn(removed)).toBe('403 NOT_A_MEMBER');
    expect((await similarTo(bob)).status).toBe(200);
    await app.database.query(`UPDATE shops SET status = 'suspended' WHERE id = $1`, [bob.shop.id]);
    const suspended = await until(
      () => similarTo(bob),
      ({ status }) => status !== 200,
    );
    expect(problemIn(suspended)).toBe('403 SHOP_SUSPENDED');
  });
});
