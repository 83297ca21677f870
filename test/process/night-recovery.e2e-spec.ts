import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOrder, newOwner, newProduct, newShop, type Owner } from '../support/factories';
import { commandsAfter, runCommands } from '../support/page-commands';
import { runCli, type RunningServer, scratchFolder, startServer } from '../support/program';
import { until } from '../support/until';

/** The commands of the pages, as somebody types them at night against the running program. */
describe("a night's recovery", () => {
  const night = commandsAfter('backups.md', '<!-- night -->');
  let database: TestDatabase;
  let server: RunningServer;
  let owner: Owner;
  let env: Record<string, string>;
  let saved: unknown;
  let schema: string;
  const folder = scratchFolder();

  const orders = async () => (await owner.api.get('orders')).body.items as unknown;

  beforeAll(async () => {
    database = await createTestDatabase();
    env = {
      DATABASE_URL: database.url,
      APP_SECRET: 'a secret that only tests use, at least 32 characters',
      BACKUP_TARGET: folder,
    };
    server = await startServer({ env });
    owner = await newOwner(server.api, { name: 'Tea House', slug: 'tea-house' });
    schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    const { id } = await newProduct(owner.api);
    await newOrder(owner.api, id, 2);
    const { code, stderr } = await runCli(['shops:backup', 'tea-house'], { env });
    if (code !== 0) throw new Error(stderr);
    saved = await orders();
    // a shop that is removed had the slug, and its last backup is the newest of that slug; this shop had another slug
    await database.query(`UPDATE backups SET shop_slug = 'renamed-since'`);
    await database.query(`INSERT INTO backups (id, shop_id, shop_slug, target, file, bytes, rows, sha256, version, is_archive, snapshot_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'tea-house', '/', 'not.there', 1, 1, '', 1, true, now() + interval '1 hour')`);
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    await database.drop();
  });

  it('is the same on both pages, in four commands', () => {
    expect(commandsAfter('runbook.md', "## A shop's data are gone")).toBe(night);
    expect(night.trim().split('\n')).toHaveLength(4);
  });

  it('says so when no backup of the shop is recorded, or too little is given', async () => {
    const { slug } = (await newShop(owner)).shop;
    const fails = async (...args: string[]) => (await runCli(['shops:restore', ...args], { env })).stderr;
    expect(await fails('--newest', '--over', slug)).toContain(`No backup of ${slug} is recorded`);
    expect(await fails('--newest')).toContain('--newest needs --over');
    expect(await fails('--over', slug)).toContain('Name a file, or give --newest');
    expect(await fails('a.tar.gz', '--newest', '--over', slug)).toContain('one of them');
  });

  it.each([
    ['rows', () => `DELETE FROM ${schema}.orders; UPDATE ${schema}.products SET name = 'gone'`],
    ['tables', () => `DROP TABLE ${schema}.order_lines CASCADE`],
    ['schema', () => `DROP SCHEMA ${schema} CASCADE`],
  ])('brings back a shop whose %s are gone', async (_what, damage) => {
    await database.query(damage());
    expect(await orders()).not.toEqual(saved);
    const done = await runCommands(night, { cwd: folder, env });
    expect(done.stdout).toMatch(/ 0 error\(s\), \d+ warning\(s\)\n$/); // doctor ran, so the commands before it succeeded
    const report = done.stdout.split('tea-house is active\n')[1]!.split('\n');
    for (const line of report.filter((each) => /^(error|warning|info) /.test(each)))
      expect(line).toMatch(/ installation | in the data of tea-house that a restore has replaced/); // the server of tests is not durable
    expect(await until(orders, (items) => items !== undefined)).toEqual(saved); // a cached suspension ends within seconds
  });
});
