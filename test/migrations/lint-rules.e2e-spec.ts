import type { Client } from 'pg';
import { TENANT_MIGRATIONS } from '../../src/database/migration-folders';
import { loadMigrations, type Migration } from '../../src/database/schema-migrations';
import type { RuleName } from '../../src/operations/lint/rules';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { ACCEPTED } from './lint-rules/accepted';
import { BROKEN } from './lint-rules/broken';
import { migrationsOf } from './lint-rules/lint-case';

/** Rules that forbid what makes PostgreSQL read or write a whole table. */
const COSTLY: RuleName[] = [
  'index-not-concurrent',
  'set-not-null-unchecked',
  'volatile-default',
  'constraint-not-valid-first',
];

/** Accepted although they read or write a whole table: by `allow`, or as a contract step. */
const COSTLY_BUT_ACCEPTED = ['index-allowed', 'contract', 'contract-truncate'];

/** Cases that use a function or a table that does not exist. */
const NOT_RUN = ['unknown-function', 'table-of-no-file'];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Tables that a file rewrote or scanned as a whole, as seen in its own transaction. */
async function costOf(client: Client, { up }: Migration): Promise<string[]> {
  await client.query('BEGIN');
  const tables = `SELECT oid, relname, relfilenode, pg_stat_get_xact_numscans(oid) AS scans FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`;
  await client.query(`CREATE TEMP TABLE before ON COMMIT DROP AS ${tables}`);
  await client.query(up);
  const { rows } = await client.query<{ relname: string }>(
    `SELECT b.relname FROM before b JOIN (${tables}) a USING (oid)
     WHERE a.relfilenode <> b.relfilenode OR a.scans <> b.scans ORDER BY 1`,
  );
  await client.query('COMMIT');
  return rows.map(({ relname }) => relname);
}

/** Applies the files after the first migration of the product and returns what each `sql` file cost. */
async function apply(client: Client, migrations: readonly Migration[]): Promise<string[][]> {
  const [first] = await loadMigrations(TENANT_MIGRATIONS);
  await client.query(`DROP SCHEMA IF EXISTS lint CASCADE; CREATE SCHEMA lint; SET search_path TO lint`);
  await client.query(first!.up); // the product has migrations
  const costs: string[][] = [];
  for (const migration of migrations)
    if (migration.kind === 'sql') costs.push(await costOf(client, migration));
    else if (migration.kind === 'online') for (const sql of migration.statements.up) await client.query(sql);
    else await client.query(migration.up);
  return costs;
}

describe('files that the linter accepts', () => {
  it.each(Object.entries(ACCEPTED))('%s can be applied and undone', async (_, files) => {
    const migrations = await migrationsOf(files);
    await withClient(database.url, async (client) => {
      await apply(client, migrations);
      for (const { down } of migrations.toReversed()) await client.query(down);
      await apply(client, migrations);
    });
  });

  it.each(Object.entries(ACCEPTED).filter(([name]) => !COSTLY_BUT_ACCEPTED.includes(name)))(
    '%s reads or writes no whole table in a transaction',
    async (_, files) => {
      const migrations = await migrationsOf(files);
      const costs = await withClient(database.url, (client) => apply(client, migrations));
      expect(costs.flat()).toEqual([]);
    },
  );
});

describe.each(COSTLY)('files that break %s', (rule) => {
  const cases = Object.entries(BROKEN[rule]).filter(([name]) => !NOT_RUN.includes(name));

  it.each(cases)('read or write a whole table: %s', async (_, files) => {
    const migrations = await migrationsOf(files);
    const costs = await withClient(database.url, (client) => apply(client, migrations));
    expect(costs.at(-1)).not.toEqual([]);
  });
});
