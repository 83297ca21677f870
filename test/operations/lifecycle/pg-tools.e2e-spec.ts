import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase } from '../../support/database';
import { POSTGRES_TOOLS, startDebianServer } from '../../support/debian-postgres';
import { newOrder, newOwner, newProduct, type Owner } from '../../support/factories';
import { backUp, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { commandsAfter, runCommands } from '../../support/page-commands';
import { scratchFolder } from '../../support/program';
import { startTestApp, type TestApp } from '../../support/test-app';

if (POSTGRES_TOOLS === undefined)
  process.stdout.write("skipped, Debian's PostgreSQL is not installed: pg_dump and pg_restore of a shop\n");

/** The commands of docs/backups.md, on a server that is not newer than the tools. The tests depend on their order. */
(POSTGRES_TOOLS === undefined ? describe.skip : describe)("With PostgreSQL's own tools", () => {
  const folder = useBackupFolder();
  const cwd = scratchFolder();
  const embedded = process.env['TEST_DATABASE_URL'];
  let server: Awaited<ReturnType<typeof startDebianServer>>;
  let app: TestApp;
  let owner: Owner;
  let schema: string;
  let productId: string;
  let dumped: Record<string, string[]>;

  beforeAll(async () => {
    server = await startDebianServer(POSTGRES_TOOLS!); // described only with them
    process.env['TEST_DATABASE_URL'] = server.url;
    app = await startTestApp();
    owner = await newOwner(app.api);
    schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    ({ id: productId } = await newProduct(owner.api, {
      name: 'Tab\tand \\ "quote"',
      description: 'line\nbreak é',
    }));
    await newOrder(owner.api, productId, 2);
  });
  afterAll(async () => {
    await app?.close();
    server?.stop();
    process.env['TEST_DATABASE_URL'] = embedded;
  });

  const run = async (block: string, more: Record<string, string> = {}, on: TestApp = app) => {
    const env = {
      APP_SECRET: 'a secret that only tests use, at least 32 characters',
      DATABASE_URL: on.database.url,
      DB: app.database.url,
      SCHEMA: schema,
      ...more,
    };
    const commands = commandsAfter('backups.md', `<!-- ${block} -->`);
    const done = await runCommands(commands, { cwd, env, tools: POSTGRES_TOOLS! });
    if (done.code !== 0) throw new Error(`${block}: ${done.code}\n${done.stderr}\n${done.stdout}`);
    return done;
  };

  it('reads a backup file', async () => {
    const file = await backUp(app, folder.path, owner.shop.id);
    const { stdout } = await run('read', { FILE: file });
    const manifest = JSON.parse(readFileSync(path.join(cwd, 'shop', 'manifest.json'), 'utf8'));
    expect(stdout).toContain(`${manifest.tables.products.sha256}  -`);
    const rows = (from: string) =>
      app.database.query(`SELECT p::text AS row FROM ${from}.products p ORDER BY 1`);
    expect(await rows('rescue')).toEqual(await rows(schema));
    expect(await rows('rescue')).toHaveLength(1);
    await app.database.query('DROP SCHEMA rescue CASCADE');
  });

  it('dumps a shop, and brings it back with its rights', async () => {
    dumped = await rowsOf(app, owner.shop.id);
    await run('dump');
    await newOrder(owner.api, productId, 1);
    await app.database.query(`DROP TABLE ${schema}.order_lines CASCADE`);
    const { stdout } = await run('restore');
    expect(stdout).toContain('nothing found');
    expect(await rowsOf(app, owner.shop.id)).toEqual(dumped);
    await newOrder(owner.api, productId, 1);
    expect((await owner.api.get('orders')).body.items).toHaveLength(2);
  });

  it('brings a dump into a database of its own, without roles', async () => {
    const other = await createTestDatabase();
    await run('plain', { OTHER: other.url });
    const count = (from: typeof other) =>
      from.query<{ count: number }>(`SELECT count(*)::int FROM ${schema}.order_lines`);
    const [line] = await count(other);
    expect(line).toEqual({ count: 1 }); // the dump is of before the second order
    await other.query(`DROP SCHEMA ${schema} CASCADE`);
    await other.drop();
  });

  it('makes a shop of another installation of a dump', async () => {
    const there = await startTestApp();
    try {
      const stranger = await newOwner(there.api);
      const NEW = `shop_${stranger.shop.id.replaceAll('-', '')}`;
      const names = { OWNER: `${app.database.name}_owner`, NEW_OWNER: `${there.database.name}_owner` };
      const { stdout } = await run('elsewhere', { OTHER: there.database.url, NEW, ...names }, there);
      expect(stdout).toContain('nothing found');
      const { members: _here, ...here } = dumped;
      const { members, ...rows } = await rowsOf(there, stranger.shop.id);
      expect(rows).toEqual(here);
      expect(members).toHaveLength(2);
      expect((await stranger.api.get('orders')).body.items).toHaveLength(1);
      await newOrder(stranger.api, productId, 1);
    } finally {
      await there.close();
    }
  });
});
