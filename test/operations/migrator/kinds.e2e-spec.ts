import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { type RunOptions, targetOf } from '../../../src/operations/migrator/run-options';
import type { TenantMigrations } from '../../../src/tenancy/tenant-migrations';
import { TenantMigrator } from '../../../src/operations/migrator/tenant-migrator';
import { verify } from '../../../src/operations/drift/verify';
import { at, type FleetShop, makeShops, readFleet, unwhole } from '../../support/fleet';
import { withClient } from '../../support/database';
import { migrationsWith, type NextMigration } from '../../support/program';
import { useTestApp } from '../../support/test-app';
import { until } from '../../support/until';

const SHOPS = 6;
const VERSION = 1900000000000;
const AGAIN = { patienceMs: 0 };

const app = useTestApp();
const fleet = () => readFleet(app);
const installation = () => app.app.get<Installation>(INSTALLATION);
const sql = <T extends object>(text: string) => app.database.query<T>(text);

async function run(migrations: TenantMigrations, options: RunOptions = {}) {
  return new TenantMigrator(migrations, installation()).run({ ...AGAIN, ...options });
}

async function undo(migrations: TenantMigrations) {
  return new TenantMigrator(migrations, installation()).run(AGAIN, targetOf(migrations, { undo: true }));
}

/** Products of a shop, named by number, all with the same vendor. */
async function addProducts({ schema }: FleetShop, count: number): Promise<void> {
  await sql(`INSERT INTO ${schema}.products (id, handle, name, currency, status, vendor)
    SELECT gen_random_uuid(), 'p-' || n, n, 'USD', 'active', 'v' FROM generate_series(1, ${count}) n`);
}

/** Shops that were migrated step by step look as a new one that gets all of it at once, to the last default. */
async function assertLikeNew(migrations: TenantMigrations): Promise<void> {
  const { findings, versions } = await verify(installation(), { migrations });
  expect(findings).toEqual([]);
  expect(versions).toEqual([{ version: migrations.latest, tenants: SHOPS }]);
}

beforeAll(() => makeShops(app, SHOPS));

describe('a migration that looks at data', () => {
  const looking: NextMigration = {
    name: `${VERSION}-move-vendors`,
    up: {
      code: `await q.query('ALTER TABLE products ADD COLUMN producer text');
        const rows = await q.query('SELECT DISTINCT vendor FROM products ORDER BY 1');
        for (const { vendor } of rows)
          await q.query('UPDATE products SET producer = $1 WHERE vendor = $2', [vendor.toUpperCase(), vendor]);`,
    },
    down: 'ALTER TABLE products DROP COLUMN producer',
    marks: { looksAtData: true },
  };

  it('runs in the transaction of each tenant, with its rows', async () => {
    const [first, second] = await fleet();
    await addProducts(first!, 2);
    const migrations = await migrationsWith(looking);
    expect(await run(migrations)).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    expect(await sql(`SELECT DISTINCT producer FROM ${first!.schema}.products`)).toEqual([{ producer: 'V' }]);
    expect(await sql(`SELECT producer FROM ${second!.schema}.products`)).toEqual([]);
    expect(unwhole(await fleet())).toEqual([]);
    await assertLikeNew(migrations);
    expect(await undo(migrations)).toMatchObject({ migrated: SHOPS });
  });

  it('leaves nothing behind in a tenant where it fails', async () => {
    const [first] = await fleet();
    await sql(`UPDATE ${first!.schema}.products SET vendor = NULLIF(vendor, '')`);
    const failing = {
      ...looking,
      up: { code: `${looking.up['code' as never] as string}; if (rows.length) throw new Error('no')` },
    };
    const migrations = await migrationsWith(failing);
    const { failed } = await run(migrations);
    expect(failed).toEqual([
      { shopId: first!.id, slug: 'shop-0', sqlState: null, message: `${looking.name}: no` },
    ]);
    expect((await fleet())[0]).toMatchObject({
      shape: first!.shape,
      version: first!.version,
      status: 'failed',
    });
    await undo(migrations);
  });
});

describe('an online migration', () => {
  const vendorKey = (name: string) => `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON products (vendor)`;
  const unique: NextMigration = {
    name: `${VERSION}-index-vendors`,
    up: vendorKey('products_vendor_key'),
    down: 'DROP INDEX CONCURRENTLY products_vendor_key',
    marks: { transaction: false },
  };
  const indexIn = (shop: FleetShop) =>
    sql(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('${shop.schema}.products_vendor_key')`,
    );

  it('finds the invalid index that a failed attempt left, and builds it anew', async () => {
    const shops = await fleet();
    const migrations = await migrationsWith(unique);
    const first = await run(migrations); // shop-0 has two products of one vendor
    expect(first.failed).toMatchObject([{ slug: 'shop-0', sqlState: '23505' }]);
    expect(await indexIn(shops[0]!)).toEqual([{ valid: false }]);
    expect(at(VERSION, await fleet())).toHaveLength(SHOPS - 1);
    await sql(`UPDATE ${shops[0]!.schema}.products SET vendor = handle`);
    expect(await run(migrations)).toMatchObject({ migrated: 1, outcome: 'done' });
    expect(await indexIn(shops[0]!)).toEqual([{ valid: true }]);
    expect(unwhole(await fleet())).toEqual([]);
    await assertLikeNew(migrations);
  });

  it('leaves an index alone that an attempt before has built, and drops one that is there', async () => {
    const migrations = await migrationsWith(unique);
    const [shop] = await fleet();
    const idOf = () => sql(`SELECT '${shop!.schema}.products_vendor_key'::regclass::oid AS oid`);
    const before = await idOf();
    await sql(`DELETE FROM ${shop!.schema}.schema_migrations WHERE version = ${VERSION}`); // killed before that
    expect(await run(migrations)).toMatchObject({ migrated: 0 }); // the index of tenants says that all is done
    const rows = await sql<{ checksum: string }>(`SELECT checksum FROM tenants WHERE version < ${VERSION}`);
    expect(rows).toEqual([]);
    await sql(`UPDATE tenants SET checksum = '' WHERE shop_id = '${shop!.id}'`);
    expect(await run(migrations)).toMatchObject({ migrated: 1, outcome: 'done' });
    expect(await idOf()).toEqual(before);
    await sql(`DROP INDEX ${shop!.schema}.products_vendor_key`);
    expect(await undo(migrations)).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    expect(await indexIn(shop!)).toEqual([]);
  });

  it('does nothing to a tenant that another runner has taken past it meanwhile', async () => {
    const [shop] = await fleet();
    const migrations = await migrationsWith(unique, {
      name: `${VERSION + 1}-drop-index`,
      up: 'DROP INDEX products_vendor_key',
      down: 'CREATE UNIQUE INDEX products_vendor_key ON products (vendor)',
    });
    await run(migrations);
    await sql(`UPDATE tenants SET version = ${shop!.version}, checksum = '${shop!.checksum}'`); // as it was read before
    expect(await run(migrations)).toMatchObject({ failed: [], outcome: 'done' });
    expect(await indexIn(shop!)).toEqual([]);
    await undo(migrations);
    await undo(await migrationsWith(unique));
  });

  it('validates a constraint that the step before added', async () => {
    const [shop] = await fleet();
    const migrations = await migrationsWith(
      {
        name: `${VERSION}-check-names`,
        up: `ALTER TABLE products ADD CONSTRAINT products_name_check CHECK (name <> '') NOT VALID`,
        down: 'ALTER TABLE products DROP CONSTRAINT products_name_check',
      },
      {
        name: `${VERSION + 1}-validate-names`,
        up: 'ALTER TABLE products VALIDATE CONSTRAINT products_name_check',
        marks: { transaction: false },
      },
    );
    await sql(`UPDATE ${shop!.schema}.products SET name = '' WHERE handle = 'p-1'`);
    expect((await run(migrations)).failed).toMatchObject([{ slug: 'shop-0', sqlState: '23514' }]);
    expect(at(VERSION, await fleet())).toEqual(['shop-0']);
    await sql(`UPDATE ${shop!.schema}.products SET name = 'repaired' WHERE name = ''`);
    expect(await run(migrations)).toMatchObject({ migrated: 1, outcome: 'done' });
    expect(unwhole(await fleet())).toEqual([]);
    await assertLikeNew(migrations);
    const before = await migrationsWith({
      name: `${VERSION}-check-names`,
      up: migrations.list.at(-2)!.statements.up[0]!,
      down: migrations.list.at(-2)!.statements.down[0]!,
    });
    await undo(migrations);
    await undo(before);
  });
});

describe('a backfill', () => {
  const ROWS = 230;
  const backfill: NextMigration = {
    name: `${VERSION}-count-products`,
    up: `UPDATE products SET description = description || 'x' WHERE {batch}`,
    marks: { backfill: { table: 'products', key: 'id', rows: 10 } },
  };
  const touched = ({ schema }: FleetShop) =>
    sql(`SELECT description, count(*)::int AS rows FROM ${schema}.products GROUP BY 1 ORDER BY 1`);

  it('changes each row once, and goes on behind the last batch when it was interrupted', async () => {
    const [shop] = await fleet();
    await sql(`DELETE FROM ${shop!.schema}.products`);
    await addProducts(shop!, ROWS);
    const migrations = await migrationsWith(backfill);
    const stop = new AbortController();
    const broken = await withClient(app.database.url, async (holder) => {
      await holder.query(`BEGIN; SELECT FROM ${shop!.schema}.products ORDER BY id DESC LIMIT 1 FOR UPDATE`);
      const broken = run(migrations, { signal: stop.signal, shopIds: [shop!.id], patienceMs: 60_000 });
      await until(
        () => sql<{ progress: unknown }>(`SELECT progress FROM tenants WHERE shop_id = '${shop!.id}'`),
        ([row]) => row!.progress !== null,
      );
      stop.abort(); // it cannot be through: one row is held
      return broken;
    });
    expect(broken).toMatchObject({ migrated: 0, outcome: 'interrupted', failed: [] });
    const [, some] = (await touched(shop!)) as { description: string; rows: number }[];
    expect(some!.rows).toBeLessThan(ROWS);
    expect(some!.rows % 10).toBe(0);
    expect(await run(migrations)).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    expect(await touched(shop!)).toEqual([{ description: 'x', rows: ROWS }]);
    expect(unwhole(await fleet())).toEqual([]);
    expect(await sql(`SELECT FROM tenants WHERE progress IS NOT NULL`)).toEqual([]);
    await assertLikeNew(migrations);
    await undo(migrations);
  });

  it('does not repeat the last batch when the step cannot be ended', async () => {
    const [shop] = await fleet();
    const only = { shopIds: [shop!.id] };
    await sql(
      `UPDATE ${shop!.schema}.products SET description = ''; CREATE TABLE ${shop!.schema}.extra (id int)`,
    );
    const migrations = await migrationsWith({ ...backfill, up: `${backfill.up as string} -- once each` });
    expect((await run(migrations, only)).failed).toMatchObject([{ sqlState: 'ST003' }]);
    await sql(`DROP TABLE ${shop!.schema}.extra`);
    expect(await run(migrations, only)).toMatchObject({ migrated: 1, outcome: 'done' });
    expect(await touched(shop!)).toEqual([{ description: 'x', rows: ROWS }]);
    await undo(migrations);
  });

  it('goes by keys with any characters', async () => {
    const [shop] = await fleet();
    const keys = [
      `a'b`,
      'a\\b',
      'ü',
      'Z',
      'a',
      '-- x',
      '$&',
      '$1',
      '{batch}',
      '日本',
      '"q"',
      ';',
      ' ',
      'e\nf',
    ];
    await sql(`DELETE FROM ${shop!.schema}.products`);
    for (const key of keys)
      await app.database.query(
        `INSERT INTO ${shop!.schema}.products (id, handle, name, currency, status)
         VALUES (gen_random_uuid(), gen_random_uuid()::text, $1, 'USD', 'active')`,
        [key],
      );
    const migrations = await migrationsWith({
      ...backfill,
      marks: { backfill: { table: 'products', key: 'name', rows: 3 } },
    });
    expect(await run(migrations)).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    expect(await touched(shop!)).toEqual([{ description: 'x', rows: keys.length }]);
    await undo(migrations);
  });
});

describe('a migration that would leave its transaction, its role or its schema', () => {
  it.each(['COMMIT', 'ROLLBACK', 'RESET ROLE', 'SET search_path = public'])(
    'is refused for %s',
    async (out) => {
      const before = await fleet();
      const migrations = await migrationsWith({
        name: `${VERSION}-add-season`,
        up: `ALTER TABLE products ADD COLUMN season text; ${out}`,
      });
      await expect(run(migrations)).rejects.toThrow(
        /fails in a new tenant|changes the role or the search path/,
      );
      expect(await fleet()).toEqual(before);
      expect(await sql(`SELECT FROM pg_namespace WHERE nspname ~ '^shop_'`)).toHaveLength(SHOPS);
    },
  );
});
