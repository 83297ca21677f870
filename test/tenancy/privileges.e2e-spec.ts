import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { sqlState } from '../../src/common/sqlstate';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { PUBLIC_FUNCTIONS } from '../../src/database/public-rights';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { withClient } from '../support/database';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const DENIED = '42501';
const NO_SUCH_TABLE = '42P01';
const CHECK_VIOLATION = '23514';

const app = useTestApp();
let ada: Owner;
let bob: Owner;
let installation: Installation;

beforeAll(async () => {
  [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
  for (const { api } of [ada, bob]) await newOrder(api, (await newProduct(api)).id);
  installation = app.app.get<Installation>(INSTALLATION, { strict: false });
});

/** Name of a shop's schema and of its role. */
function placeOf({ shop }: Owner): string {
  return app.app.get(TenantLocator, { strict: false }).locate(shop.id).schema;
}

/** Tables of a shop, or of `public`, as the catalogue knows them. */
async function tablesIn(schema: string): Promise<string[]> {
  const rows = await app.database.query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
    [schema],
  );
  expect(rows.length).toBeGreaterThan(4);
  return rows.map(({ name }) => name);
}

/** Result of each statement: `done`, or the SQLSTATE that refused it. */
async function outcomes(client: Client, statements: string[]): Promise<Record<string, string>> {
  const ends: Record<string, string> = {};
  for (const sql of statements)
    ends[sql] = await client.query(sql).then(
      () => 'done',
      (error: unknown) => sqlState(error) ?? String(error),
    );
  return ends;
}

/** Every statement ends in `outcome`. */
function all(statements: string[], outcome: string): Record<string, string> {
  return Object.fromEntries(statements.map((sql) => [sql, outcome]));
}

/** The four ways to reach a table, changing nothing where they are allowed. */
function uses(table: string): string[] {
  return [
    `SELECT FROM ${table}`,
    `DELETE FROM ${table} WHERE false`,
    `INSERT INTO ${table} SELECT * FROM ${table} WHERE false`,
    `TRUNCATE ${table}`,
  ];
}

describe('the login of the tenant side', () => {
  it('gives a billing job that is handed the raw connection and names no tenant permission denied', async () => {
    await withClient(installation.logins.tenant, async (client) => {
      const job = client.query(`SELECT sum(total_minor) FROM ${placeOf(ada)}.orders`);
      await expect(job).rejects.toMatchObject({ code: DENIED });
      await expect(client.query('SELECT sum(total_minor) FROM orders')).rejects.toMatchObject({
        code: NO_SUCH_TABLE,
      });
    });
  });

  it('reads and writes no table of any shop', async () => {
    const tables = await Promise.all(
      [ada, bob].map(async (owner) =>
        (await tablesIn(placeOf(owner))).map((table) => `${placeOf(owner)}.${table}`),
      ),
    );
    const statements = tables.flat().flatMap(uses);
    const ends = await withClient(installation.logins.tenant, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });

  it('reads and writes no table of everybody', async () => {
    const statements = (await tablesIn('public')).flatMap((table) => uses(`public.${table}`));
    const ends = await withClient(installation.logins.tenant, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });

  it('finds no table without a schema in front', async () => {
    const tables = [...(await tablesIn(placeOf(ada))), ...(await tablesIn('public'))];
    const statements = tables.map((table) => `SELECT FROM ${table}`);
    const ends = await withClient(installation.logins.tenant, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, NO_SUCH_TABLE));
  });

  it('makes nothing', async () => {
    const statements = [
      'CREATE SCHEMA mine',
      'CREATE TABLE public.mine (id int)',
      `CREATE TABLE ${placeOf(ada)}.mine (id int)`,
      'CREATE TEMP TABLE mine (id int)',
      'CREATE ROLE mine',
    ];
    const ends = await withClient(installation.logins.tenant, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });

  it('becomes no other login and no owner', async () => {
    const { admin, owner, public: publicLogin } = installation.roles;
    const statements = [admin, owner, publicLogin].map((role) => `SET ROLE ${role}`);
    const ends = await withClient(installation.logins.tenant, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });
});

describe('the role of a shop', () => {
  /** Runs statements as the shop's role, with its path, over the tenant login. */
  function asShop(owner: Owner, statements: string[]): Promise<Record<string, string>> {
    return withClient(installation.logins.tenant, async (client) => {
      await client.query(`SET ROLE ${placeOf(owner)}`);
      await client.query(`SET search_path TO ${placeOf(owner)}, pg_temp`);
      return outcomes(client, statements);
    });
  }

  it('reads every table of its own', async () => {
    const tables = await tablesIn(placeOf(ada));
    const statements = tables.flatMap((name) => [
      `SELECT FROM ${name}`,
      `SELECT FROM ${placeOf(ada)}.${name}`,
    ]);
    expect(await asShop(ada, statements)).toEqual(all(statements, 'done'));
  });

  it.each([
    'orders',
    'order_lines',
    'products',
    'product_variants',
    'customers',
    'counters',
    'idempotency_keys',
  ])('writes %s', async (table) => {
    const statements = [
      `DELETE FROM ${table} WHERE false`,
      `INSERT INTO ${table} SELECT * FROM ${table} WHERE false`,
    ];
    expect(await asShop(ada, statements)).toEqual(all(statements, 'done'));
  });

  it.each(['schema_migrations', 'members'])('does not write %s, which the engine keeps', async (table) => {
    const column = table === 'members' ? 'name' : 'version';
    const statements = [
      `DELETE FROM ${table}`,
      `UPDATE ${table} SET ${column} = ${column}`,
      `INSERT INTO ${table} SELECT * FROM ${table}`,
      `TRUNCATE ${table}`,
    ];
    expect(await asShop(ada, statements)).toEqual(all(statements, DENIED));
  });

  it('neither reads nor writes a table of another shop', async () => {
    const statements = (await tablesIn(placeOf(bob))).flatMap((table) => uses(`${placeOf(bob)}.${table}`));
    expect(await asShop(ada, statements)).toEqual(all(statements, DENIED));
  });

  it('neither reads nor writes a table of everybody', async () => {
    const statements = (await tablesIn('public')).flatMap((table) => uses(`public.${table}`));
    expect(await asShop(ada, statements)).toEqual(all(statements, DENIED));
  });

  it('changes no structure, not even in its own schema', async () => {
    const statements = [
      'CREATE TABLE mine (id int)',
      'CREATE TEMP TABLE mine (id int)',
      'CREATE VIEW mine AS SELECT 1',
      `CREATE FUNCTION ${placeOf(ada)}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      'CREATE INDEX ON orders (status)',
      'ALTER TABLE orders ADD COLUMN mine int',
      'ALTER TABLE orders DISABLE TRIGGER ALL',
      'ALTER TABLE orders OWNER TO CURRENT_USER',
      'DROP TABLE orders',
      'TRUNCATE orders CASCADE',
      `DROP SCHEMA ${placeOf(ada)} CASCADE`,
      `ALTER SCHEMA ${placeOf(ada)} RENAME TO mine`,
      'CREATE SCHEMA mine',
    ];
    expect(await asShop(ada, statements)).toEqual(all(statements, DENIED));
  });

  it('hands its rights to nobody', async () => {
    await asShop(ada, [
      `GRANT USAGE ON SCHEMA ${placeOf(ada)} TO ${placeOf(bob)}`, // a warning, without effect
      `GRANT SELECT ON orders TO ${placeOf(bob)}`,
      `GRANT SELECT ON orders TO PUBLIC`,
    ]);
    const statements = [`SELECT FROM ${placeOf(ada)}.orders`];
    expect(await asShop(bob, statements)).toEqual(all(statements, DENIED));
  });

  it('cannot log in', async () => {
    const [role] = await app.database.query(
      'SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = $1',
      [placeOf(ada)],
    );
    expect(role).toEqual({
      rolcanlogin: false,
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolbypassrls: false,
    });
  });
});

describe('the login of the public side', () => {
  it('reads and writes no table of any shop', async () => {
    const statements = (await tablesIn(placeOf(ada))).flatMap((table) => uses(`${placeOf(ada)}.${table}`));
    const ends = await withClient(installation.logins.public, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });

  it('becomes no shop, no other login and no owner', async () => {
    const { admin, owner, tenant } = installation.roles;
    const statements = [
      ...[ada, bob].map((shop) => `SET ROLE ${placeOf(shop)}`),
      ...[admin, owner, tenant].map((role) => `SET ROLE ${role}`),
    ];
    const ends = await withClient(installation.logins.public, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });

  it.each(['tenants', 'schema_migrations'])('reads public.%s and does not write it', async (table) => {
    const writes = [
      `DELETE FROM public.${table}`,
      `UPDATE public.${table} SET version = 0`,
      `INSERT INTO public.${table} SELECT * FROM public.${table}`,
      `TRUNCATE public.${table}`,
    ];
    const ends = await withClient(installation.logins.public, (client) =>
      outcomes(client, [`SELECT FROM public.${table}`, ...writes]),
    );
    expect(ends).toEqual({ ...all(writes, DENIED), [`SELECT FROM public.${table}`]: 'done' });
  });

  it('changes no structure', async () => {
    const statements = [
      'CREATE TABLE public.mine (id int)',
      'CREATE TEMP TABLE mine (id int)',
      'CREATE SCHEMA mine',
      'CREATE ROLE mine',
      'DROP TABLE public.users CASCADE',
      `DROP SCHEMA ${placeOf(ada)} CASCADE`,
      `GRANT ${placeOf(ada)} TO CURRENT_USER`,
    ];
    const ends = await withClient(installation.logins.public, (client) => outcomes(client, statements));
    expect(ends).toEqual(all(statements, DENIED));
  });
});

describe('functions that work with the rights of the owner', () => {
  const ACCESS = 'access_of(uuid, uuid, uuid)'; // works with those of its caller
  const DEFINERS = PUBLIC_FUNCTIONS.filter((signature) => signature !== ACCESS);
  const functions = <T extends object>(columns: string, values?: unknown[]) =>
    app.database.query<T>(
      `SELECT ${columns} FROM pg_proc p
       WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef ORDER BY p.proname`,
      values,
    );
  const enter = (client: Client, { shop, user }: Owner, name: string, role = 'owner') =>
    client.query('SELECT public.enter_member($1, $2, $3, $4)', [shop.id, user.id, name, role]);
  const members = (owner: Owner) =>
    app.database.query(`SELECT user_id, name, role FROM ${placeOf(owner)}.members`);

  it('are those of the list, and the public login alone may call them', async () => {
    const { tenant, public: publicLogin } = installation.roles;
    const found = await functions<{ signature: string; open: string[] }>(
      `replace(p.oid::regprocedure::text, ',', ', ') AS signature,
       array(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY($1) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')) AS open`,
      [[publicLogin, tenant, placeOf(ada), placeOf(bob)]],
    );
    expect(found).toEqual(DEFINERS.map((signature) => ({ signature, open: [publicLogin] })));
  });

  it('belong to the owner and look nothing up in the path of their caller', async () => {
    const found = await functions(
      'proowner::regrole::text AS owner, prosecdef AS definer, proconfig AS settings',
    );
    const settings = ['search_path=pg_catalog, pg_temp'];
    expect(found).toEqual(DEFINERS.map(() => ({ owner: installation.roles.owner, definer: true, settings })));
  });

  it('are refused, like those of the migrator, to whom the list does not name', async () => {
    const { tenant, public: publicLogin, owner } = installation.roles;
    const found = await app.database.query(
      `SELECT p.proname::text AS name, p.proowner::regrole::text AS owner,
         array(SELECT r.rolname::text FROM pg_roles r
               WHERE r.rolname = ANY($1) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')) AS open
       FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT p.prosecdef ORDER BY p.proname`,
      [[publicLogin, tenant, placeOf(ada), placeOf(bob)]],
    );
    expect(found).toEqual([
      { name: 'access_of', owner, open: [publicLogin] },
      ...['expect_shape', 'open_step', 'tenant_shape'].map((name) => ({ name, owner, open: [] })),
    ]);
  });

  it('are refused to the tenant login and to the role of a shop', async () => {
    await withClient(installation.logins.tenant, async (client) => {
      await expect(enter(client, ada, 'Mallory')).rejects.toMatchObject({ code: DENIED });
      await client.query(`SET ROLE ${placeOf(ada)}`);
      await expect(enter(client, ada, 'Mallory')).rejects.toMatchObject({ code: DENIED });
    });
  });

  it.each([`'; DROP TABLE orders; --`, `"; DROP SCHEMA public CASCADE; --`, `$1 %I %s \\ $body$`, ''])(
    'write the name %j as it is, in the one shop',
    async (name) => {
      const before = await members(bob);
      await withClient(installation.logins.public, (client) => enter(client, ada, name));
      expect(await members(ada)).toEqual([{ user_id: ada.user.id, name, role: 'owner' }]);
      expect(await members(bob)).toEqual(before);
    },
  );

  it('take neither a role nor a shop that does not exist', async () => {
    await withClient(installation.logins.public, async (client) => {
      await expect(enter(client, ada, 'Ada', 'guest')).rejects.toMatchObject({ code: CHECK_VIOLATION });
      const nowhere = { ...ada, shop: { id: randomUUID() } };
      await expect(enter(client, nowhere, 'Ada')).rejects.toMatchObject({ code: NO_SUCH_TABLE });
    });
  });
});

describe('the audit log', () => {
  const INSERT = `INSERT INTO public.audit_log (id, action, details) VALUES (gen_random_uuid(), 'x', '{}')`;
  const CHANGES = [
    `UPDATE public.audit_log SET action = 'x'`,
    `UPDATE public.audit_log SET at = now()`,
    'DELETE FROM public.audit_log',
    'TRUNCATE public.audit_log',
    `INSERT INTO public.audit_log (id, action, at) VALUES (gen_random_uuid(), 'x', now())`,
    'INSERT INTO public.audit_log SELECT * FROM public.audit_log',
    `${INSERT} ON CONFLICT (id) DO UPDATE SET action = 'y'`,
    'ALTER TABLE public.audit_log DISABLE TRIGGER ALL',
    `ALTER TABLE public.audit_log ALTER COLUMN at SET DEFAULT '2000-01-01'`,
    'CREATE RULE forget AS ON INSERT TO public.audit_log DO INSTEAD NOTHING',
    'DROP TABLE public.audit_log',
  ];
  const entries = () => app.database.query('SELECT * FROM audit_log ORDER BY id');

  it('is read and added to by the public login, which changes and removes nothing', async () => {
    const before = await entries();
    const statements = ['SELECT FROM public.audit_log', INSERT];
    const ends = await withClient(installation.logins.public, (client) =>
      outcomes(client, [...CHANGES, ...statements]),
    );
    expect(ends).toEqual({ ...all(CHANGES, DENIED), ...all(statements, 'done') });
    expect(await entries()).toEqual(expect.arrayContaining(before));
  });

  it.each([
    ['the tenant login', () => 'RESET ROLE'],
    ['the role of a shop', () => `SET ROLE ${placeOf(ada)}`],
  ])('is out of reach of %s', async (_who, become) => {
    const statements = [...CHANGES, INSERT, 'SELECT FROM public.audit_log'];
    const ends = await withClient(installation.logins.tenant, async (client) => {
      await client.query(become());
      return outcomes(client, statements);
    });
    expect(ends).toEqual(all(statements, DENIED));
  });
});

describe('rights on schemas and tables', () => {
  /** Logins and roles with any right on anything in a schema, as `role on schema`. */
  async function granted(what: string): Promise<string[]> {
    const { tenant, public: publicLogin } = installation.roles;
    const shops = [placeOf(ada), placeOf(bob)];
    const rows = await app.database.query<{ pair: string }>(
      `SELECT DISTINCT r.rolname || ' on ' || n.nspname COLLATE "C" AS pair
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
       WHERE n.nspname = ANY($1) AND r.rolname = ANY($2) AND ${what} ORDER BY 1`,
      [
        ['public', ...shops],
        [tenant, publicLogin, ...shops],
      ],
    );
    return rows.map(({ pair }) => pair);
  }

  it.each([
    ['schemas', `has_schema_privilege(r.oid, n.oid, 'USAGE, CREATE')`],
    ['tables', `has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')`],
  ])('are given on %s to the own shop and to the public side alone', async (_, what) => {
    const own = [ada, bob].map((shop) => `${placeOf(shop)} on ${placeOf(shop)}`).sort();
    expect(await granted(what)).toEqual([...own, `${installation.roles.public} on public`]);
  });
});
