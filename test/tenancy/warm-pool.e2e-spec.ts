import { WarmPoolMaintenance } from '../../src/tenancy/warm-pool-maintenance';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { WarmPool } from '../../src/tenancy/warm-pool';
import { newOwner, newProduct, PASSWORD } from '../support/factories';
import { assertWhole, readFleet } from '../support/fleet';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({ WARM_TENANTS: '3', TENANT_POOL_SIZE: '1' });
const fill = (size: number) => app.app.get(WarmPool).fill(size);

async function ids(sql: string): Promise<string[]> {
  return (await app.database.query<{ id: string }>(sql)).map(({ id }) => id);
}
const spareTenants = () => ids('SELECT shop_id AS id FROM spare_tenants ORDER BY 1');
const rolesAhead = () => ids('SELECT shop_id AS id FROM spare_roles ORDER BY 1');

/** Number of tenants' roles that the tenant login is a member of. */
async function memberships(): Promise<number> {
  const [row] = await app.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_auth_members m JOIN pg_roles holder ON holder.oid = m.member
     WHERE holder.rolname = $1`,
    [`${app.database.name}_tenant`],
  );
  return row!.count; // an aggregate always has a row
}

function register(count: number, name: string) {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      app.api.post('auth/register', {
        email: `${name}-${i}@example.com`,
        password: PASSWORD,
        shop: { name },
      }),
    ),
  );
}

async function emptyWarmPool(): Promise<void> {
  while ((await spareTenants()).length > 0) await newOwner(app.api);
}

afterEach(async () => assertWhole(await readFleet(app)));

describe('a new shop', () => {
  beforeEach(emptyWarmPool);

  it('is made with a role of its own when nothing is ready', async () => {
    expect([await spareTenants(), await rolesAhead()]).toEqual([[], []]); // the first test: nothing was filled yet
    const { api } = await newOwner(app.api);
    expect(await newProduct(api)).toMatchObject({ stock: 10 });
  });

  it('takes the oldest spare tenant, and sells', async () => {
    await fill(3);
    const [oldest, ...others] = await spareTenants();
    const { shop, api } = await newOwner(app.api);
    expect([shop.id, await spareTenants()]).toEqual([oldest, others]);
    expect(await newProduct(api)).toMatchObject({ stock: 10 });
  });

  it('is made with a role that is ready when no tenant is', async () => {
    await fill(1);
    await emptyWarmPool();
    const [next] = await rolesAhead();
    const before = await memberships();
    const { shop, api } = await newOwner(app.api);
    expect([shop.id, await memberships()]).toEqual([next, before]);
    expect(await newProduct(api)).toMatchObject({ stock: 10 });
  });

  it('never shares a tenant with one of twenty at once, be it ready or not', async () => {
    await fill(5);
    const ready = await spareTenants();
    const answers = await register(20, 'rush');
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const given = answers.map(({ body }) => body.shop.id as string);
    expect(new Set(given).size).toBe(20);
    expect(given).toEqual(expect.arrayContaining(ready));
    expect(await spareTenants()).toEqual([]);
  });

  it.each([
    ['behind the program', 'version = version - 1', 'version = version + 1'],
    ['only newer programs serve', `serves_from = 8000000000000`, 'serves_from = 0'],
  ])('passes over tenants that are %s, and they do not count as ready', async (_, age, restore) => {
    const spare = 'WHERE shop_id IN (SELECT shop_id FROM spare_tenants)';
    await fill(2);
    const stale = await spareTenants();
    await app.database.query(`UPDATE tenants SET ${age} ${spare}`);
    const { shop } = await newOwner(app.api);
    expect(stale).not.toContain(shop.id);
    expect(await fill(2)).toBe(2);
    expect((await spareTenants()).slice(0, 2)).toEqual(stale);
    await app.database.query(`UPDATE tenants SET ${restore} ${spare} AND shop_id = ANY ($1)`, [stale]);
  });

  it('leaves the warm pool as it was when it cannot be made', async () => {
    const { shop } = await newOwner(app.api);
    await fill(1);
    const before = [await spareTenants(), await rolesAhead()];
    const taken = { email: 'late@example.com', password: PASSWORD, shop: { name: 'X', slug: shop.slug } };
    expect((await app.api.post('auth/register', taken)).body.code).toBe('SLUG_TAKEN');
    expect([await spareTenants(), await rolesAhead()]).toEqual(before);
  });
});

describe('filling', () => {
  beforeEach(emptyWarmPool);

  it('changes memberships once for a hundred tenants', async () => {
    await fill(1); // whatever was there, 20 roles or more are ready now
    const before = await memberships();
    await fill(10);
    expect([(await spareTenants()).length, await memberships()]).toEqual([10, before]);
    await app.database.query('DELETE FROM spare_roles');
    const held = await memberships();
    expect([await app.app.get(WarmPool).add(10), (await rolesAhead()).length]).toEqual(['roles', 100]);
    expect(await memberships()).toBe(held + 100);
  });

  it('ends at the size, with twenty at it', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => fill(7)));
    expect([(await spareTenants()).length, made.reduce((sum, one) => sum + one)]).toEqual([7, 7]);
  });
});

describe('warm pool maintenance', () => {
  it('waits while requests wait for a connection, then replaces what is taken, until it is closed', async () => {
    await emptyWarmPool();
    const { shop } = await newOwner(app.api);
    const tenants = app.app.get(TenantDatabase, { strict: false });
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const busy = [1, 2].map(() => tenants.run(shop.id, () => held)); // the pool has one connection
    await until(
      () => Promise.resolve(tenants.load().waiting),
      (waiting) => waiting === 1,
    );
    const maintenance = app.app.get(WarmPoolMaintenance);
    maintenance.start();
    await newOwner(app.api); // a sign-up goes on meanwhile, and takes longer than warm pool maintenance needs for its first look
    expect(await spareTenants()).toEqual([]);
    letGo();
    await Promise.all(busy);
    await until(spareTenants, ({ length }) => length === 3);

    const [oldest] = await spareTenants();
    expect((await newOwner(app.api)).shop.id).toBe(oldest);
    await until(spareTenants, ({ length }) => length === 3);

    await maintenance.onModuleDestroy();
    await newOwner(app.api);
    expect(await app.app.get(WarmPool).add(2)).toBeNull(); // nobody is at it, and two are enough
    expect(await spareTenants()).toHaveLength(2);
  });
});
