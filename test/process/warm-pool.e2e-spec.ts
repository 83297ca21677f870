import { takeCensus } from '../support/census';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { type RunningServer, startServer } from '../support/program';
import { until } from '../support/until';

const SIZE = 4;

let database: TestDatabase;

const start = (size: number) =>
  startServer({ env: { DATABASE_URL: database.url, WARM_TENANTS: String(size) } });

async function spareTenants(): Promise<string[]> {
  const rows = await database.query<{ id: string }>('SELECT shop_id AS id FROM spare_tenants ORDER BY 1');
  return rows.map(({ id }) => id);
}

async function withServer(size: number, work: (server: RunningServer) => Promise<void>): Promise<void> {
  const server = await start(size);
  try {
    await work(server);
  } finally {
    expect(await server.end('SIGTERM')).toBe(0);
  }
}

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

describe('an API process that creates tenants itself', () => {
  it('fills the warm pool, uses it and stops in order; the next process continues with it', async () => {
    await withServer(2, async ({ api }) => {
      const [oldest] = await until(spareTenants, ({ length }) => length === 2);
      expect((await newOwner(api)).shop.id).toBe(oldest);
    });
    const left = await spareTenants();
    await withServer(SIZE, async () => {
      const full = await until(spareTenants, ({ length }) => length === SIZE);
      expect(full.slice(0, left.length)).toEqual(left);
    });
  });

  it('shares the work: two processes fill it once', async () => {
    await withServer(SIZE, ({ api }) =>
      withServer(SIZE, async () => {
        await until(spareTenants, ({ length }) => length === SIZE);
        await Promise.all([newOwner(api), newOwner(api)]);
        await until(spareTenants, ({ length }) => length >= SIZE);
      }),
    );
    expect(await spareTenants()).toHaveLength(SIZE);
  });

  it('leaves only complete tenants and roles when it is killed', async () => {
    for (const least of [1, 6]) {
      const server = await start(500);
      await until(spareTenants, ({ length }) => length >= least);
      await server.end('SIGKILL');
    }
    await until(
      () =>
        database.query(
          `SELECT FROM pg_stat_activity WHERE application_name = 'stoa admin' AND datname = current_database()`,
        ),
      ({ length }) => length === 0, // the server has noticed the kill
    );
    const tenants = (await spareTenants()).length;
    const ahead = (await database.query('SELECT FROM spare_roles')).length;
    expect(await takeCensus(database)).toMatchObject({
      ...{ shops: 0, tenants, schemas: tenants },
      roles: tenants + ahead,
    });
    await withServer(0, async ({ api }) => {
      const owner = await newOwner(api);
      expect(await newProduct(owner.api)).toMatchObject({ stock: 10 });
    });
  });

  it('keeps filling after an error, and logs the error', async () => {
    const admin = `"${database.name}_admin"`;
    const server = await start(SIZE);
    await until(spareTenants, ({ length }) => length === SIZE);
    await database.query(`REVOKE CREATE ON DATABASE "${database.name}" FROM ${admin}`);
    await newOwner(server.api);
    await until(
      () => Promise.resolve(server.printed()),
      (log) => log.includes('warm_pool.refill_failed'),
    );
    await newOwner(server.api); // sign-ups use the remaining tenants meanwhile
    await database.query(`GRANT CREATE ON DATABASE "${database.name}" TO ${admin}`);
    await until(spareTenants, ({ length }) => length === SIZE);
    expect(await server.end('SIGTERM')).toBe(0);
  });
});
