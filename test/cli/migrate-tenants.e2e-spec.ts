import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ProvisioningService } from '../../src/tenancy/provisioning.service';
import { TenantMigrations } from '../../src/tenancy/tenant-migrations';
import { newOwner } from '../support/factories';
import { finish, programWith, runCli, spawnProgram } from '../support/program';
import { useTestApp } from '../support/test-app';

const SHOPS = 50;
const WORKERS = 3;
const NEXT = '1900000000000-create-suppliers';
const VERSION = 1900000000000;

const app = useTestApp();
const next = programWith({
  name: NEXT,
  up: 'CREATE TABLE suppliers (id uuid PRIMARY KEY, name text NOT NULL)',
  down: 'DROP TABLE suppliers',
});
const options = () => ({ program: next.program, env: { DATABASE_URL: app.database.url } });
const migrate = (...args: string[]) => runCli(['migrate:tenants', ...args], options());

interface State {
  slug: string;
  schema: string;
  /** By the index in public. */
  version: number;
  /** By the row inside the schema. */
  inside: boolean;
  table: boolean;
}

async function states(): Promise<State[]> {
  const shops = await app.database.query<State>(
    `SELECT s.slug, 'shop_' || replace(s.id::text, '-', '') AS schema, t.version FROM public.shops s
     JOIN public.tenants t ON t.shop_id = s.id ORDER BY s.id`,
  );
  const inside = shops.map(
    ({ schema }) => `SELECT '${schema}' AS schema, to_regclass('${schema}.suppliers') IS NOT NULL AS table,
       EXISTS (SELECT FROM ${schema}.schema_migrations WHERE version = ${VERSION}) AS inside`,
  );
  const marks = await app.database.query<Pick<State, 'schema' | 'inside' | 'table'>>(
    inside.join(' UNION ALL '),
  );
  const bySchema = new Map(marks.map((mark) => [mark.schema, mark]));
  return shops.map((shop) => ({ ...shop, ...bySchema.get(shop.schema)!, version: Number(shop.version) }));
}

/** A tenant is whole when index, version row and table say the same. */
const isWhole = ({ version, inside, table }: State) => inside === table && inside === (version === VERSION);
const atNext = (all: State[]) => all.filter(({ version }) => version === VERSION);

async function countAtNext(): Promise<number> {
  const [row] = await app.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM public.tenants WHERE version = ${VERSION}`,
  );
  return row!.count;
}

async function resetTenants(): Promise<void> {
  for (const { schema } of await states())
    await app.database.query(
      `DROP TABLE IF EXISTS ${schema}.suppliers; DELETE FROM ${schema}.schema_migrations WHERE version = ${VERSION}`,
    );
  await app.database.query('UPDATE public.tenants SET last_error = NULL, version = $1', [
    app.app.get(TenantMigrations).latest,
  ]);
}

beforeAll(async () => {
  const { user } = await newOwner(app.api, { slug: 'shop-0' });
  const provisioning = app.app.get(ProvisioningService);
  for (let i = 1; i < SHOPS; i++)
    await provisioning.transaction((_, provision) =>
      provision({ name: `Shop ${i}`, slug: `shop-${i}`, owner: user }),
    );
});
afterEach(resetTenants);
afterAll(() => next.remove());

describe('migrate:tenants', () => {
  it('migrates 49 of 50 when one is poisoned, names it, exits 1, and finishes after a repair', async () => {
    const poisoned = (await states())[23]!;
    await app.database.query(`CREATE TABLE ${poisoned.schema}.suppliers (in_the_way int)`);
    const first = await migrate();
    expect(first.code).toBe(1);
    expect(first.stdout).toContain(`failed   ${poisoned.slug}`);
    expect(first.stdout).toContain('42P07');
    expect(first.stdout).toContain('50 shop(s) were behind: 49 migrated, 1 failed');
    const after = await states();
    expect(atNext(after)).toHaveLength(SHOPS - 1);
    expect(after.filter(({ version }) => version !== VERSION).map(({ slug }) => slug)).toEqual([
      poisoned.slug,
    ]);

    await app.database.query(`DROP TABLE ${poisoned.schema}.suppliers`);
    const second = await migrate();
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('1 shop(s) were behind: 1 migrated, 0 failed');
    const finished = await states();
    expect(atNext(finished)).toHaveLength(SHOPS);
    expect(finished.filter((state) => !isWhole(state))).toEqual([]);
  });

  it('shows a plan and changes nothing with --dry-run', async () => {
    const { code, stdout } = await migrate('--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('50 shop(s) are behind');
    expect(stdout).toContain('CREATE TABLE suppliers');
    expect(atNext(await states())).toEqual([]);
  });

  it('migrates one shop with --shop, by slug or id', async () => {
    expect((await migrate('--shop', 'shop-7')).stdout).toContain('1 migrated');
    expect(atNext(await states()).map(({ slug }) => slug)).toEqual(['shop-7']);
    const [{ id }] = (await app.database.query(`SELECT id FROM public.shops WHERE slug = 'shop-8'`)) as [
      { id: string },
    ];
    expect((await migrate('--shop', id)).stdout).toContain('1 migrated');
    expect(atNext(await states())).toHaveLength(2);
  });

  it('refuses a shop that does not exist', async () => {
    const { code, stderr } = await migrate('--shop', 'nowhere');
    expect(code).toBe(1);
    expect(stderr).toContain('No shop has the slug or id nowhere');
  });

  it('gives the new table the rights of the others', async () => {
    await migrate();
    const rights = await app.database.query<{ granted: boolean }>(
      `SELECT has_table_privilege(nspname, nspname || '.suppliers', 'SELECT, INSERT') AS granted
       FROM pg_namespace WHERE nspname LIKE 'shop\\_%'`,
    );
    expect(rights).toHaveLength(SHOPS);
    expect(rights.every(({ granted }) => granted)).toBe(true);
  });

  it('applies each step once when three runners start together', async () => {
    const runs = await Promise.all([migrate(), migrate(), migrate()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    const all = await states();
    expect(all.filter((state) => !isWhole(state))).toEqual([]);
    expect(atNext(all)).toHaveLength(SHOPS);
  });

  /** Starts a run that comes to a stop after `reached` shops, all its workers waiting for locks that are held here. */
  async function runUpTo(reached: number) {
    const client = new Client({ connectionString: app.database.url });
    await client.connect();
    for (const { schema } of (await states()).slice(reached, reached + WORKERS))
      await client.query(`SELECT pg_advisory_lock(hashtextextended($1, 0))`, [`migrate ${schema}`]);
    const child = spawnProgram('cli', ['migrate:tenants'], options());
    const ended = finish(child);
    while ((await countAtNext()) < reached) await sleep(10);
    return { child, ended, letGo: () => client.end() };
  }

  it('leaves whole tenants when killed, and goes on from there', async () => {
    for (const reached of [3, 20, 40]) {
      const { child, ended, letGo } = await runUpTo(reached);
      child.kill('SIGKILL');
      await ended;
      await letGo();
      const all = await states();
      expect(all.filter((state) => !isWhole(state))).toEqual([]);
      expect(atNext(all).length).toBeLessThan(SHOPS);
    }
    expect((await migrate()).code).toBe(0);
    expect(atNext(await states())).toHaveLength(SHOPS);
  });

  it('finishes the shops in hand when interrupted, says how to go on and exits 130', async () => {
    const { child, ended, letGo } = await runUpTo(10);
    child.kill('SIGINT');
    child.kill('SIGINT'); // npm hands on what the terminal has sent already
    await sleep(100); // both have arrived; the run waits for the locks anyway
    await letGo();
    const { code, stdout } = await ended;
    expect(stdout).toContain('Interrupted');
    expect(code).toBe(130);
    const all = await states();
    expect(all.filter((state) => !isWhole(state))).toEqual([]);
    expect(atNext(all)).toHaveLength(10 + WORKERS);
    expect((await migrate()).code).toBe(0);
  });

  it('has nothing to do a second time', async () => {
    await migrate();
    const { code, stdout } = await migrate();
    expect(code).toBe(0);
    expect(stdout).toContain('0 shop(s) were behind: 0 migrated, 0 failed');
  });
});
