import { deparse } from 'pgsql-deparser';
import { TENANT_MIGRATIONS } from '../../../src/database/migration-folders';
import { BATCH, loadMigrations, type Migration } from '../../../src/database/schema-migrations';
import { parseStatements } from '../../../src/operations/lint/statements';
import { deriveStatement } from '../../../src/operations/pool-shape/derive-statement';
import { createTestDatabase, type TestDatabase, withClient } from '../../support/database';

const [ADA, BOB] = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b'];
const ID = '00000000-0000-7000-8000-000000000001';

/** Stands in for the context of a request. */
const CONTEXT = `CREATE FUNCTION current_shop() RETURNS uuid LANGUAGE sql STABLE
  RETURN current_setting('test.shop')::uuid`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const migrations = await loadMigrations(TENANT_MIGRATIONS);
  await withClient(database.url, async (client) => {
    await client.query('CREATE EXTENSION btree_gin; CREATE SCHEMA shop; CREATE SCHEMA pool');
    await client.query('SET search_path TO shop');
    for (const { up } of migrations) await client.query(up);
    await client.query(`SET search_path TO pool, public; ${CONTEXT}; SET test.shop TO '${ADA}'`);
    for (const sql of (await Promise.all(migrations.map(derived))).flat()) await client.query(sql);
  });
});
afterAll(() => database.drop());

/** The statements of a migration for a pool in which one shop has begun, outside a transaction. */
async function derived({ statements, kind }: Migration): Promise<string[]> {
  const parsed = await Promise.all(statements.up.map((sql) => parseStatements(sql, kind === 'backfill')));
  const nodes = parsed.flat().map(({ node }) => deriveStatement(node)!); // none is of another kind
  const texts = await Promise.all(nodes.map((node) => deparse(node)));
  return texts.map((sql) => sql.replaceAll(`"${BATCH}"`, 'true'));
}

/** Definitions by name, as PostgreSQL writes them. */
async function definitionsOf(schema: string, sql: string): Promise<Map<string, string>> {
  const rows = await database.query<{ name: string; definition: string }>(sql, [schema]);
  return new Map(rows.map(({ name, definition }) => [name, definition.replaceAll(`${schema}.`, '')]));
}

const CONSTRAINTS = `SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
  WHERE connamespace = $1::regnamespace AND contype <> 'n' ORDER BY 1`;
const INDEXES = `SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = $1 ORDER BY 1`;
const COLUMNS = `SELECT table_name || '.' || column_name AS name, concat_ws(' ', udt_name, is_nullable, column_default) AS definition
  FROM information_schema.columns WHERE table_schema = $1 AND column_name <> 'shop_id' ORDER BY 1`;

/** The definition with the shop before other columns of keys, indexes and both sides of references. */
function withShop(definition: string): string {
  const isCheck = definition.startsWith('CHECK');
  if (isCheck) return definition;
  const setsNull = /FOREIGN KEY \((\w+)\).*ON DELETE SET NULL/.exec(definition);
  const keys = definition
    .replace(/^(PRIMARY KEY|UNIQUE|FOREIGN KEY) \(/, '$1 (shop_id, ')
    .replace(/(REFERENCES \w+)\(/, '$1(shop_id, ')
    .replace(/(USING \w+) \(/, '$1 (shop_id, ');
  return setsNull === null ? keys : keys.replace('SET NULL', `SET NULL (${setsNull[1]})`);
}

describe('tables derived for a pool', () => {
  it.each([
    ['constraints', CONSTRAINTS],
    ['indexes', INDEXES],
  ])('have the %s of a shop, each of which begins with the shop', async (_, sql) => {
    const [own, pooled] = [await definitionsOf('shop', sql), await definitionsOf('pool', sql)];
    expect(own.size).toBeGreaterThan(20);
    expect(pooled).toEqual(new Map([...own].map(([name, definition]) => [name, withShop(definition)])));
  });

  it('have the columns of a shop, and the shop first', async () => {
    const [own, pooled] = [await definitionsOf('shop', COLUMNS), await definitionsOf('pool', COLUMNS)];
    expect(pooled).toEqual(own);
    const first = await database.query(
      `SELECT DISTINCT a.attname AS name, a.attnotnull AS "isSet", pg_get_expr(d.adbin, d.adrelid) AS "default"
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
         LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = 1
       WHERE c.relnamespace = 'pool'::regnamespace AND c.relkind = 'r'`,
    );
    expect(first).toEqual([
      { name: 'shop_id', isSet: true, default: expect.stringMatching(/current_shop\(\)$/) },
    ]);
  });

  it('take the same ids and names of several shops, and refer inside one', async () => {
    await withClient(database.url, async (client) => {
      await client.query('SET search_path TO pool');
      for (const shop of [ADA, BOB]) {
        await client.query(`SET test.shop TO '${shop}'`);
        await client.query(`INSERT INTO products (id, handle, name, currency, status) VALUES ($1, 'mug', 'Mug', 'EUR', 'active')`, [ID]); // prettier-ignore
      }
      const variant = `INSERT INTO product_variants (id, product_id, position, price_minor, stock) VALUES ($1, $1, 1, 5, 1)`;
      await client.query(variant, [ID]);
      await client.query(`DELETE FROM products WHERE shop_id = '${ADA}'`);
      await client.query(`SET test.shop TO '${ADA}'`);
      await expect(client.query(variant, [ID])).rejects.toMatchObject({ code: '23503' });
      expect((await client.query('SELECT shop_id FROM product_variants')).rows).toEqual([{ shop_id: BOB }]);
    });
  });
});
