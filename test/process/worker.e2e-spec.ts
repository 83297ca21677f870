import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { plus, takeCensus } from '../support/census';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOrder, newOwner, newProduct } from '../support/factories';
import {
  finish,
  programWith,
  runCli,
  type RunningServer,
  scratchFolder,
  spawnProgram,
  startServer,
} from '../support/program';
import { until } from '../support/until';

const ADMIN_SECRET = 'another secret that only the worker knows, for admin rights';
const WARM = 5;

let database: TestDatabase;
let server: RunningServer;

/** Settings of the API process: the URL of the database, without a user. */
function apiSettings(): Record<string, string> {
  const url = new URL(database.url);
  [url.username, url.password] = ['', ''];
  return { DATABASE_URL: url.href, PROVISIONING: 'worker' };
}

function workerSettings(): Record<string, string> {
  return { DATABASE_URL: database.url, ADMIN_SECRET, PROVISIONING: 'worker', WARM_TENANTS: String(WARM) };
}

async function fillWarmPool(options: { program?: string } = {}): Promise<void> {
  const { code, stderr } = await runCli(['provisioning:worker', '--once'], {
    env: workerSettings(),
    ...options,
  });
  if (code !== 0) throw new Error(`the worker ended with ${code}: ${stderr}`);
}

async function spareTenants(): Promise<{ shopId: string; version: number }[]> {
  return database.query(`SELECT shop_id AS "shopId", version FROM spare_tenants JOIN tenants USING (shop_id)
    ORDER BY created_at, shop_id`);
}

async function countRolesAhead(): Promise<number> {
  return (await database.query('SELECT FROM spare_roles')).length;
}

/** Empties the warm pool; schemas and roles stay. */
async function emptyWarmPool(): Promise<void> {
  await database.query(`WITH gone AS (DELETE FROM spare_tenants RETURNING shop_id)
    DELETE FROM tenants WHERE shop_id IN (SELECT shop_id FROM gone)`);
}

beforeAll(async () => {
  database = await createTestDatabase();
  await fillWarmPool();
  server = await startServer({ env: apiSettings() });
});
afterEach(async () => {
  if ((await spareTenants()).length < WARM) await fillWarmPool();
});
afterAll(async () => {
  await server.end('SIGTERM');
  await emptyWarmPool();
  await database.drop();
});

describe('an API process with PROVISIONING=worker', () => {
  it('registers shops from the warm pool and serves them', async () => {
    const [next] = await spareTenants();
    const ada = await newOwner(server.api);
    expect(ada.shop.id).toBe(next!.shopId); // the warm pool was full
    const order = await newOrder(ada.api, (await newProduct(ada.api)).id);
    expect(order).toMatchObject({ number: 1, status: 'pending' });
    expect(await spareTenants()).toHaveLength(WARM - 1);
  });

  it('holds no connection with admin rights', async () => {
    await newOwner(server.api);
    const sessions = await database.query<{ usename: string }>(
      `SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY 1`,
      [database.name],
    );
    expect(sessions.map(({ usename }) => usename)).toEqual([
      `${database.name}_public`,
      `${database.name}_tenant`,
    ]);
  });

  it('gives twenty registrations at once a tenant each, or 503 NO_TENANT_READY', async () => {
    const before = await takeCensus(database);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        server.api.post('auth/register', {
          email: `rush-${i}@example.com`,
          password: 'correct horse battery',
          shop: { name: 'Rush' },
        }),
      ),
    );
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(made).toHaveLength(WARM);
    expect(new Set(made.map(({ body }) => body.shop.id as string)).size).toBe(WARM);
    for (const { status, body, headers } of refused)
      expect([status, body.code, headers.has('retry-after')]).toEqual([503, 'NO_TENANT_READY', true]);
    const after = await takeCensus(database);
    const [users, shops, memberships, sessions, refreshTokens] = Array.from({ length: 5 }, () => WARM);
    expect(after).toEqual(plus(before, { users, shops, memberships, sessions, refreshTokens }));
    await fillWarmPool();
    expect((await newOwner(server.api)).shop.slug).toBeDefined(); // the repeated call works
  });

  it('leaves the warm pool unchanged when a registration fails', async () => {
    const { shop } = await newOwner(server.api);
    await fillWarmPool();
    const before = await spareTenants();
    const { status, body } = await server.api.post('auth/register', {
      email: 'late@example.com',
      password: 'correct horse battery',
      shop: { name: 'Taken', slug: shop.slug },
    });
    expect([status, body.code]).toEqual([409, 'SLUG_TAKEN']);
    expect(await spareTenants()).toEqual(before);
  });

  it.each([
    ['ADMIN_SECRET', { ADMIN_SECRET }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://somebody@127.0.0.1/nowhere' }],
    ['DATABASE_URL', { DATABASE_URL: '' }],
  ])('does not start with a wrong %s', async (name, settings) => {
    const { code, stderr } = await finish(
      spawnProgram('main', [], { env: { ...apiSettings(), PORT: '0', ...settings } }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain(name);
  });
});

describe('provisioning:worker', () => {
  it('does not start without its own secret', async () => {
    const { ADMIN_SECRET: _, ...settings } = workerSettings();
    const { code, stderr } = await runCli(['provisioning:worker', '--once'], { env: settings });
    expect(code).toBe(1);
    expect(stderr).toContain('ADMIN_SECRET');
  });

  it('keeps the admin login inaccessible to commands that have only the secret of the API', async () => {
    const { code, stderr } = await runCli(['migrate:tenants'], { env: { DATABASE_URL: database.url } });
    expect(code).toBe(1);
    expect(stderr).toContain('ADMIN_SECRET');
    await fillWarmPool(); // its password still holds
  });

  it('refuses to run with PROVISIONING=inline', async () => {
    const env = { ...workerSettings(), PROVISIONING: 'inline' };
    const { code, stderr } = await runCli(['provisioning:worker', '--once'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('PROVISIONING');
  });

  it('runs queued operations, also where it keeps no tenants ready', async () => {
    const id = '0198c0de-0000-7000-8000-000000000001';
    const folder = scratchFolder();
    await database.query(
      `INSERT INTO operations (id, kind, by_kind, input) VALUES ($1, 'backup', 'operator', $2)`,
      [id, { shops: null, target: folder, keep: null, isEncrypted: false, concurrency: 1 }],
    );
    const worker = spawnProgram('cli', ['provisioning:worker'], {
      env: { ...workerSettings(), WARM_TENANTS: '0' },
    });
    const ended = finish(worker);
    await until(
      () => database.query<{ state: string }>('SELECT state FROM operations WHERE id = $1', [id]),
      ([row]) => row?.state === 'done',
    );
    worker.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  it('is required by an API that starts first', async () => {
    const fresh = await createTestDatabase();
    const url = new URL(fresh.url);
    [url.username, url.password] = ['', ''];
    const env = { ...apiSettings(), DATABASE_URL: url.href, PORT: '0' };
    const { code, stderr } = await finish(spawnProgram('main', [], { env }));
    await fresh.drop();
    expect(code).toBe(1);
    expect(stderr).toContain('start the provisioning worker first');
  });

  it('refills while it runs, and ends in order on SIGTERM', async () => {
    const worker = spawnProgram('cli', ['provisioning:worker'], { env: workerSettings() });
    const ended = finish(worker);
    await newOwner(server.api);
    await until(spareTenants, ({ length }) => length === WARM);
    worker.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  it('leaves only complete tenants when it is killed', async () => {
    await emptyWarmPool();
    const before = await takeCensus(database);
    const rolesAhead = await countRolesAhead();
    for (const least of [1, 6, 20]) {
      const worker = spawnProgram('cli', ['provisioning:worker'], {
        env: { ...workerSettings(), WARM_TENANTS: '500' },
      });
      const ended = finish(worker);
      await until(spareTenants, ({ length }) => length >= least);
      worker.kill('SIGKILL');
      await ended;
    }
    const tenants = (await spareTenants()).length;
    const roles = tenants + (await countRolesAhead()) - rolesAhead;
    const after = await takeCensus(database);
    expect(after).toEqual(plus(before, { schemas: tenants, roles, tenants }));
    await emptyWarmPool();
  });

  it('migrates spare tenants to a new release before they are used', async () => {
    const next = programWith({
      name: '1890000000000-create-notes',
      up: 'CREATE TABLE notes (id uuid PRIMARY KEY)',
      down: 'DROP TABLE notes',
    });
    const waiting = await spareTenants();
    await fillWarmPool({ program: next.program });
    const versions = await spareTenants();
    expect(versions.map(({ shopId }) => shopId)).toEqual(waiting.map(({ shopId }) => shopId));
    for (const { version } of versions) expect(Number(version)).toBe(1_890_000_000_000);
    const { schema } = new TenantLocator().locate(versions[0]!.shopId);
    expect(await database.query(`SELECT FROM ${schema}.notes`)).toEqual([]);
    next.remove();
  });
});
