import { readEnv } from '../../src/config/env';
import { quoteIdent } from '../../src/database/identifiers';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { PUBLIC_MIGRATIONS } from '../../src/database/migration-folders';
import { loadMigrations } from '../../src/database/schema-migrations';
import { examine } from '../../src/operations/drift/doctor';
import { WarmPool } from '../../src/tenancy/warm-pool';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { newOwner, newProduct, PASSWORD } from '../support/factories';
import { startTestApp } from '../support/test-app';

const VERSION = 1795918000000;
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
    await database.query(`INSERT INTO role_stock VALUES ('01900000-0000-7000-8000-000000000000')`);
    const [taken] = await database.query<{ shop_id: string }>(
      `DELETE FROM role_stock WHERE shop_id = (
         SELECT shop_id FROM role_stock ORDER BY shop_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING shop_id`,
    );
    expect(taken?.shop_id).toBe('01900000-0000-7000-8000-000000000000');
    expect(await database.query('SELECT shop_id FROM tenant_stock')).toHaveLength(1);
  });
});
