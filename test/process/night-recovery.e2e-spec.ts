import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { POSTGRES_TOOLS } from '../support/debian-postgres';
import { commandsAfter, runCommands } from '../support/page-commands';
import { runCli, type RunningServer, scratchFolder, startServer } from '../support/program';
import { until } from '../support/until';

if (POSTGRES_TOOLS === undefined)
  process.stdout.write('skipped, psql is not installed: the recovery of docs/runbook.md\n');

/** The commands of the pages, as somebody types them at night against the running program. */
(POSTGRES_TOOLS === undefined ? describe.skip : describe)("a night's recovery", () => {
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
      DB: database.url,
    };
    server = await startServer({ env });
    owner = await newOwner(server.api, { name: 'Tea House', slug: 'tea-house' });
    schema = `shop_${owner.shop.id.replaceAll('-', '')}`;
    const { id } = await newProduct(owner.api);
    await newOrder(owner.api, id, 2);
    const { code, stderr } = await runCli(['shops:backup', 'tea-house'], { env });
    if (code !== 0) throw new Error(stderr);
    saved = await orders();
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    await database.drop();
  });

  it('is the same on both pages, in four commands', () => {
    expect(commandsAfter('runbook.md', "## A shop's data are gone")).toBe(night);
    expect(night.trim().split('\n')).toHaveLength(4);
  });

  it.each([
    ['rows', () => `DELETE FROM ${schema}.orders; UPDATE ${schema}.products SET name = 'gone'`],
    ['tables', () => `DROP TABLE ${schema}.order_lines CASCADE`],
    ['schema', () => `DROP SCHEMA ${schema} CASCADE`],
  ])('brings back a shop whose %s are gone', async (_what, damage) => {
    await database.query(damage());
    expect(await orders()).not.toEqual(saved);
    const done = await runCommands(night, { cwd: folder, env, tools: POSTGRES_TOOLS! });
    expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
    expect(await until(orders, (items) => items !== undefined)).toEqual(saved); // a cached suspension ends within seconds
  });
});
