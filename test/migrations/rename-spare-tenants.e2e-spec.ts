import { readEnv } from '../../src/config/env';
import { quoteIdent } from '../../src/database/identifiers';
import { adminOf, type Installation, INSTALLATION } from '../../src/database/installation';
import { PUBLIC_MIGRATIONS } from '../../src/database/migration-folders';
import { loadMigrations } from '../../src/database/schema-migrations';
import { examine } from '../../src/operations/drift/doctor';
import { WarmPool } from '../../src/tenancy/warm-pool';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { newOwner, newProduct, PASSWORD } from '../support/factories';
import { startTestApp } from '../support/test-app';

const VERSION = 1795918000000;
/** Sorts before the ids of all tenants. */
const FIRST_ID = '01900000-0000-7000-8000-000000000000';
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const spareTenants = () => database.query('SELECT shop_id FROM spare_tenants ORDER BY 1');
const spareRoles = () => database.query('SELECT shop_id FROM spare_roles ORDER BY 1');
const creators = async (word: string) => {
  const rows = await database.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1`,
    [`${database.name}_admin_${word}_`],
  );
  return rows.map(({ name }) => name);
};

/** Leaves the database as the version before did: tables and roles have their old names. */
async function renameBack(): Promise<void> {
  const migration = (await loadMigrations(PUBLIC_MIGRATIONS)).find(({ version }) => version === VERSION);
  await withClient(database.url, async (client) => {
    await client.query(`SET ROLE ${quoteIdent(`${database.name}_owner`)}`);
    await client.query(migration!.down);
    await client.query('DELETE FROM schema_migrations WHERE version = $1', [VERSION]);
    await client.query('RESET ROLE');
  });
  for (const name of await creators('creator'))
    await database.query(`ALTER ROLE ${quoteIdent(name)} RENAME TO ${name.replace('creator', 'maker')}`);
}

describe('a start on a database of the version before', () => {
  it('keeps shops, spare tenants, spare roles and role creators', async () => {
    const before = await startTestApp({}, { database });
    const ada = await newOwner(before.api);
    const product = await newProduct(ada.api);
    await before.app.get(WarmPool).fill(2);
    await before.close();
    const kept = [await spareTenants(), await spareRoles(), await creators('creator')];
    await renameBack();
    expect(await creators('maker')).toHaveLength(kept[2]!.length);
    const old = examine(before.app.get<Installation>(INSTALLATION), readEnv({}));
    await expect(old).rejects.toThrow('npm run migrate:public');

    const now = await startTestApp({}, { database });
    expect([await spareTenants(), await spareRoles(), await creators('creator')]).toEqual(kept);
    expect(await creators('maker')).toEqual([]);
    const { body } = await now.api.post('auth/login', { email: ada.email, password: PASSWORD });
    const { body: shown } = await now.api.as(body.accessToken).get(`products/${product.id}`);
    expect(shown).toMatchObject({ id: product.id, stock: 10 });
    const grace = await newOwner(now.api); // takes a spare tenant
    expect([grace.shop.id, (await spareTenants()).length]).toEqual([
      (kept[0] as { shop_id: string }[])[0]!.shop_id,
      1,
    ]);
    const installation = now.app.get<Installation>(INSTALLATION);
    const { findings } = await examine(installation, readEnv({}));
    expect(findings.filter(({ check }) => check !== 'server-setting')).toEqual([]);
    await now.close();
  });

  it('serves programs of that version until they are replaced', async () => {
    const now = await startTestApp({}, { database });
    await withClient(adminOf(now.app.get<Installation>(INSTALLATION)).url, async (admin) => {
      await admin.query(`SET ROLE ${quoteIdent(`${database.name}_owner`)}; SET search_path = public`);
      await admin.query(`INSERT INTO role_stock VALUES ('${FIRST_ID}')`);
      const { rows } = await admin.query<{ shop_id: string }>(
        `DELETE FROM role_stock WHERE shop_id = (
           SELECT shop_id FROM role_stock ORDER BY shop_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING shop_id`,
      );
      expect(rows).toEqual([{ shop_id: FIRST_ID }]);
      expect((await admin.query('SELECT shop_id FROM tenant_stock')).rows).toHaveLength(1);
    });
    await now.close();
  });

  it('takes over what such a program did meanwhile, and nothing of others', async () => {
    const login = (kind: string) => quoteIdent(`${database.name}_${kind}`);
    const maker = quoteIdent(`${database.name}_admin_maker_1`);
    const foreign = `${database.name}_admin_maker_7`;
    const before = await startTestApp({}, { database });
    const installation = before.app.get<Installation>(INSTALLATION);
    await before.close();
    const count = (await creators('creator')).length;
    if (count === 0) return; // PostgreSQL 15 has no creators
    await withClient(adminOf(installation).url, async (admin) => {
      await admin.query(`CREATE ROLE ${maker} NOLOGIN CREATEROLE`);
      await admin.query(`GRANT ${maker} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE`);
      await admin.query(`SET ROLE ${login('owner')}`);
      await admin.query(`GRANT SELECT ON public.tenant_stock, public.role_stock TO ${login('public')}`);
    });
    await database.query(`CREATE ROLE ${quoteIdent(foreign)}`);

    const now = await startTestApp({}, { database });
    const mayBecome = await database.query<{ name: string }>(
      `SELECT r.rolname AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
       WHERE m.member = '${database.name}_admin'::regrole AND m.set_option AND r.rolname LIKE '%\\_admin\\_creator\\_%'`,
    );
    const left = [await creators('maker'), (await creators('creator')).length, mayBecome];
    await database.query(`DROP ROLE ${quoteIdent(foreign)}`);
    expect(left).toEqual([[foreign], count + 1, [{ name: `${database.name}_admin_creator_${count + 1}` }]]);
    const { findings } = await examine(installation, readEnv({}));
    expect(findings.filter(({ check }) => check !== 'server-setting')).toEqual([]);
    await newOwner(now.api);
    await now.close();
  });
});
