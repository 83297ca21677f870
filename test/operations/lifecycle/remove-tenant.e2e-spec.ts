import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ENV, type Env } from '../../../src/config/env';
import { isDatabaseAway } from '../../../src/common/sqlstate';
import { AdminDatabase } from '../../../src/database/control-database';
import { examine } from '../../../src/operations/drift/doctor';
import { Interrupted } from '../../../src/operations/faults';
import { RemovalBlocked, RemovalRefused } from '../../../src/operations/lifecycle/remove-tenant';
import { readStatus } from '../../../src/operations/migrator/status';
import { TenantMigrator } from '../../../src/operations/migrator/tenant-migrator';
import { withClient } from '../../../src/database/with-client';
import { TenantBuilder } from '../../../src/tenancy/tenant-builder';
import { WarmPool } from '../../../src/tenancy/warm-pool';
import { withClient as withTestClient } from '../../support/database';
import { newOwner, newProduct, type Owner } from '../../support/factories';
import { readFleet } from '../../support/fleet';
import { migrationsWith, type NextMigration } from '../../support/program';
import { size } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';
import { until } from '../../support/until';
import {
  asOwner,
  forgetShop,
  installationOf,
  leftOf,
  makeTarget,
  remove,
  REMOVER,
  type Target,
  watchLocks,
} from './removed-shop';

const TABLES = size('REMOVED_TABLES', 120, 300);
const CUTS = size('REMOVAL_CUTS', 20, 60);
/** A table has a lock for each of its indexes, constraints, defaults and types, and the transaction some of the catalogue. */
const MOST_LOCKS = 100;

const app = useTestApp({ WARM_TENANTS: '0' });
let other: Owner;
beforeAll(async () => {
  other = await newOwner(app.api, { slug: 'other' });
  await newProduct(other.api);
});

/** Findings of doctor that concern shops. */
async function findings(): Promise<string[]> {
  const diagnosis = await examine(installationOf(app), app.app.get<Env>(ENV, { strict: false }));
  return diagnosis.findings
    .filter(({ check }) => !check.startsWith('server-'))
    .map(({ check, shop, object }) => `${check} ${shop} ${object}`);
}

/** Removes a tenant, and terminates the connection that does it at a random moment. @param objects most that are dropped before */
async function isRemovedBeforeCut(target: Target, objects: number): Promise<boolean> {
  const goal = Math.floor(Math.random() * objects);
  let [dropped, isOver] = [0, false];
  const removing = remove(app, target, { onProgress: ({ done }) => (dropped = done) })
    .then(() => true)
    .catch((error: unknown) => {
      if (!isDatabaseAway(error)) throw error;
      return false;
    })
    .finally(() => (isOver = true));
  await withTestClient(app.database.url, async (superuser) => {
    while (!isOver) {
      await sleep(Math.random() * 4);
      if (dropped < goal) continue;
      await superuser.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${REMOVER}' AND datname = current_database()`,
      );
    }
  });
  return removing;
}

async function otherStillSells(): Promise<void> {
  expect(await newProduct(other.api)).toMatchObject({ stock: 10 });
  expect((await other.api.get('products')).status).toBe(200);
}

describe('removing a shop of many tables', () => {
  it('leaves nothing, holds few locks for a short time, and disturbs no other shop', async () => {
    const target = await makeTarget(app, TABLES);
    await forgetShop(app, target);
    let isOver = false;
    const statuses: number[] = [];
    const load = async () => {
      while (!isOver) {
        const answers = await Promise.all([
          other.api.get('products'),
          other.api.post('products', { name: 'Thing', sku: `s${statuses.length}`, priceMinor: 1, stock: 1 }),
          app.api.post('auth/register', {
            email: `${statuses.length}@busy.example.com`,
            password: 'correct horse battery',
            shop: { name: 'Busy' },
          }),
        ]);
        statuses.push(...answers.map(({ status }) => status));
      }
    };
    const loading = load();
    const names: string[] = [];
    const locks = await watchLocks(app, () =>
      remove(app, target, { onProgress: ({ object }) => names.push(object) }),
    ).finally(() => (isOver = true));
    await loading;
    expect(await leftOf(app, target)).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set([200, 201]));
    expect(names).toEqual(expect.arrayContaining([`${target.schema}.extra_0`, `${target.schema}.orders`]));
    expect(names.length).toBeGreaterThan(TABLES);
    expect(locks.samples).toBeGreaterThan(3);
    expect(locks.most).toBeLessThan(MOST_LOCKS);
    expect(locks.longestMs).toBeLessThan(1000);
    expect(
      locks.publicModes.filter((mode) => !/^(AccessShare|RowShare|RowExclusive)Lock$/.test(mode)),
    ).toEqual([]);
    expect(await remove(app, target)).toBe(0);
    expect(await findings()).toEqual([]);
  }, 120_000);

  it(`continues where ${CUTS} terminated connections have left it, and nobody takes it for a fault meanwhile`, async () => {
    let target: Target | undefined;
    let halfRemoved = 0;
    for (let cuts = 0; cuts < CUTS;) {
      if (target === undefined) await forgetShop(app, (target = await makeTarget(app, TABLES)));
      if (await isRemovedBeforeCut(target, TABLES / 5)) {
        expect(await leftOf(app, target)).toEqual([]);
        target = undefined;
        continue;
      }
      if (++cuts % 4 !== 0 || !(await leftOf(app, target)).includes('held_tenants')) continue;
      halfRemoved++;
      expect(await findings()).toEqual([]);
    }
    expect(halfRemoved).toBeGreaterThan(0);
    if (target !== undefined) {
      await remove(app, target);
      expect(await leftOf(app, target)).toEqual([]);
    }
    await otherStillSells();
  }, 180_000);

  it('finishes once nothing needs the role any more', async () => {
    const target = await makeTarget(app);
    await forgetShop(app, target);
    const role = `"${target.schema}"`;
    await app.database.query(`GRANT SELECT ON users TO ${role}`); // keeps the role from being dropped
    await expect(remove(app, target)).rejects.toBeInstanceOf(RemovalRefused);
    expect((await leftOf(app, target)).filter((left) => left !== 'membership').toSorted()).toEqual([
      'held_tenants',
      'right of the role',
      'role',
      'tenants',
    ]);
    expect(await findings()).toEqual([`public-rights null public.users`]);
    await app.database.query(`REVOKE SELECT ON users FROM ${role}`);
    expect(await remove(app, target)).toBe(0);
    expect(await leftOf(app, target)).toEqual([]);
  });

  it('stops between two objects when it is told to, and goes on later', async () => {
    const target = await makeTarget(app);
    await forgetShop(app, target);
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 3 && stop.abort();
    await expect(remove(app, target, { signal: stop.signal, onProgress })).rejects.toBeInstanceOf(
      Interrupted,
    );
    expect(await leftOf(app, target)).toContain('held_tenants');
    let first: { done: number; total: number } | undefined;
    const before = await remove(app, target, { onProgress: (progress) => (first ??= progress) });
    expect(first).toMatchObject({ done: 1, total: before });
    expect(await leftOf(app, target)).toEqual([]);
  });
});

describe('whatever a schema holds', () => {
  it('is removed: views, circles, routines, types, sequences, partitions, and objects of a superuser', async () => {
    const target = await makeTarget(app);
    await asOwner(
      app,
      target.schema,
      `CREATE TABLE a (id int PRIMARY KEY, s serial, i int GENERATED ALWAYS AS IDENTITY);
       CREATE TABLE b (id int PRIMARY KEY REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b;
       CREATE VIEW v AS SELECT * FROM a; CREATE VIEW w AS SELECT v.id FROM v JOIN b USING (id);
       CREATE MATERIALIZED VIEW m AS SELECT * FROM w;
       CREATE TYPE mood AS ENUM ('good'); CREATE DOMAIN short AS text; CREATE TYPE pair AS (x int, y short);
       CREATE TYPE span AS RANGE (subtype = int);
       CREATE TABLE moods (mood mood, two pair, PRIMARY KEY (mood)) PARTITION BY LIST (mood);
       CREATE TABLE moods_good PARTITION OF moods FOR VALUES IN ('good');
       CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
       CREATE FUNCTION f(r a) RETURNS int LANGUAGE sql RETURN 1; CREATE PROCEDURE p() LANGUAGE sql AS '';
       CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION t(); CREATE SEQUENCE "odd ""name";
       CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
       CREATE STATISTICS st ON id, s FROM a; CREATE COLLATION c (locale = 'C');
       CREATE TEXT SEARCH CONFIGURATION ts (COPY = pg_catalog.simple);
       CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
       ALTER TABLE b ADD COLUMN d int DEFAULT nextval('"odd ""name"')`,
    );
    await app.database.query(
      `CREATE TABLE ${target.schema}.foreign_one (id int PRIMARY KEY REFERENCES ${target.schema}.a);
       CREATE FUNCTION ${target.schema}.g() RETURNS int LANGUAGE sql AS 'SELECT 1';
       ALTER DEFAULT PRIVILEGES IN SCHEMA ${target.schema} GRANT SELECT ON TABLES TO "${target.schema}";
       CREATE OPERATOR CLASS ${target.schema}.oc FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)`,
    );
    await forgetShop(app, target);
    await remove(app, target);
    expect(await leftOf(app, target)).toEqual([]);
    await otherStillSells();
  });

  it('stays when something outside depends on it: the view is named and nothing is changed', async () => {
    const target = await makeTarget(app);
    await app.database.query(`CREATE VIEW report AS SELECT name FROM ${target.schema}.products`);
    await forgetShop(app, target);
    const before = await leftOf(app, target);
    await expect(remove(app, target)).rejects.toThrow(/view report/);
    expect(await leftOf(app, target)).toEqual(before);
    await app.database.query('DROP VIEW report');
    await remove(app, target);
    expect(await leftOf(app, target)).toEqual([]);
  });
});

describe('a tenant that somebody uses', () => {
  it('is not removed while a shop has it', async () => {
    const target = await makeTarget(app);
    const before = await leftOf(app, target);
    await expect(remove(app, target)).rejects.toBeInstanceOf(RemovalRefused);
    expect(await leftOf(app, target)).toEqual(before);
    expect(await newProduct(target.owner.api)).toMatchObject({ stock: 10 });
  });

  it('is not removed when a transaction that is not over yet has made a shop of it', async () => {
    await app.app.get(WarmPool).fill(1);
    const [spare] = await app.database.query<{ id: string }>('SELECT shop_id AS id FROM spare_tenants');
    const maker = new Client({ connectionString: app.database.url });
    await maker.connect();
    await maker.query(
      `BEGIN; DELETE FROM spare_tenants; INSERT INTO shops (id, name, slug) VALUES ('${spare!.id}', 'X', 'x')`,
    );
    const removing = remove(app, spare!).catch((error: unknown) => error);
    await until(
      () =>
        app.database.query(
          `SELECT FROM pg_stat_activity WHERE application_name = '${REMOVER}' AND wait_event_type = 'Lock'`,
        ),
      ({ length }) => length > 0,
    );
    await maker.query('COMMIT');
    await maker.end();
    expect(await removing).toBeInstanceOf(RemovalRefused);
    await forgetShop(app, spare!);
    await remove(app, spare!);
  });

  it('is removed once a reader is gone, who is named when that takes too long', async () => {
    const target = await makeTarget(app);
    await forgetShop(app, target);
    const reader = new Client({ connectionString: app.database.url, application_name: 'yearly report' });
    await reader.connect();
    const { rows } = await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await reader.query(`BEGIN; SELECT FROM ${target.schema}.products`);
    const failure = await remove(app, target, { patienceMs: 1000 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RemovalBlocked);
    expect((failure as Error).message).toContain(`process ${rows[0]!.pid} (yearly report) uses products`);
    await otherStillSells();
    const later = remove(app, target);
    await reader.query('COMMIT');
    await reader.end();
    await later;
    expect(await leftOf(app, target)).toEqual([]);
  });
});

describe('the role', () => {
  it('is dropped by the admin login, whichever creator it has', async () => {
    const target = await makeTarget(app); // of the first creator
    await app.app
      .get(AdminDatabase)
      .transaction((manager) => app.app.get(TenantBuilder).addRoles(manager, 260));
    await app.app
      .get(AdminDatabase)
      .transaction((manager) => app.app.get(TenantBuilder).addRoles(manager, 1));
    const newer = await makeTarget(app);
    const [creators] = await app.database.query<{ count: number; isNeeded: boolean }>(
      `SELECT count(*)::int AS count, current_setting('server_version_num')::int >= 160000 AS "isNeeded"
       FROM pg_roles WHERE starts_with(rolname, current_database() || '_admin_creator_')`,
    );
    expect(creators!.count).toBe(creators!.isNeeded ? 2 : 0);
    for (const one of [target, newer]) {
      await forgetShop(app, one);
      await remove(app, one);
      expect(await leftOf(app, one)).toEqual([]);
    }
    const [spare] = await app.database.query<{ id: string }>(
      'SELECT shop_id AS id FROM spare_roles ORDER BY 1 DESC LIMIT 1',
    );
    await remove(app, spare!);
    expect(await app.database.query('SELECT FROM spare_roles WHERE shop_id = $1', [spare!.id])).toEqual([]);
    await app.database.query('DELETE FROM spare_roles');
  });
});

describe('a tenant in removal', () => {
  const SEASON: NextMigration = {
    name: '1900000000000-add-season',
    up: 'ALTER TABLE products ADD COLUMN season text',
    down: 'SELECT',
  };
  const season = () => migrationsWith(SEASON);
  const migrate = async (options = {}) =>
    new TenantMigrator(await season(), installationOf(app)).run(options);

  it('is neither migrated nor listed as behind, nor claimed for a new shop', async () => {
    await app.app.get(WarmPool).fill(1);
    const [spare] = await app.database.query<{ id: string }>('SELECT shop_id AS id FROM spare_tenants');
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: () => stop.abort() };
    await expect(remove(app, spare!, options)).rejects.toBeInstanceOf(Interrupted);
    expect((await newOwner(app.api)).shop.id).not.toBe(spare!.id);
    const status = await withClient(app.database.url, 'test', async (client) =>
      readStatus(client, await season()),
    );
    expect(status.tenants).toBe((await readFleet(app)).length);
    const { failed, deferred, outcome, migrated } = await migrate();
    expect([failed, deferred, outcome, migrated]).toEqual([[], [], 'done', status.tenants]);
    const [row] = await app.database.query<{ version: string }>(
      'SELECT version FROM tenants WHERE shop_id = $1',
      [spare!.id],
    );
    expect(Number(row!.version)).toBeLessThan(1900000000000);
    await remove(app, spare!);
  });

  it('is left out by a migrator that has read the registry before', async () => {
    const slow = await migrationsWith(SEASON, {
      name: '1910000000000-wait-for-removal',
      up: `DO $$ BEGIN FOR i IN 1..500 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM public.tenants WHERE 'shop_' || replace(shop_id::text, '-', '') = current_schema) OR EXISTS (SELECT FROM public.held_tenants); PERFORM pg_sleep(0.02); END LOOP; END $$`,
      down: 'SELECT',
    });
    const spec = await makeTarget(app);
    await migrate();
    const running = new TenantMigrator(slow, installationOf(app)).run({ concurrency: 1 });
    const locked = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint =
      hashtextextended('migrate shop_' || replace(t.shop_id::text, '-', ''), 0)`;
    const held = await until(
      () =>
        app.database.query<{ id: string }>(
          `INSERT INTO held_tenants (shop_id, reason) SELECT t.shop_id, 'removing' FROM tenants t
           WHERE NOT EXISTS (${locked}) AND (SELECT count(*) FROM tenants t WHERE EXISTS (${locked})) = 1 RETURNING shop_id AS id`,
        ),
      ({ length }) => length > 0,
    );
    expect(await running).toMatchObject({ failed: [], deferred: [], migrated: 1, outcome: 'done' });
    expect(held.length).toBeGreaterThan(3);
    await app.database.query('DELETE FROM held_tenants');
    await forgetShop(app, spec);
    await remove(app, spec);
  });
});
