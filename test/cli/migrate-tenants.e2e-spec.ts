import { type Installation, INSTALLATION } from '../../src/database/installation';
import { targetOf } from '../../src/operations/migrator/run-options';
import { TenantMigrator } from '../../src/operations/migrator/tenant-migrator';
import { createTestDatabase } from '../support/database';
import { at, type FleetShop, makeShops, NEWEST, readFleet, unwhole } from '../support/fleet';
import { type Finished, migrationsWith, type NextMigration, programWith, runCli } from '../support/program';
import { FLEET } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const SHOPS = FLEET.shops;
/** Two shops as a percentage of the fleet. */
const TWO = String(200 / SHOPS);
const VERSION = 1900000000000;
const SUPPLIERS: NextMigration = {
  name: `${VERSION}-create-suppliers`,
  up: 'CREATE TABLE suppliers (id uuid CONSTRAINT suppliers_pkey PRIMARY KEY, name text NOT NULL)',
  down: 'DROP TABLE suppliers',
};

const app = useTestApp();
const next = programWith(SUPPLIERS);
const migrateBy =
  ({ program }: { program: string }) =>
  (...args: string[]): Promise<Finished> =>
    runCli(['migrate:tenants', '--patience', '0', ...args], {
      program,
      env: { DATABASE_URL: app.database.url },
    });
const migrate = migrateBy(next);
/** The same without a process, for what a test begins with and what is put back behind it. */
async function migrateHere({ undo = false } = {}): Promise<void> {
  const migrations = await migrationsWith(SUPPLIERS);
  const migrator = new TenantMigrator(migrations, app.app.get<Installation>(INSTALLATION));
  await migrator.run({ patienceMs: 0 }, undo ? targetOf(migrations, { undo }) : undefined);
}
const fleet = () => readFleet(app);
const poison = ({ schema }: FleetShop) =>
  app.database.query(`CREATE TABLE ${schema}.suppliers (in_the_way int)`);
const cure = ({ schema }: FleetShop) => app.database.query(`DROP TABLE ${schema}.suppliers`);

beforeAll(() => makeShops(app, SHOPS));
afterEach(async () => {
  await app.database.query(`UPDATE public.tenants SET status = 'ready', run_id = NULL`);
  if (at(VERSION, await fleet()).length > 0) await migrateHere({ undo: true });
});
afterAll(() => next.remove());

describe('migrate:tenants', () => {
  it('migrates all but one that is poisoned, names it, exits 1, and finishes after a repair', async () => {
    const poisoned = (await fleet())[13]!;
    await poison(poisoned);
    const first = await migrate();
    expect(first.code).toBe(1);
    expect(first.stdout).toContain(
      `failed   ${poisoned.slug} (${poisoned.id}): 42P07 ${SUPPLIERS.name}: relation`,
    );
    expect(first.stdout).toContain(
      `${SHOPS} shop(s) to migrate to ${VERSION}: ${SHOPS - 1} migrated, 1 failed`,
    );
    expect(first.stdout).toContain(
      'To continue once that is repaired: npm run migrate:tenants -- --patience 0',
    );
    const after = await fleet();
    expect(at(VERSION, after)).toHaveLength(SHOPS - 1);
    expect(after.filter(({ status }) => status === 'failed').map(({ slug }) => slug)).toEqual([
      poisoned.slug,
    ]);

    await cure(poisoned);
    const second = await migrate();
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('1 migrated, 0 failed')]);
    const finished = await fleet();
    expect(at(VERSION, finished)).toHaveLength(SHOPS);
    expect(unwhole(finished)).toEqual([]);
  });

  it('stops when three tenants in a row fail in the same way, and names them', async () => {
    const shops = await fleet();
    for (const shop of shops) await poison(shop);
    const { code, stdout } = await migrate('--concurrency', '1');
    for (const shop of shops) await cure(shop);
    expect(code).toBe(1);
    expect(stdout).toContain('Stopped: 3 tenants in a row failed with 42P07.');
    const named = stdout.match(/^failed .*$/gm) ?? [];
    expect(named.length).toBeGreaterThanOrEqual(3);
    expect(named.length).toBeLessThan(SHOPS / 2);
    expect(at(VERSION, await fleet())).toEqual([]);
  });

  it('stops at the failures that --error-budget allows', async () => {
    const shops = (await fleet()).filter((_, i) => i % 4 === 0);
    for (const shop of shops) await poison(shop);
    const { stdout } = await migrate('--error-budget', '1', '--concurrency', '1');
    for (const shop of shops) await cure(shop);
    expect(stdout).toMatch(/Stopped: [12] tenants failed\./);
  });

  it('shows with --plan what would be done, and does nothing', async () => {
    const { code, stdout } = await migrate('--plan');
    expect(code).toBe(0);
    expect(stdout).toContain(`${SHOPS} shop(s) at ${NEWEST}: ${SUPPLIERS.name}`);
    expect(stdout).toContain(`-- ${SUPPLIERS.name} (sql, up)\nCREATE TABLE suppliers`);
    expect(at(VERSION, await fleet())).toEqual([]);
  });

  it('tries a sample with --dry-run, tells the locks, and rolls it back', async () => {
    const altering = programWith({
      name: `${VERSION}-add-season`,
      up: [
        'ALTER TABLE products ADD COLUMN season text',
        'CREATE INDEX products_season_idx ON products (season)',
      ],
      down: 'ALTER TABLE products DROP COLUMN season',
    });
    const { code, stdout } = await migrateBy(altering)('--dry-run', '--sample', '2');
    altering.remove();
    expect(code).toBe(0);
    expect(stdout.match(/^tried .* and rolled back$/gm)).toHaveLength(2);
    expect(stdout).toContain('    products: AccessExclusiveLock');
    expect(stdout).toMatch(new RegExp(`Estimate: ${SHOPS} shop\\(s\\) at [\\d.]+ ms over \\d+ connections`));
    const after = await fleet();
    expect(new Set(after.map(({ shape }) => shape)).size).toBe(1);
    expect(at(VERSION, after)).toEqual([]);
  });

  it('says which steps of a dry run were not tried', async () => {
    const mixed = programWith(
      { name: `${VERSION}-add-season`, up: 'ALTER TABLE products ADD COLUMN season text' },
      {
        name: `${VERSION + 1}-index-season`,
        up: 'CREATE INDEX CONCURRENTLY products_season_idx ON products (season)',
        marks: { transaction: false },
      },
      { name: `${VERSION + 2}-add-more`, up: 'ALTER TABLE products ADD COLUMN more text' },
    );
    const { stdout } = await migrateBy(mixed)('--dry-run', '--sample', '1');
    mixed.remove();
    expect(stdout).toMatch(/-add-season: [\d.]+ ms/);
    expect(stdout).toMatch(/-index-season: not tried/);
    expect(stdout).toMatch(/-add-more: not tried/);
  });

  it('names what a dry run failed at', async () => {
    for (const shop of await fleet()) await poison(shop);
    const { code, stdout } = await migrate('--dry-run');
    for (const shop of await fleet()) await cure(shop);
    expect([code, stdout]).toEqual([1, expect.stringContaining('failed: 42P07')]);
  });

  it('migrates with --only the shops that are named, by slug or id', async () => {
    const [eighth] = (await fleet()).filter(({ slug }) => slug === 'shop-8');
    await migrate('--only', `shop-7,${eighth!.id}`);
    expect(at(VERSION, await fleet())).toEqual(['shop-7', 'shop-8']);
  });

  it('migrates with --limit the oldest, and with --from the later ones', async () => {
    await migrate('--limit', '3');
    expect(at(VERSION, await fleet())).toEqual(['shop-0', 'shop-1', 'shop-2']);
    const last = [SHOPS - 2, SHOPS - 1].map((i) => `shop-${i}`);
    await migrate('--from', last[0]!);
    expect(at(VERSION, await fleet())).toEqual(['shop-0', 'shop-1', 'shop-2', ...last]);
  });

  it.each([
    [['--only', 'nowhere'], 'No shop has the slug or id nowhere'],
    [['--from', 'nowhere'], 'No shop has the slug or id nowhere'],
    [['--canary', 'nowhere'], 'No shop has the slug or id nowhere'],
    [['--only', 'shop-1', '--canary', 'shop-2'], 'The canary must be among the shops'],
    [['--from', 'shop-2', '--canary', 'shop-1'], 'The canary must be among the shops'],
    [['--to', '1800000000000'], 'No tenant migration has the version 1800000000000'],
    [['--undo', '--to', String(NEWEST)], '--undo cannot be combined with --to'],
    [['--rebuild-registry', '--plan'], 'cannot be combined with other options'],
    [['--limit', '0'], 'a whole number'],
    [['--concurrency', '65'], 'from 1 to 64'],
    [['--canary', '0%'], 'a percentage above 0'],
    [['--waves', '10,x'], 'a percentage above 0'],
    [['--only', ','], 'slugs or ids'],
    [['--patience', '-1'], 'seconds'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await migrate(...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(at(VERSION, await fleet())).toEqual([]);
  });

  it('begins with the canary, and goes no further when it fails', async () => {
    const canary = (await fleet())[5]!;
    await poison(canary);
    const { code, stdout } = await migrate('--canary', `${canary.slug},shop-9`);
    await cure(canary);
    expect(code).toBe(1);
    expect(stdout).toContain('Stopped: not all of the first 2 tenant(s) could be migrated.');
    expect(at(VERSION, await fleet())).toEqual(['shop-9']);
    expect((await migrate('--canary', '10%', '--waves', '20,50')).code).toBe(0);
    expect(at(VERSION, await fleet())).toHaveLength(SHOPS);
  });

  it('stops behind a wave with failures', async () => {
    const shops = await fleet();
    for (const shop of shops) await poison(shop);
    const { stdout } = await migrate('--waves', `${TWO},50`, '--error-budget', '20');
    for (const shop of shops) await cure(shop);
    expect(stdout).toContain('Stopped: not all of the first 2 tenant(s) could be migrated.');
    expect(stdout.match(/^failed /gm)).toHaveLength(2);
    const [healthy] = await fleet();
    for (const shop of shops) if (shop.id !== healthy!.id) await poison(shop);
    const named = await migrate(
      '--canary',
      healthy!.slug,
      '--waves',
      `${TWO},${2 * Number(TWO)}`,
      '--error-budget',
      '20',
    );
    for (const shop of shops) if (shop.id !== healthy!.id) await cure(shop);
    expect(named.stdout.match(/^failed /gm)!.length).toBeLessThanOrEqual(2); // each wave holds those before it
  });

  it('answers with one JSON object on standard output when asked to', async () => {
    const { stdout } = await migrate('--json');
    expect(JSON.parse(stdout)).toMatchObject({
      target: VERSION,
      total: SHOPS,
      migrated: SHOPS,
      failed: [],
      deferred: [],
      outcome: 'done',
    });
    expect(JSON.parse((await migrate('--json')).stdout)).toMatchObject({
      runId: null,
      total: 0,
      outcome: 'done',
    });
  });

  it('gives the new table the rights of the others', async () => {
    await migrateHere();
    const rights = await app.database.query<{ granted: boolean }>(
      `SELECT has_table_privilege(nspname, nspname || '.suppliers', 'SELECT, INSERT') AS granted
       FROM pg_namespace WHERE nspname LIKE 'shop\\_%'`,
    );
    expect(rights).toHaveLength(SHOPS);
    expect(rights.every(({ granted }) => granted)).toBe(true);
  });

  it('shares the work with runners that start together', async () => {
    const runs = await Promise.all([migrate('--json'), migrate('--json'), migrate('--json')]);
    const done = runs.map(({ stdout }) => (JSON.parse(stdout) as { migrated: number }).migrated);
    expect(done.reduce((sum, count) => sum + count)).toBe(SHOPS);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    const all = await fleet();
    expect(at(VERSION, all)).toHaveLength(SHOPS);
    expect(unwhole(all)).toEqual([]);
  });

  it('has nothing to do a second time', async () => {
    await migrateHere();
    const { code, stdout } = await migrate();
    expect([code, stdout]).toEqual([0, `nothing to do: no shop is behind ${VERSION}\n`]);
  });

  it('takes the newest step back with --undo, and applies it again', async () => {
    const before = await fleet();
    await migrateHere();
    const { code, stdout } = await migrate('--undo');
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${SHOPS} migrated`)]);
    expect((await fleet()).map(({ shape, checksum }) => [shape, checksum])).toEqual(
      before.map(({ shape, checksum }) => [shape, checksum]),
    );
    await migrate();
    expect(at(VERSION, await fleet())).toHaveLength(SHOPS);
  });
});

describe('migrate:status', () => {
  const status = () =>
    runCli(['migrate:status'], { program: next.program, env: { DATABASE_URL: app.database.url } });

  it('tells versions, failures with their reason and runs, and exits 1 unless all is well', async () => {
    const poisoned = (await fleet())[3]!;
    await poison(poisoned);
    await migrateHere();
    const bad = await status();
    await cure(poisoned);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain(`${SHOPS} tenant(s), 0 of them spare; this program migrates to ${VERSION}`);
    expect(bad.stdout).toContain(`up to date  ${SHOPS - 1}\n  behind      1\n`);
    expect(bad.stdout).toMatch(
      /failed 1: 42P07 .*\n {4}shop-3 \(.*\): 42P07 1900000000000-create-suppliers: /,
    );
    expect(bad.stdout).toMatch(
      new RegExp(`unfinished  ${SHOPS - 1} of ${SHOPS} to ${VERSION}, 1 failed; \\S+ \\d+, since `),
    );
    await migrateHere();
    const good = await status();
    expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/behind {6}0\n/)]);
  });

  it('has no heading without anything below it when there is no tenant', async () => {
    const empty = await createTestDatabase();
    const env = { DATABASE_URL: empty.url };
    expect((await runCli(['db:bootstrap'], { env })).code).toBe(0);
    const { code, stdout } = await runCli(['migrate:status'], { env });
    await empty.drop();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^0 tenant\(s\).*\n.*\n {2}behind {6}0\n$/)]);
  });

  it('keeps what a shop wrote from drawing on the terminal', async () => {
    await app.database.query(`UPDATE public.tenants SET status = 'failed', checksum = 'other',
      last_error = E'invalid: "\\x1b[2J\\nfailed   shop-1"' WHERE shop_id = '${(await fleet())[0]!.id}'`);
    const { stdout } = await status();
    await migrate('--rebuild-registry');
    expect(stdout).toContain('invalid: " [2J failed   shop-1"');
  });
});
