import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { TENANT_MIGRATIONS } from '../../src/database/migration-folders';
import { loadMigrations, type Migration } from '../../src/database/schema-migrations';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';

const CORPUS = path.join(__dirname, 'lint-corpus');
const good = readdirSync(path.join(CORPUS, 'good'));

/** Rules of the linter that say PostgreSQL reads or writes a whole table. */
const COSTLY = [
  'index-not-concurrent',
  'set-not-null-unchecked',
  'volatile-default',
  'constraint-not-valid-first',
];

/** These cost something by right: by `allow`, and in a contract step. */
const COSTLY_BY_RIGHT = ['index-allowed', 'contract', 'contract-truncate'];

/** No such function, no such table exists. */
const NOT_RUN = ['volatile-default/unknown-function', 'set-not-null-unchecked/table-of-no-file'];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Tables that a file left in another storage or read from end to end, seen from inside its transaction. */
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
  await client.query(`DROP SCHEMA IF EXISTS corpus CASCADE; CREATE SCHEMA corpus; SET search_path TO corpus`);
  await client.query(first!.up); // the product has migrations
  const costs: string[][] = [];
  for (const migration of migrations)
    if (migration.kind === 'sql') costs.push(await costOf(client, migration));
    else if (migration.kind === 'online') for (const sql of migration.statements.up) await client.query(sql);
    else await client.query(migration.up);
  return costs;
}

describe('files that the linter lets pass', () => {
  it.each(good)('%s can be applied and undone', async (what) => {
    const migrations = await loadMigrations(path.join(CORPUS, 'good', what));
    await withClient(database.url, async (client) => {
      await apply(client, migrations);
      for (const { down } of migrations.toReversed()) await client.query(down);
      await apply(client, migrations);
    });
  });

  it.each(good.filter((what) => !COSTLY_BY_RIGHT.includes(what)))(
    '%s reads and writes no table as a whole in a transaction',
    async (what) => {
      const migrations = await loadMigrations(path.join(CORPUS, 'good', what));
      const costs = await withClient(database.url, (client) => apply(client, migrations));
      expect(costs.flat()).toEqual([]);
    },
  );
});

describe.each(COSTLY)('what breaks %s', (rule) => {
  const folders = readdirSync(path.join(CORPUS, 'bad', rule)).filter(
    (what) => !NOT_RUN.includes(`${rule}/${what}`),
  );

  it.each(folders)('reads or writes a table as a whole: %s', async (what) => {
    const migrations = await loadMigrations(path.join(CORPUS, 'bad', rule, what));
    const costs = await withClient(database.url, (client) => apply(client, migrations));
    expect(costs.at(-1)).not.toEqual([]);
  });
});
