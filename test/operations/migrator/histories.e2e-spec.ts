import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../../src/common/ids';
import { AdminDatabase } from '../../../src/database/control-database';
import { adminOf, type Installation, INSTALLATION } from '../../../src/database/installation';
import { impatientConnection } from '../../../src/operations/control-connection';
import { planRun } from '../../../src/operations/migrator/preview';
import { rebuildRegistry } from '../../../src/operations/migrator/rebuild-registry';
import { type RunOptions, targetOf } from '../../../src/operations/migrator/run-options';
import { TenantRegistry } from '../../../src/tenancy/tenant-registry';
import { readStatus } from '../../../src/operations/migrator/status';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import type { TenantMigrations } from '../../../src/tenancy/tenant-migrations';
import { TenantMigrator } from '../../../src/operations/migrator/tenant-migrator';
import { verify } from '../../../src/operations/drift/verify';
import { withClient } from '../../../src/database/with-client';
import { TenantBuilder } from '../../../src/tenancy/tenant-builder';
import { WarmPool } from '../../../src/tenancy/warm-pool';
import { assertWhole, at, makeShops, provisionShop, readFleet, unwhole } from '../../support/fleet';
import { migrationsWith, type NextMigration } from '../../support/program';
import { DRAIN_MS } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';

const SHOPS = 12;
const VERSION = 1900000000000;
const COLUMN: NextMigration = {
  name: `${VERSION}-add-season`,
  up: 'ALTER TABLE products ADD COLUMN season text',
  down: 'ALTER TABLE products DROP COLUMN season',
};

const app = useTestApp();
const fleet = () => readFleet(app);
const installation = () => app.app.get<Installation>(INSTALLATION);
const sql = <T extends object>(text: string) => app.database.query<T>(text);
const run = (migrations: TenantMigrations, options: RunOptions = {}) =>
  new TenantMigrator(migrations, installation()).run({ patienceMs: 0, drainMs: DRAIN_MS, ...options });
const undo = (migrations: TenantMigrations) =>
  new TenantMigrator(migrations, installation()).run({ patienceMs: 0 }, targetOf(migrations, { undo: true }));

let season: TenantMigrations;

beforeAll(async () => {
  await makeShops(app, SHOPS);
  season = await migrationsWith(COLUMN);
});
afterEach(async () => {
  await sql(`UPDATE tenants SET status = 'ready', run_id = NULL`);
  await undo(season);
  assertWhole(await fleet());
});

describe('a run', () => {
  it('brings a migration below the newest to tenants that have the newest', async () => {
    const earlier: NextMigration = {
      name: `${VERSION - 1}-add-fabric`,
      up: 'ALTER TABLE products ADD COLUMN fabric text',
      down: 'ALTER TABLE products DROP COLUMN fabric',
    };
    await run(season);
    const merged = await migrationsWith(COLUMN, earlier);
    expect(await run(merged)).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    const after = await fleet();
    expect(after.map(({ inside }) => inside.slice(-2))).toEqual(Array(SHOPS).fill([VERSION - 1, VERSION]));
    expect(unwhole(after)).toEqual([]);
    expect(await run(merged)).toMatchObject({ runId: null, total: 0 });
    await undo(merged);
    await undo(await migrationsWith(earlier));
  });

  it('brings both to tenants that lack one below the newest and a contract step', async () => {
    const earlier: NextMigration = { name: `${VERSION - 1}-comment`, up: `COMMENT ON TABLE products IS 'x'` };
    const drop: NextMigration = {
      name: `${VERSION + 1}-drop-season`,
      up: 'ALTER TABLE products DROP COLUMN season',
      down: 'ALTER TABLE products ADD COLUMN season text',
    };
    await run(season);
    const only = { shopIds: [(await fleet())[0]!.id], patienceMs: 20_000 };
    const marked = await migrationsWith(earlier, COLUMN, {
      ...drop,
      marks: { contract: { since: VERSION } },
    });
    expect(await run(marked, only)).toMatchObject({ migrated: 1, outcome: 'done' });
    const plain = await migrationsWith(earlier, COLUMN, drop);
    await run(plain);
    await undo(plain);
    await undo(await migrationsWith(earlier, COLUMN));
    await undo(await migrationsWith(earlier));
  });

  it('takes back a step where the index has no checksum', async () => {
    await run(season);
    await sql(`UPDATE tenants SET checksum = ''`);
    expect(await undo(season)).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    expect(at(VERSION, await fleet())).toEqual([]);
  });

  it('counts only shops of the selection that are not at the target', async () => {
    const [first, second] = await fleet();
    await run(season, { shopIds: [first!.id] });
    expect(await run(season, { shopIds: [first!.id, second!.id] })).toMatchObject({ total: 1, migrated: 1 });
  });

  it('refuses a file that was edited after it was applied, by its name, and changes nothing', async () => {
    await run(season);
    const before = await fleet();
    const edited = await migrationsWith(
      { ...COLUMN, up: `ALTER TABLE products ADD COLUMN season text DEFAULT ''` },
      { name: `${VERSION + 1}-add-more`, up: 'ALTER TABLE products ADD COLUMN more text' },
    );
    await expect(run(edited)).rejects.toThrow(
      `migrations/tenant/${COLUMN.name} was edited after it was applied`,
    );
    expect(await fleet()).toEqual(before);
    await expect(planRun(installation(), targetOf(edited), {})).rejects.toThrow('was edited after');
    await expect(verify(installation(), { migrations: edited })).rejects.toThrow('was edited after');
    await expect(
      withClient(app.database.url, 'test', (client) => readStatus(client, edited)),
    ).rejects.toThrow('was edited after');
  });

  it('leaves tenants alone that a newer program took further', async () => {
    const further = await migrationsWith(COLUMN, {
      name: `${VERSION + 1}-add-more`,
      up: 'ALTER TABLE products ADD COLUMN more text',
      down: 'ALTER TABLE products DROP COLUMN more',
    });
    const [shop, late] = await fleet();
    await run(further, { shopIds: [shop!.id, late!.id] });
    await sql(`UPDATE tenants SET version = ${late!.version}, checksum = '${late!.checksum}'
      WHERE shop_id = '${late!.id}'`); // read before the newer program came to it
    expect(await run(season)).toMatchObject({ migrated: SHOPS - 2, failed: [], outcome: 'done' });
    expect(at(VERSION + 1, await fleet())).toEqual([shop!.slug, late!.slug]);
    await undo(further);
  });

  it('goes by the schema where the index says something else', async () => {
    const [behind, ahead, strange] = await fleet();
    await run(season, { shopIds: [behind!.id] });
    const wrong = `UPDATE tenants SET (version, checksum) = (SELECT version, checksum FROM tenants WHERE shop_id =`;
    await sql(`${wrong} '${ahead!.id}') WHERE shop_id = '${behind!.id}'`); // it has the step, the index says no
    await sql(`UPDATE tenants SET checksum = 'nonsense' WHERE shop_id = '${strange!.id}'`);
    expect(await run(season)).toMatchObject({ migrated: SHOPS - 1, failed: [], outcome: 'done' });
    const after = await fleet();
    expect(at(VERSION, after)).toHaveLength(SHOPS);
    expect(unwhole(after)).toEqual([]);
  });

  it('names a tenant with a migration that the program does not know, and migrates the others', async () => {
    const [shop] = await fleet();
    await sql(
      `INSERT INTO ${shop!.schema}.schema_migrations (version, name) VALUES (1800000000000, 'by hand')`,
    );
    await sql(`UPDATE tenants SET checksum = '' WHERE shop_id = '${shop!.id}'`);
    const { failed, migrated } = await run(season);
    await sql(`DELETE FROM ${shop!.schema}.schema_migrations WHERE version = 1800000000000`);
    await sql(`UPDATE tenants SET checksum = '' WHERE shop_id = '${shop!.id}'`);
    expect(failed).toMatchObject([
      { slug: shop!.slug, sqlState: 'ST004', message: expect.stringContaining('1800000000000') },
    ]);
    expect(migrated).toBe(SHOPS - 1);
    expect(await run(season)).toMatchObject({ migrated: 1, outcome: 'done' });
  });

  it('adopts schemas whose version table is that of an older program', async () => {
    for (const { schema } of await fleet())
      await sql(`ALTER TABLE ${schema}.schema_migrations DROP COLUMN checksum`);
    await sql(`UPDATE tenants SET checksum = ''`);
    expect(await run(season)).toMatchObject({ migrated: SHOPS, failed: [], outcome: 'done' });
    const after = await fleet();
    expect(new Set(after.map(({ checksum }) => checksum))).toEqual(new Set([season.checksum]));
    expect(unwhole(after)).toEqual([]);
  });

  it.each([
    [
      'a column that nobody made',
      'ALTER TABLE :s.orders ADD COLUMN extra int',
      'ALTER TABLE :s.orders DROP COLUMN extra',
    ],
    [
      'an index that is gone',
      'DROP INDEX :s.orders_created_by_idx',
      'CREATE INDEX orders_created_by_idx ON :s.orders (created_by)',
    ],
    [
      'a right that somebody gave',
      'GRANT SELECT ON :s.orders TO PUBLIC',
      'REVOKE SELECT ON :s.orders FROM PUBLIC',
    ],
    [
      'a column that may be empty',
      'ALTER TABLE :s.orders ALTER number DROP NOT NULL',
      'ALTER TABLE :s.orders ALTER number SET NOT NULL',
    ],
  ])('rolls a tenant back that differs from the reference: %s', async (_what, inject, repair) => {
    const [, shop] = await fleet();
    await sql(inject.replace(':s', shop!.schema));
    const { failed, migrated } = await run(season);
    expect(failed).toMatchObject([{ slug: shop!.slug, sqlState: 'ST003' }]);
    expect(migrated).toBe(SHOPS - 1);
    expect((await fleet())[1]).toMatchObject({ version: shop!.version, inside: shop!.inside });
    await sql(repair.replace(':s', shop!.schema));
    expect(await run(season)).toMatchObject({ migrated: 1, outcome: 'done' });
  });

  it('finds shops that an older program makes meanwhile', async () => {
    const [owner] = await sql<{ id: string; name: string }>('SELECT id, name FROM users LIMIT 1');
    let made: Promise<unknown> | undefined;
    const summary = await run(season, {
      patienceMs: 5000,
      concurrency: 1,
      onProgress: () => {
        made ??= provisionShop(app, { name: 'Late', slug: 'late', owner: owner! });
      },
    });
    await made;
    expect(summary).toMatchObject({ total: SHOPS, failed: [] });
    await run(season); // when it was made after the last pass
    expect(at(VERSION, await fleet())).toContain('late');
    await undo(season);
    await sql(`SET session_replication_role = replica; DELETE FROM shops WHERE slug = 'late';
      DELETE FROM memberships WHERE shop_id NOT IN (SELECT id FROM shops); DELETE FROM tenants WHERE shop_id NOT IN (SELECT id FROM shops)`);
  });

  it('migrates spare tenants along', async () => {
    await app.app.get(WarmPool).fill(2);
    expect(await run(season)).toMatchObject({ migrated: SHOPS + 2, outcome: 'done' });
    await undo(season);
    await sql('DELETE FROM spare_tenants; DELETE FROM tenants WHERE shop_id NOT IN (SELECT id FROM shops)');
  });

  it('tells older programs to stop before it takes something away, and does not give that back', async () => {
    const drop = await migrationsWith(COLUMN, {
      name: `${VERSION + 1}-drop-season`,
      up: 'ALTER TABLE products DROP COLUMN season',
      down: 'ALTER TABLE products ADD COLUMN season text',
      marks: { contract: { since: VERSION } },
    });
    await run(season);
    const ended: boolean[] = [];
    const running = run(drop).finally(() => ended.push(true));
    for (let waiting = true; waiting && ended.length === 0; await sleep(20)) {
      const rows = await sql<{ version: string; from: string }>(
        'SELECT version, serves_from AS from FROM tenants',
      );
      waiting = rows.some(({ from }) => Number(from) < VERSION);
      if (!waiting) expect(new Set(rows.map(({ version }) => Number(version)))).toEqual(new Set([VERSION]));
    }
    expect(await running).toMatchObject({ migrated: SHOPS, outcome: 'done' });
    await sql('UPDATE tenants SET serves_from = 0');
    await rebuildRegistry(installation(), drop, () => undefined, new AbortController().signal);
    expect(await sql('SELECT DISTINCT serves_from::float8 AS from FROM tenants')).toEqual([
      { from: VERSION },
    ]);
    expect(() => targetOf(drop, { undo: true })).toThrow('removed something');
    const plain = await migrationsWith(COLUMN, {
      name: `${VERSION + 1}-drop-season`,
      up: 'ALTER TABLE products DROP COLUMN season',
      down: 'ALTER TABLE products ADD COLUMN season text',
    });
    await undo(plain); // the same statements without the mark
  });

  it('tells older programs of tenants that are made after something was taken away', async () => {
    const drop = await migrationsWith(COLUMN, {
      name: `${VERSION + 1}-drop-season`,
      up: 'ALTER TABLE products DROP COLUMN season',
      marks: { contract: { since: VERSION } },
    });
    const builder = new TenantBuilder(new TenantLocator(), drop, installation());
    await new WarmPool(app.app.get(AdminDatabase), drop, builder).fill(1);
    const [{ from }] = (await sql(
      'SELECT serves_from::float8 AS from FROM tenants JOIN spare_tenants USING (shop_id)',
    )) as [{ from: number }];
    const { latest } = await migrationsWith();
    const taken = await sql(`SELECT claim_tenant(${latest}) AS by_old`);
    await sql('DELETE FROM spare_tenants; DELETE FROM tenants WHERE shop_id NOT IN (SELECT id FROM shops)');
    expect([from, taken]).toEqual([VERSION, [{ by_old: null }]]);
  });
});

describe('readStatus', () => {
  it('forgets a failure once the program goes back to where the shop is', async () => {
    const [shop] = await fleet();
    await sql(`ALTER TABLE ${shop!.schema}.products ADD COLUMN season text`);
    await run(season, { shopIds: [shop!.id] });
    await sql(`ALTER TABLE ${shop!.schema}.products DROP COLUMN season`);
    const read = async (migrations: TenantMigrations) =>
      withClient(adminOf(installation()).url, 'status', (client) => readStatus(client, migrations));
    expect(await read(season)).toMatchObject({ behind: SHOPS, failed: [{ slug: shop!.slug }] });
    expect(await read(await migrationsWith())).toMatchObject({ behind: 0, failed: [], reasons: [] });
  });
});

describe('TenantRegistry.mark', () => {
  it('leaves a tenant alone that another runner has brought to the target meanwhile', async () => {
    const [shop] = await fleet();
    const control = impatientConnection(installation(), 'mark');
    const late = { shopId: shop!.id, message: 'late', sqlState: '42704' };
    await new TenantRegistry(control, newId()).mark(late, 'failed', shop!.checksum);
    expect((await fleet())[0]!.status).toBe('ready');
    await new TenantRegistry(control, newId()).mark(late, 'failed', 'another');
    await control.close();
    expect((await fleet())[0]!.status).toBe('failed');
  });
});

describe('rebuildRegistry', () => {
  it('opens a shop again for which something was announced that never came', async () => {
    const [shop] = await fleet();
    await sql('UPDATE tenants SET serves_from = 0');
    await sql(`UPDATE tenants SET serves_from = 1999999999999 WHERE shop_id = '${shop!.id}'`);
    const never = new AbortController().signal;
    const summary = await rebuildRegistry(installation(), await migrationsWith(), () => undefined, never);
    expect(summary).toMatchObject({ corrected: 1, failed: [] });
    expect(await sql(`SELECT FROM tenants WHERE serves_from > 0`)).toEqual([]);
  });

  it('makes the index anew from the schemas', async () => {
    const before = await fleet();
    await sql(
      `UPDATE tenants SET version = 1, checksum = 'wrong' WHERE shop_id IN (SELECT shop_id FROM tenants ORDER BY 1 LIMIT 5)`,
    );
    const migrations = await migrationsWith();
    const quiet = () => undefined;
    const summary = await rebuildRegistry(installation(), migrations, quiet, new AbortController().signal);
    expect(summary).toEqual({ tenants: SHOPS, corrected: 5, failed: [] });
    expect(await fleet()).toEqual(before);
  });

  it('names a shop whose schema it cannot read', async () => {
    const [shop] = await fleet();
    await sql(`ALTER TABLE ${shop!.schema}.schema_migrations RENAME TO kept`);
    const summary = await rebuildRegistry(
      installation(),
      await migrationsWith(),
      () => undefined,
      new AbortController().signal,
    );
    await sql(`ALTER TABLE ${shop!.schema}.kept RENAME TO schema_migrations`);
    expect(summary).toMatchObject({
      tenants: SHOPS,
      corrected: 0,
      failed: [{ slug: shop!.slug, sqlState: '42P01' }],
    });
  });
});
