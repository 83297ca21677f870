import { randomUUID } from 'node:crypto';
import { runHere, runJson } from '../support/command';
import { newMember, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const run = (...args: string[]) => runHere(args, { DATABASE_URL: app.database.url });

const json = <T>(...args: string[]) => runJson<T>(app, args);

interface Listed {
  id: string;
  slug: string;
  estimatedBytes: number;
  lastOrderAt?: string | null;
}
const list = async (...options: string[]) =>
  (await json<{ shops: Listed[] }>('shops:list', ...options)).shops;
const slugs = (shops: Listed[]) => shops.map(({ slug }) => slug);

let [quiet, seller, other] = [] as unknown as [Owner, Owner, Owner];

beforeAll(async () => {
  quiet = await newOwner(app.api, { name: 'Zebra' });
  seller = await newOwner(app.api, { name: 'Alpaca' });
  other = await newOwner(app.api, { name: 'Mule' });
  await newMember(seller);
  for (const owner of [other, seller]) await newOrder(owner.api, (await newProduct(owner.api)).id);
  for (let i = 0; i < 3; i++) await newProduct(seller.api);
});

describe('shops:list', () => {
  it('lists every shop with what operators ask about it, the newest first', async () => {
    const shops = await list();
    expect(slugs(shops)).toEqual([other, seller, quiet].map(({ shop }) => shop.slug));
    expect(shops[1]).toEqual({
      ...{ id: seller.shop.id, slug: seller.shop.slug, name: 'Alpaca', status: 'active' },
      ...{ plan: 'standard', version: expect.any(Number), isBehind: false, members: 2 },
      ...{ createdAt: seller.shop.createdAt, estimatedBytes: expect.any(Number), quotaWarning: null },
    });
  });

  it('prints a table with a summary last', async () => {
    const { code, stdout } = await run('shops:list');
    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^slug +status +plan +version +members +size +quota +created$/);
    expect(lines.slice(1, -1).map((line) => line.split(' ')[0])).toEqual(slugs(await list()));
    expect(lines.at(-1)).toMatch(/^3 shop\(s\), about [\d.]+ [kM]B$/);
  });

  it('sorts by name and stops at the limit', async () => {
    expect(slugs(await list('--sort', 'name', '--limit', '2'))).toEqual([seller.shop.slug, other.shop.slug]);
  });

  it('sorts by size, the largest first, long texts kept apart from their rows included', async () => {
    const schema = `shop_${quiet.shop.id.replaceAll('-', '')}`;
    const [{ toast } = { toast: '' }] = await app.database.query<{ toast: string }>(
      `SELECT reltoastrelid::regclass::text AS toast FROM pg_class WHERE oid = '${schema}.products'::regclass`,
    );
    await app.database.query(
      `INSERT INTO ${schema}.products (id, handle, name, description, currency, status)
       SELECT gen_random_uuid(), 'long-' || i, 'Long', (SELECT string_agg(md5(i::text || j::text), '') FROM generate_series(1, 3000) j), 'USD', 'active'
       FROM generate_series(1, 20) i`,
    );
    await app.database.query(`VACUUM (ANALYZE) ${schema}.products`);
    const [{ bytes } = { bytes: '0' }] = await app.database.query<{ bytes: string }>(
      `SELECT pg_relation_size('${toast}') AS bytes`,
    );
    const [first, second] = await list('--sort', 'size');
    expect(first!.slug).toBe(quiet.shop.slug);
    expect(first!.estimatedBytes - second!.estimatedBytes).toBeGreaterThanOrEqual(Number(bytes));
  });

  it('sorts by last order, which nothing else reads', async () => {
    const shops = await list('--sort', 'last-order');
    expect(slugs(shops)).toEqual([seller, other, quiet].map(({ shop }) => shop.slug));
    expect(shops.map(({ lastOrderAt }) => lastOrderAt)).toEqual([
      expect.any(String),
      expect.any(String),
      null,
    ]);
    expect(await list('--sort', 'last-order', '--limit', '1')).toEqual(shops.slice(0, 1));
  });

  it('lists a shop without orders, columns or a schema by last order', async () => {
    const broken = await newOwner(app.api);
    const schema = `shop_${broken.shop.id.replaceAll('-', '')}`;
    await app.database.query(`ALTER TABLE ${schema}.orders RENAME TO gone`);
    const [found] = (await list('--sort', 'last-order')).filter(({ id }) => id === broken.shop.id);
    expect(found!.lastOrderAt).toBeNull();
    await app.database.query(`DROP SCHEMA ${schema} CASCADE`);
    expect((await list('--sort', 'last-order')).map(({ id }) => id)).toContain(broken.shop.id);
    expect(await json('shops:show', broken.shop.slug)).toMatchObject({
      tables: [],
      bytes: 0,
      lastOrderAt: null,
    });
  });

  it('lists those with a status, and those that are behind', async () => {
    const { shop } = await newOwner(app.api);
    expect(await list('--behind')).toEqual([]);
    await app.database.query(`UPDATE shops SET status = 'suspended' WHERE id = $1`, [shop.id]);
    await app.database.query(
      `UPDATE tenants SET version = version - 1, checksum = 'older' WHERE shop_id = $1`,
      [shop.id],
    );
    expect(slugs(await list('--status', 'suspended'))).toEqual([shop.slug]);
    expect(slugs(await list('--behind'))).toEqual([shop.slug]);
    expect((await run('shops:list', '--behind')).stdout).toContain(' (behind)');
  });

  it.each([
    ['--status', 'sleeping'],
    ['--sort', 'colour'],
    ['--limit', '0'],
  ])('refuses %s %s', async (...options) => {
    const { code, stdout, stderr } = await run('shops:list', ...options);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(options[0]);
  });
});

describe('shops:show', () => {
  it('counts the rows of each table of one shop', async () => {
    const shown = await json<{
      tables: { name: string; rows: number; isExact: boolean; bytes: number }[];
      bytes: number;
    }>('shops:show', seller.shop.id.toUpperCase());
    expect(shown).toMatchObject({
      slug: seller.shop.slug,
      currency: 'USD',
      members: 2,
      formerSlugs: [],
      deletedAt: null,
      isBehind: false,
    });
    const table = (wanted: string) => shown.tables.find(({ name }) => name === wanted);
    expect(table('products')).toMatchObject({ rows: 4, isExact: true });
    expect(table('orders')).toMatchObject({ rows: 1, isExact: true });
    expect(shown.bytes).toBe(shown.tables.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(shown.bytes).toBeGreaterThan(0);
  });

  it('estimates rows that cannot be counted in time, and says so', async () => {
    const schema = `shop_${other.shop.id.replaceAll('-', '')}`;
    await app.database.query(`
      ANALYZE ${schema}.products;
      GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO ${schema};
      CREATE POLICY slow ON ${schema}.products USING (pg_sleep(60) IS NOT NULL);
      ALTER TABLE ${schema}.products ENABLE ROW LEVEL SECURITY`);
    const { code, stdout } = await runCli(['shops:show', other.shop.slug], {
      env: { DATABASE_URL: app.database.url, STATEMENT_TIMEOUT_MS: '1000' },
    });
    await app.database.query(`
      DROP POLICY slow ON ${schema}.products;
      REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM ${schema}`); // before the role is dropped
    expect(code).toBe(0);
    expect(stdout).toMatch(/^products +about 1 /m);
  });

  it('prints the time of the last order', async () => {
    const { stdout } = await run('shops:show', seller.shop.slug);
    expect(stdout).toMatch(/^last order +\d{4}-\d\d-\d\d \d\d:\d\d$/m);
    expect(stdout).toMatch(/^\d+ table\(s\), [\d.]+ [kM]B$/m);
  });

  it('works where the process has no more than the rights of the public and of the tenant login', async () => {
    const [row] = await app.database.query<{ granted: boolean[] }>(
      `SELECT array_agg(has_function_privilege($1, oid, 'EXECUTE')) AS granted FROM pg_proc
       WHERE proname IN ('shop_sizes', 'shop_tables', 'last_orders')`,
      [`${app.database.name}_tenant`],
    );
    expect(row!.granted).toEqual([false, false, false]);
  });

  it.each(['no-such-shop', randomUUID()])('refuses %s, which is no shop', async (shop) => {
    const { code, stdout, stderr } = await run('shops:show', shop);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('SHOP_NOT_FOUND');
  });
});
