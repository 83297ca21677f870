import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PUBLIC_MIGRATIONS, TENANT_MIGRATIONS } from '../../src/database/migration-folders';
import { schemaDifference } from '../../src/database/schema-difference';
import { loadMigrations } from '../../src/database/schema-migrations';
import { ENTITIES } from '../../src/app/app.module';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { runCli, scratchFolder } from '../support/program';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

@Entity('suppliers')
class Supplier {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'suppliers_pkey' })
  id: string;

  @Column('text', { default: "it's `quoted` ${so}" })
  name: string;
}

describe.each([
  ['public', PUBLIC_MIGRATIONS, ENTITIES.public],
  ['tenant', TENANT_MIGRATIONS, ENTITIES.tenant],
])('migrations/%s', (_side, folder, entities) => {
  it('make what the entities say', async () => {
    const difference = await schemaDifference(database.url, entities, await loadMigrations(folder));
    expect(difference).toEqual({ up: [], down: [] });
  });

  it('can be undone and made again', async () => {
    const migrations = await loadMigrations(folder);
    await withClient(database.url, async (client) => {
      await client.query('CREATE SCHEMA undo; SET search_path TO undo');
      for (const { up } of migrations) await client.query(up);
      for (const { down } of migrations.toReversed()) await client.query(down);
      const left = await client.query(
        `SELECT relname FROM pg_class WHERE relnamespace = 'undo'::regnamespace`,
      );
      expect(left.rows).toEqual([]);
      for (const { up } of migrations) await client.query(up);
      await client.query('DROP SCHEMA undo CASCADE');
    });
  });

  it('leave no schema behind when entities are compared', async () => {
    await schemaDifference(database.url, [...entities, Supplier], await loadMigrations(folder));
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname LIKE 'reference%'`)).toEqual([]);
  });
});

describe('create-sessions', () => {
  const ADA = '01900000-0000-7000-8000-000000000001';
  const [LIVE, ENDED] = ['01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b'];

  it('makes a session of each family of refresh tokens, and families of sessions again', async () => {
    const migrations = await loadMigrations(PUBLIC_MIGRATIONS);
    const at = migrations.findIndex(({ name }) => name.endsWith('create-sessions'));
    const families = `SELECT DISTINCT family_id AS id, revoked_at IS NULL AS live FROM refresh_tokens ORDER BY id`;
    const expected = [
      { id: LIVE, live: true },
      { id: ENDED, live: false },
    ];
    await withClient(database.url, async (client) => {
      await client.query('CREATE SCHEMA families; SET search_path TO families');
      for (const { up } of migrations.slice(0, at)) await client.query(up);
      await client.query(
        `INSERT INTO users (id, email, name, password_hash) VALUES ('${ADA}', 'a', 'a', 'x')`,
      );
      await client.query(`INSERT INTO refresh_tokens (id, token_hash, family_id, user_id, expires_at, revoked_at)
        VALUES (gen_random_uuid(), '1', '${LIVE}', '${ADA}', now(), NULL),
               (gen_random_uuid(), '2', '${LIVE}', '${ADA}', now(), NULL),
               (gen_random_uuid(), '3', '${ENDED}', '${ADA}', now(), now())`);
      await client.query(migrations[at]!.up);
      const sessions = await client.query(
        `SELECT s.id, s.revoked_at IS NULL AS live, count(*)::int AS tokens
         FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id AND t.user_id = s.user_id
         GROUP BY s.id ORDER BY s.id`,
      );
      expect(sessions.rows).toEqual([
        { ...expected[0], tokens: 2 },
        { ...expected[1], tokens: 1 },
      ]);
      await client.query(migrations[at]!.down);
      expect((await client.query(families)).rows).toEqual(expected);
      await client.query('DROP SCHEMA families CASCADE');
    });
  });
});

describe('a difference between entities and migrations', () => {
  it('is found, in both directions, without a schema name', async () => {
    const migrations = await loadMigrations(TENANT_MIGRATIONS);
    const { up, down } = await schemaDifference(database.url, [...ENTITIES.tenant, Supplier], migrations);
    expect(up).toHaveLength(1);
    expect(up[0]).toMatch(/^CREATE TABLE "suppliers" \("id" uuid NOT NULL/);
    expect(down).toEqual(['DROP TABLE "suppliers"']);
  });

  it('is found when an entity has gone', async () => {
    const migrations = await loadMigrations(PUBLIC_MIGRATIONS);
    const extra = { up: 'ALTER TABLE users ADD COLUMN extra text' };
    const { up } = await schemaDifference(database.url, ENTITIES.public, [...migrations, extra]);
    expect(up).toEqual(['ALTER TABLE "users" DROP COLUMN "extra"']);
  });
});

describe('a migration file', () => {
  const folder = scratchFolder();
  const load = async (name: string, source: string) => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, name), source);
    return loadMigrations(folder);
  };
  const migration = (body: string) => `exports.M = class { async up(q) { ${body} } async down() {} }`;

  it.each([
    ['a name without a version', 'create-x.js', migration(''), /create-x\.js is not named/],
    ['no class', '1900000000001-create-x.js', 'exports.a = 1', /exactly one migration class/],
    ['two classes', '1900000000002-create-x.js', `${migration('')}; exports.N = exports.M`, /exactly one/],
    ['parameters', '1900000000003-create-x.js', migration(`await q.query('SELECT $1', [1])`), /plain SQL/],
    ['TypeORM calls', '1900000000004-create-x.js', migration(`await q.hasTable('x')`), /not hasTable/],
  ])('with %s is refused by name', async (_what, name, source, message) => {
    await expect(load(name, source)).rejects.toThrow(message);
  });
});

describe('migration:generate', () => {
  it('says when there is nothing to write, and writes nothing', async () => {
    const before = readdirSync('migrations/tenant');
    const { code, stderr } = await runCli(['migration:generate', 'tenant', 'create-nothing'], {
      env: { DATABASE_URL: database.url },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is nothing to write')]);
    expect(readdirSync('migrations/tenant')).toEqual(before);
  });

  it.each([
    ['private', 'create-x'],
    ['tenant', 'Create X'],
    ['tenant', '../create-x'],
  ])('refuses %s %s', async (side, name) => {
    const { code, stderr } = await runCli(['migration:generate', side, name], {
      env: { DATABASE_URL: database.url },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('invalid')]);
  });
});

describe('migrate:public', () => {
  it('applies each migration once when twenty programs start together', async () => {
    const fresh = await createTestDatabase();
    try {
      const runs = await Promise.all(
        Array.from({ length: 20 }, () => runCli(['migrate:public'], { env: { DATABASE_URL: fresh.url } })),
      );
      expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
      const applied = runs.flatMap(({ stdout }) => stdout.match(/^applied \S+$/gm) ?? []);
      const files = readdirSync('migrations/public').map((file) => `applied ${path.parse(file).name}`);
      expect(applied.toSorted()).toEqual(files.toSorted());
    } finally {
      await fresh.drop();
    }
  });
});
