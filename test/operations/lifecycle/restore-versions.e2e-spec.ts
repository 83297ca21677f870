import { AdminDatabase, PublicDatabase } from '../../../src/database/control-database';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { verify } from '../../../src/operations/drift/verify';
import { targetOf } from '../../../src/operations/migrator/run-options';
import { TenantMigrator } from '../../../src/operations/migrator/tenant-migrator';
import { createShop } from '../../../src/public/shops/create-shop';
import { ProvisioningService } from '../../../src/tenancy/provisioning.service';
import { TenantBuilder } from '../../../src/tenancy/tenant-builder';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { TenantMigrations } from '../../../src/tenancy/tenant-migrations';
import { newOwner, newProduct, newShop, type Owner } from '../../support/factories';
import { backUp, operate, restore, rowsOf, undoRestore, useBackupFolder } from '../../support/lifecycle';
import { migrationsWith } from '../../support/program';
import { RESTORES } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';

const app = useTestApp();
const folder = useBackupFolder();
let owner: Owner;
let migrations: TenantMigrations;

beforeAll(async () => {
  owner = await newOwner(app.api);
  migrations = app.app.get(TenantMigrations);
});

const installation = () => app.app.get<Installation>(INSTALLATION);

/** Migrates one shop to the version at this place in the list; to the newest by default. */
async function migrateTo(shopId: string, at: number = migrations.list.length - 1): Promise<void> {
  const target = targetOf(migrations, { to: migrations.list[at]!.version });
  const { outcome } = await new TenantMigrator(migrations, installation()).run({ shopIds: [shopId] }, target);
  if (outcome !== 'done') throw new Error(`the migration ended as ${outcome}`);
}

/** A shop of the first migration, with rows as the program of that time left them. */
async function oldShop(): Promise<{ id: string; since: string }> {
  const { app: nest } = app;
  const first = new TenantMigrations(migrations.list.slice(0, 1));
  const builder = new TenantBuilder(new TenantLocator(), first, installation());
  const databases = [nest.get(PublicDatabase), nest.get(AdminDatabase)] as const;
  const provisioning = new ProvisioningService(...databases, first, builder);
  const { id } = await provisioning.transaction((manager) =>
    createShop(manager, provisioning, { name: 'Old shop', owner: owner.user }),
  );
  const { schema } = new TenantLocator().locate(id);
  await app.database.query(`SET search_path TO ${schema};
    INSERT INTO products (id, handle, name, currency, status, tags, options) VALUES
      ('00000000-0000-4000-8000-000000000001', 'mug', E'A "mug"\\n\\t\\\\', 'EUR', 'active', '{a,"b c"}', '[]'),
      ('00000000-0000-4000-8000-000000000002', 'tee', 'Tee', 'EUR', 'draft', '{}', '[{"name": "Size", "values": ["S"]}]');
    INSERT INTO product_variants (id, product_id, position, sku, price_minor, stock, option_values)
      SELECT ('00000000-0000-4000-8000-00000000001' || n)::uuid, ('00000000-0000-4000-8000-00000000000' || n)::uuid, 1,
        'sku-' || n, 100 * n, 5 * n, '{}' FROM generate_series(1, 2) n;
    INSERT INTO orders (id, number, status, currency, total_minor, customer_email, customer_name, created_by)
      SELECT ('00000000-0000-4000-8000-00000000002' || n)::uuid, n,
        (ARRAY['pending', 'paid', 'fulfilled', 'cancelled'])[n], 'EUR', 200,
        CASE WHEN n > 1 THEN 'ada@example.com' END, CASE WHEN n > 1 THEN 'Ada' END, '${owner.user.id}'
      FROM generate_series(1, 4) n;
    INSERT INTO order_lines (order_id, position, variant_id, product_id, name, option_values, unit_price_minor, quantity, total_minor)
      SELECT id, 1, '00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000001', 'mug', '{}', 100, 2, 200 FROM orders;
    UPDATE counters SET value = 4`);
  const [now] = await app.database.query<{ since: string }>('SELECT now()::text AS since');
  return { id, since: now!.since };
}

/** The rows without the times at which migrations wrote them, which no two tenants share. */
async function migratedRows(id: string, since: string): Promise<Record<string, string[]>> {
  const time = /"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00)"/g;
  const mask = (row: string) => row.replaceAll(time, (text, at: string) => (at > since ? 'migrated' : text));
  const rows = Object.entries(await rowsOf(app, id));
  return Object.fromEntries(rows.map(([table, found]) => [table, found.map(mask).toSorted()]));
}

describe('a backup of an older version', () => {
  const versionOf = async (id: string) =>
    (
      await app.database.query<{ version: string }>('SELECT version FROM tenants WHERE shop_id = $1', [id])
    ).map(({ version }) => Number(version));

  it('is loaded at its own version and migrated, as the shop itself would have been', async () => {
    const steps = migrations.list.length;
    const every = Math.max(1, Math.floor(steps / (2 * RESTORES.runs)));
    for (let at = 0; at < steps - 1; at += every) {
      const source = await oldShop();
      await migrateTo(source.id, at);
      const saved = await rowsOf(app, source.id);
      const file = await backUp(app, folder.path, source.id);
      const restored = await restore(app, { file, as: `as-of-${at}` });
      expect([at, restored]).toMatchObject([at, { state: 'done' }]);
      expect([at, await rowsOf(app, source.id)]).toEqual([at, saved]);
      await migrateTo(source.id);
      const migrated = await migratedRows(source.id, source.since);
      expect([at, await migratedRows(restored.id, source.since)]).toEqual([at, migrated]);
      expect(await versionOf(restored.id)).toEqual([migrations.latest]);
    }
    expect((await verify(installation(), { migrations })).findings).toEqual([]);
  }, 300_000);

  it('replaces the data of a shop that is newer, and is undone', async () => {
    const old = await oldShop();
    const file = await backUp(app, folder.path, old.id);
    await migrateTo(old.id);
    await newProduct(owner.api);
    const { id } = owner.shop;
    const before = await rowsOf(app, id);
    expect(await restore(app, { file, over: id, isOther: true })).toMatchObject({ state: 'done' });
    expect(await migratedRows(id, old.since)).toEqual(await migratedRows(old.id, old.since));
    expect((await owner.api.get('orders')).body.items).toHaveLength(4);
    await undoRestore(app, id);
    expect(await rowsOf(app, id)).toEqual(before);
    expect((await verify(installation(), { migrations })).findings).toEqual([]);
  });

  it('is rehearsed, too', async () => {
    const old = await oldShop();
    await backUp(app, folder.path, old.id);
    const { result } = await operate(app, { kind: 'rehearse', input: { newest: 1 } });
    expect(result).toMatchObject({ failed: [], backups: [{ shopId: old.id, isGood: true }] });
  });
});

describe('data that a restore replaced', () => {
  it('are migrated when they are brought back', async () => {
    const old = await oldShop();
    const file = await backUp(app, folder.path, old.id);
    await migrateTo(old.id);
    const before = await rowsOf(app, old.id);
    expect(await restore(app, { file, over: old.id })).toMatchObject({ state: 'done' });
    const held = await app.database.query<{ version: string }>(
      'SELECT t.version FROM held_tenants h JOIN tenants t USING (shop_id) WHERE h.of_shop = $1',
      [old.id],
    );
    expect(held.map(({ version }) => Number(version))).toEqual([migrations.latest]);
    await undoRestore(app, old.id);
    expect(await rowsOf(app, old.id)).toEqual(before);
  });

  it('stay away from the shop when they cannot be migrated', async () => {
    const shop = await newShop(owner);
    const { id } = shop.shop;
    const file = await backUp(app, folder.path, id);
    expect(await restore(app, { file, over: id })).toMatchObject({ state: 'done' });
    const [held] = await app.database.query<{ tenant: string }>(
      'SELECT shop_id AS tenant FROM held_tenants WHERE of_shop = $1',
      [id],
    );
    const { schema } = new TenantLocator().locate(held!.tenant); // of the restore
    await app.database.query(`ALTER TABLE ${schema}.products ADD COLUMN colour text`);
    const next = { name: '1999999999999-add-colour', up: 'ALTER TABLE products ADD COLUMN colour text' };
    const tools = { migrations: await migrationsWith(next) };
    const before = await rowsOf(app, id);
    const undone = await operate(app, { kind: 'undo-restore', input: { shop: id } }, {}, tools);
    expect(undone).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('migrated') },
    });
    expect(await rowsOf(app, id)).toEqual(before);
  });
});
