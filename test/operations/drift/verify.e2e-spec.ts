import { ENV, type Env } from '../../../src/config/env';
import { newId } from '../../../src/common/ids';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import type { Migration } from '../../../src/database/schema-migrations';
import { examine } from '../../../src/operations/drift/doctor';
import { HISTORY_CHECKSUM } from '../../../src/tenancy/migration-history';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { TenantMigrations } from '../../../src/tenancy/tenant-migrations';
import { WarmPool } from '../../../src/tenancy/warm-pool';
import { repairScript } from '../../../src/operations/drift/repair/repair-script';
import { verify } from '../../../src/operations/drift/verify';
import { newOwner } from '../../support/factories';
import { provisionShop } from '../../support/fleet';
import { useTestApp } from '../../support/test-app';
import { CONSTRUCTS } from './doctor-faults/constructs';
import type { Fleet, FleetShop, Named } from './doctor-faults/fault';
import { RIGHTS } from './doctor-faults/rights';
import { STRUCTURE } from './doctor-faults/structure';
import { DRIFTED, type Drifted } from './verify-faults';

const app = useTestApp();
const NEXT = 1900000000000;
const LATER = 1900000000001;
/** Faults that one shop has at once. */
const MANY = 15;

let installation: Installation;
let migrations: TenantMigrations;
let user: { id: string; name: string };

/** A migration that is not in the folder. */
function release([first]: readonly Migration[], version: number, name: string, up: string): Migration {
  return { ...first!, version, name: `${version}-${name}`, up: `${up};`, checksum: '' };
}

async function newShop(name: string): Promise<FleetShop> {
  const shop = await provisionShop(app, { name, owner: user });
  const { schema } = app.app.get(TenantLocator, { strict: false }).locate(shop.id);
  return { id: shop.id, slug: shop.slug, schema };
}

/** Migrates one shop as the migrator would. */
async function apply({ id, schema }: FleetShop, { version, name, up }: Migration): Promise<void> {
  await app.database.query(
    `BEGIN; SET LOCAL ROLE "${installation.roles.owner}"; SET LOCAL search_path TO ${schema}; ${up};
     INSERT INTO schema_migrations (version, name) VALUES (${version}, '${name}'); RESET ROLE;
     UPDATE public.tenants SET version = ${version}, checksum = (SELECT ${HISTORY_CHECKSUM} FROM ${schema}.schema_migrations)
     WHERE shop_id = '${id}'; COMMIT`,
  );
}

async function newest(name: string): Promise<FleetShop> {
  const shop = await newShop(name);
  await apply(shop, migrations.list.at(-2)!);
  await apply(shop, migrations.list.at(-1)!);
  return shop;
}

const verified = (...only: FleetShop[]) =>
  verify(installation, { migrations, ...(only.length > 0 && { only: only.map(({ slug }) => slug) }) });

async function named(...only: FleetShop[]): Promise<Named[]> {
  const { findings } = await verified(...only);
  return findings.map(({ check, shop, object }) => [check, shop, object]);
}

/** Findings of doctor in one shop. */
async function diagnosed(only: FleetShop): Promise<Named[]> {
  const { findings } = await examine(installation, app.app.get<Env>(ENV, { strict: false }), migrations);
  return findings
    .filter(({ shop }) => shop === only.slug)
    .map(({ check, shop, object }) => [check, shop, object]);
}

async function script(...only: FleetShop[]): Promise<string> {
  return [...repairScript((await verified(...only)).drifts, installation.roles, app.database.name)].join(
    '\n',
  );
}

function fleetOf(a: FleetShop, b: FleetShop): Fleet {
  return { a, b, roles: installation.roles, database: app.database.name, user: user.id };
}

const forget = ({ schema }: FleetShop, version: number) =>
  app.database.query(`DELETE FROM ${schema}.schema_migrations WHERE version = ${version}`);

const sorted = (names: Named[]) => names.map((name) => name.join('  ')).sort();

beforeAll(async () => {
  installation = app.app.get<Installation>(INSTALLATION, { strict: false });
  const { list } = app.app.get(TenantMigrations, { strict: false });
  migrations = new TenantMigrations([
    ...list,
    release(
      list,
      NEXT,
      'create-suppliers',
      `CREATE TABLE suppliers (id uuid PRIMARY KEY, name text NOT NULL);
       ALTER TABLE products ADD COLUMN supplier_id uuid REFERENCES suppliers (id);
       CREATE INDEX ON products (supplier_id)`,
    ),
    release(list, LATER, 'create-colours', `CREATE TABLE colours (name text PRIMARY KEY)`),
  ]);
  ({ user } = await newOwner(app.api, { slug: 'first' }));
});

/** Findings about one tenant. Verify reports the missing index itself, not its foreign key. */
const isTenants = ([check, shop]: Named) => shop !== null && check !== 'foreign-key-unindexed';
const NOBODY_YET: FleetShop = { id: '', slug: 'any', schema: 'any' };
const faultsOfTenants = (): Drifted[] =>
  [...STRUCTURE, ...CONSTRUCTS, ...RIGHTS, ...DRIFTED].filter(({ found }) =>
    found(fleetOf(NOBODY_YET, NOBODY_YET)).some(isTenants),
  );

describe('verify, of a fleet at three versions,', () => {
  const shops: FleetShop[] = [];

  beforeAll(async () => {
    for (let i = 0; i <= faultsOfTenants().length; i++) {
      const shop = await newShop(`Shop ${i} of faults`);
      if (i % 3 > 0) await apply(shop, migrations.list.at(-2)!);
      if (i % 3 > 1) await apply(shop, migrations.list.at(-1)!);
      shops.push(shop);
    }
  });

  it('finds nothing wrong, nor with spare tenants', async () => {
    await app.app.get(WarmPool, { strict: false }).fill(2);
    const { findings, tenants, versions } = await verified();
    expect(findings).toEqual([]);
    expect(tenants).toBe(shops.length + 3); // the spare ones, and the first
    expect(versions.map((one) => one.version)).toEqual([migrations.list.at(-3)!.version, NEXT, LATER]);
    expect(versions.reduce((sum, one) => sum + one.tenants, 0)).toBe(tenants);
  });

  it('names all differences and nothing else, and its script repairs all of them', async () => {
    const injected = faultsOfTenants().map((fault, i) => ({
      fault,
      fleet: fleetOf(shops[i]!, shops[i + 1]!),
    }));
    for (const { fault, fleet } of injected) await app.database.query(fault.inject(fleet));
    const expected = injected.flatMap(({ fault, fleet }) => fault.found(fleet)).filter(isTenants);
    expect(sorted(await named())).toEqual(sorted(expected));
    expect(new Set(expected.map(([check]) => check)).size).toBeGreaterThanOrEqual(25);

    await app.database.query(await script());
    expect(await named()).toEqual([]);
    expect(await script()).toContain('There is nothing to repair.');
  });

  it('repairs shops with many faults each', async () => {
    for (let left = faultsOfTenants(); left.length > 0;) {
      const shop = await newest('Faulty');
      left = await injectMany(shop, left);
      expect((await named(shop)).length).toBeGreaterThan(0);
      await app.database.query(await script(shop));
      expect(await named(shop)).toEqual([]);
    }
  });

  /** @returns faults for another shop: those that an earlier one made impossible, and those beyond the limit */
  async function injectMany(shop: FleetShop, faults: Drifted[]): Promise<Drifted[]> {
    const others: Drifted[] = [];
    let injected = 0;
    for (const fault of faults)
      try {
        if (injected < MANY) await app.database.query(fault.inject(fleetOf(shop, shops[0]!)));
        else others.push(fault);
        injected++;
      } catch (error) {
        if (injected === 0) throw error; // no earlier fault was in its way
        others.push(fault);
      }
    return others;
  }
});

describe('verify', () => {
  it('names a shop of a newer program, and does not compare it', async () => {
    const shop = await newest('Ahead');
    await app.database.query(`ALTER TABLE ${shop.schema}.orders ADD COLUMN remark text`);
    const older = new TenantMigrations(migrations.list.slice(0, -1));
    const { findings, versions } = await verify(installation, { migrations: older, only: [shop.id] });
    expect(findings).toEqual([
      expect.objectContaining({ check: 'version-ahead', shop: shop.slug, object: 'schema_migrations' }),
    ]);
    expect(versions).toEqual([{ version: LATER, tenants: 1 }]);
  });

  it.each([
    ['newest', () => [LATER]],
    ['second', () => [NEXT]],
    ['every', () => migrations.list.map(({ version }) => version)],
  ])('would not drop the tables of a shop that lost its %s version row', async (which, versions) => {
    const shop = await newest(`Lost the ${which}`);
    for (const version of versions()) await forget(shop, version);
    expect(await named(shop)).toEqual([['version-row-missing', shop.slug, 'schema_migrations']]);
    expect(await script(shop)).not.toMatch(/^[A-Z]/m); // comments only
  });

  it('finds nothing wrong with a shop that lacks an older migration, merged late', async () => {
    const shop = await newShop('Late');
    await apply(shop, migrations.list.at(-1)!);
    expect(await named(shop)).toEqual([]);
  });

  it('finds nothing wrong with a forbidden object that a migration was allowed to create', async () => {
    const view = release(
      migrations.list,
      LATER + 1,
      'create-view',
      'CREATE VIEW names AS SELECT name FROM products',
    );
    const shop = await newest('With a view');
    await apply(shop, view);
    const { findings } = await verify(installation, {
      migrations: new TenantMigrations([...migrations.list, view]),
      only: [shop.slug],
    });
    expect(findings).toEqual([]);
  });

  it('names a shop without a schema', async () => {
    const ghost = { id: newId(), slug: 'ghost', schema: '' };
    await app.database.query(
      `INSERT INTO public.shops (id, name, slug) VALUES ('${ghost.id}', 'Ghost', 'ghost');
       INSERT INTO public.tenants (shop_id, version) VALUES ('${ghost.id}', 1)`,
    );
    const findings = await named(ghost);
    await app.database.query(
      `DELETE FROM public.tenants WHERE shop_id = '${ghost.id}'; DELETE FROM public.shops WHERE id = '${ghost.id}'`,
    );
    expect(findings).toEqual([['shop-without-schema', 'ghost', `shop_${ghost.id.replaceAll('-', '')}`]]);
  });

  it('reports nothing about the public side', async () => {
    const owner = (role: string) => app.database.query(`ALTER TABLE public.audit_log OWNER TO "${role}"`);
    await owner(installation.roles.admin);
    const findings = await named(await newest('Of a wrong public owner'));
    await owner(installation.roles.owner);
    expect(findings).toEqual([]);
  });

  it('finds nothing wrong with shops that are migrated meanwhile', async () => {
    const shops = await Promise.all(Array.from({ length: 20 }, (_, i) => newShop(`Moving ${i}`)));
    const migrateAll = async () => {
      for (const release of migrations.list.slice(-2)) for (const shop of shops) await apply(shop, release);
    };
    const [, ...all] = await Promise.all([migrateAll(), ...Array.from({ length: 4 }, () => named(...shops))]);
    expect(all).toEqual([[], [], [], []]);
  });
});

describe('doctor, of shops that are behind,', () => {
  it('compares them with a fresh shop of their own version', async () => {
    const shop = await newShop('Behind');
    await app.database.query(`ALTER TABLE ${shop.schema}.products DROP COLUMN vendor`);
    expect(await diagnosed(shop)).toEqual([
      ['version-behind', shop.slug, 'schema_migrations'],
      ['column-missing', shop.slug, 'products.vendor'],
      ['index-missing', shop.slug, 'products_search_idx'],
    ]);
  });

  it('does not take a migration that was merged late for a lost row', async () => {
    const shop = await newShop('Later');
    await apply(shop, migrations.list.at(-1)!);
    expect(await diagnosed(shop)).toEqual([['version-behind', shop.slug, 'schema_migrations']]);
    await forget(shop, LATER);
    expect(await diagnosed(shop)).toEqual([['version-row-missing', shop.slug, 'schema_migrations']]);
  });
});

describe('the repair script', () => {
  it('creates a lost role again, with all its rights', async () => {
    const shop = await newest('Roleless');
    await app.database.query(`DROP OWNED BY ${shop.schema}; DROP ROLE ${shop.schema}`);
    const checks = (await named(shop)).map(([check]) => check);
    expect(new Set(checks)).toEqual(new Set(['default-privileges', 'schema-without-role', 'tenant-rights']));
    await app.database.query(await script(shop));
    expect(await named(shop)).toEqual([]);
    expect(await diagnosed(shop)).toEqual([]);
  });

  it('drops nothing that an object outside the shop depends on', async () => {
    const shop = await newest('Used');
    await app.database.query(
      `ALTER TABLE ${shop.schema}.orders ADD COLUMN remark text;
       CREATE VIEW public.notes AS SELECT remark FROM ${shop.schema}.orders`,
    );
    await expect(app.database.query(await script(shop))).rejects.toMatchObject({ code: '2BP01' });
    expect(await named(shop)).toEqual([['column-extra', shop.slug, 'orders.remark']]);
    await app.database.query('DROP VIEW public.notes');
    await app.database.query(await script(shop));
    expect(await named(shop)).toEqual([]);
  });

  it('names what loses data, what an operator has to decide, and what may fail', async () => {
    const shop = await newest('Cautioned');
    await app.database.query(
      `ALTER TABLE ${shop.schema}.order_lines DROP COLUMN name, ADD COLUMN note text;
       ALTER TABLE ${shop.schema}.orders ALTER number TYPE numeric; CREATE TABLE ${shop.schema}.notes ()`,
    );
    const text = await script(shop);
    expect(text).toMatch(/^-- LOSES DATA: .*\nALTER TABLE .* DROP COLUMN "note";$/m);
    expect(text).toMatch(/^-- LOSES DATA: .*\nDROP TABLE .*"notes";$/m);
    expect(text).toMatch(/^-- DECIDE: .*\nALTER TABLE .* ADD COLUMN "name" text NOT NULL;$/m);
    expect(text).toMatch(/^-- MAY FAIL: .*\nALTER TABLE .* TYPE bigint USING "number"::bigint;$/m);
  });
});
