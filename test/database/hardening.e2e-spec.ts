import { randomBytes } from 'node:crypto';
import { readEnv } from '../../src/config/env';
import { createLogger } from '../../src/common/logger';
import { findPublicRights } from '../../src/database/hardening';
import { quoteIdent } from '../../src/database/identifiers';
import { openInstallation } from '../../src/database/installation';
import { rolesOf } from '../../src/database/roles';
import { sqlState } from '../../src/common/sqlstate';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { newOrder, newOwner, newProduct } from '../support/factories';
import { runCli } from '../support/program';
import { startTestApp, useTestApp } from '../support/test-app';

const SECRET = 'a secret that only tests use, at least 32 characters';
const DENIED = '42501';

/** Each would change, run, reveal or hold up something beyond the statement that it stands in. */
const REACHES_OUT = [
  `SELECT set_config('role', 'none', false)`,
  `SELECT query_to_xml('SELECT 1', true, false, '')`,
  `SELECT schema_to_xml('public', true, false, '')`,
  `SELECT ts_stat('SELECT tsvector $$a$$')`,
  `SELECT pg_sleep(0)`,
  `SELECT pg_notify('a', 'b')`,
  `SELECT pg_try_advisory_lock(1)`,
  `SELECT pg_cancel_backend(0)`,
  `SELECT lo_create(0)`,
  `SELECT pg_logical_emit_message(false, 'a', 'b')`,
  `SELECT FROM pg_stat_get_activity(NULL)`,
  `SELECT FROM pg_show_all_settings()`,
  `SELECT FROM pg_class`,
  `SELECT FROM pg_roles`,
  `SELECT FROM pg_stat_activity`,
  `SELECT FROM information_schema.applicable_roles`,
  `UPDATE pg_settings SET setting = setting WHERE false`,
  `DO $$ BEGIN END $$`,
  `CREATE TEMP TABLE t (id int)`,
];

/** Functions and operators that ordinary statements use. */
const HARMLESS = [
  `SELECT now(), clock_timestamp(), gen_random_uuid(), random(), version()`,
  `SELECT coalesce(to_jsonb(1), '{}'), current_setting('search_path'), lower('A')`,
];

async function endsOf(url: string, statements: string[]): Promise<Record<string, string>> {
  return withClient(url, async (client) => {
    const ends: Record<string, string> = {};
    for (const sql of statements)
      ends[sql] = await client.query(sql).then(
        () => 'done',
        (error: unknown) => sqlState(error) ?? String(error),
      );
    return ends;
  });
}

const all = (statements: string[], end: string) => Object.fromEntries(statements.map((sql) => [sql, end]));

async function loginsOn(database: TestDatabase, settings: Record<string, string> = {}) {
  const env = readEnv({ DATABASE_URL: database.url, APP_SECRET: SECRET, LOG_LEVEL: 'silent', ...settings });
  return (await openInstallation(env, createLogger('silent'))).logins;
}

function doorsOf(database: TestDatabase) {
  return withClient(database.url, (client) => findPublicRights(client, rolesOf(database.name)));
}

/** A role that owns its database and may make roles, as managed servers hand them out. */
async function ownedByAnother(database: TestDatabase): Promise<{ url: string; drop: () => Promise<void> }> {
  const role = `managed_${randomBytes(4).toString('hex')}`;
  await database.query(`CREATE ROLE ${role} LOGIN CREATEROLE PASSWORD 'managed'`);
  await database.query(`ALTER DATABASE ${quoteIdent(database.name)} OWNER TO ${role}`);
  const url = new URL(database.url);
  [url.username, url.password] = [role, 'managed'];
  return {
    url: url.href,
    drop: async () => {
      await database.drop();
      const server = await createTestDatabase();
      await server.query(`DROP ROLE ${role}`);
      await server.drop();
    },
  };
}

describe('a database that was bootstrapped by a superuser', () => {
  const app = useTestApp();

  it('has no right open', async () => {
    expect(await doorsOf(app.database)).toEqual([]);
  });

  it.each(['public', 'tenant'] as const)(
    'lets the %s login reach nothing beyond its statement',
    async (login) => {
      const url = (await loginsOn(app.database))[login];
      expect(await endsOf(url, REACHES_OUT)).toEqual(all(REACHES_OUT, DENIED));
      expect(await endsOf(url, HARMLESS)).toEqual(all(HARMLESS, 'done'));
    },
  );

  it('is closed again by the next start when somebody opened it', async () => {
    await app.database.query('GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC');
    await app.database.query('GRANT SELECT ON pg_class TO PUBLIC');
    const opened = await doorsOf(app.database);
    expect(opened.map(({ rule }) => rule)).toEqual(['effects', 'catalogue']);
    await loginsOn(app.database);
    expect(await doorsOf(app.database)).toEqual([]);
  });

  it('is bootstrapped by twenty at once', async () => {
    await app.database.query('GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC');
    await Promise.all(Array.from({ length: 20 }, () => loginsOn(app.database)));
    expect(await doorsOf(app.database)).toEqual([]);
  });
});

describe('a database with HARDENING=off', () => {
  it('shows that the same statements run without hardening', async () => {
    const database = await createTestDatabase();
    const { public: url } = await loginsOn(database, { HARDENING: 'off' });
    const ends = await endsOf(url, REACHES_OUT);
    const { 'CREATE TEMP TABLE t (id int)': temporary, ...others } = ends; // bootstrap itself refuses these
    expect(temporary).toBe(DENIED);
    expect(others).toEqual(all(Object.keys(others), 'done'));
    await database.drop();
  });
});

describe('a database whose owner is no superuser', () => {
  let database: TestDatabase;
  let owner: Awaited<ReturnType<typeof ownedByAnother>>;

  beforeAll(async () => {
    database = await createTestDatabase();
    owner = await ownedByAnother(database);
  });
  afterAll(() => owner.drop());

  it('serves shops, and says what stayed open', async () => {
    const managed = { ...database, url: owner.url };
    const app = await startTestApp({}, { database: managed });
    const { api } = await newOwner(app.api);
    await newOrder(api, (await newProduct(api)).id);
    await app.close();
    const { code, stdout } = await runCli(['db:harden'], { env: { DATABASE_URL: owner.url } });
    expect(code).toBe(1);
    for (const rule of ['effects', 'text-as-sql', 'reports', 'catalogue', 'code-blocks', 'settings-table'])
      expect(stdout).toMatch(new RegExp(`^open +${rule} `, 'm'));
  });
});

describe('db:bootstrap and db:harden', () => {
  it('print the plan with --dry-run and do nothing', async () => {
    const database = await createTestDatabase();
    const env = { DATABASE_URL: database.url };
    const plan = await runCli(['db:bootstrap', '--dry-run'], { env });
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain(`CREATE ROLE "${database.name}_tenant" LOGIN NOINHERIT;`);
    expect(plan.stdout).toContain('REVOKE EXECUTE ON FUNCTION set_config(text,text,boolean) FROM PUBLIC;');
    expect(plan.stdout).not.toContain(SECRET);
    const dry = await runCli(['db:harden', '--dry-run'], { env });
    expect(dry.stdout).toContain('FROM PUBLIC;');
    const roles = await database.query('SELECT FROM pg_roles WHERE rolname LIKE $1', [`${database.name}_%`]);
    expect(roles).toEqual([]);
    expect((await doorsOf(database)).length).toBeGreaterThan(100);
    await database.drop();
  });

  it('make a database ready, and find nothing to do the second time', async () => {
    const database = await createTestDatabase();
    const env = { DATABASE_URL: database.url };
    for (const round of [1, 2]) {
      const { code, stdout } = await runCli(['db:bootstrap'], { env });
      expect([round, code]).toEqual([round, 0]);
      expect(stdout).toContain(`${database.name}_owner`);
    }
    const { code, stdout } = await runCli(['db:harden'], { env });
    expect(code).toBe(0);
    expect(stdout).not.toContain('open ');
    await database.drop();
  });
});
