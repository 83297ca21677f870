import { DatabaseUnavailable } from '../../src/common/common.errors';
import type { BorrowedClient } from '../../src/database/borrowed-client';
import { connectionConfig } from '../../src/database/data-source';
import { TenantPool, type TenantPoolSettings } from '../../src/tenancy/tenant-pool';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/until';

let database: TestDatabase;
const pools: TenantPool[] = [];
const errors: Error[] = [];

function open(settings: Partial<TenantPoolSettings>, url = database.url): TenantPool {
  const config = { connectionString: url, ...connectionConfig('test', { kept: 0 }) };
  const pool = new TenantPool(config, (error) => errors.push(error), {
    ...{ size: 2, waitMs: 5000, tenantsPerConnection: 1000 },
    ...settings,
  });
  pools.push(pool);
  return pool;
}

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

/** Of a pool with two connections, one of two tenants has an even home, the other an odd one. */
const shop = (number: number) => `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

async function pidOf(client: BorrowedClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid; // without FROM it has one row
}

async function use(pool: TenantPool, shopId: string): Promise<number> {
  const client = await pool.borrow(shopId);
  const pid = await pidOf(client);
  pool.giveBack(client, true);
  return pid;
}

describe('TenantPool', () => {
  it('serves a tenant by the same connection, and others by others', async () => {
    const pool = open({});
    const pids: number[] = [];
    for (const id of [0, 1, 2, 3, 0, 1, 2, 3]) pids.push(await use(pool, shop(id)));
    const [even, odd] = pids;
    expect(even).not.toBe(odd);
    expect(pids).toEqual([even, odd, even, odd, even, odd, even, odd]);
    expect(pool.load()).toEqual({ total: 2, idle: 2, waiting: 0, tenants: 2, retired: 0 });
  });

  it('serves a tenant by another connection while its own is lent', async () => {
    const pool = open({});
    const home = await pool.borrow(shop(0));
    const other = await pool.borrow(shop(0));
    expect(await pidOf(other)).not.toBe(await pidOf(home));
    expect(pool.load()).toMatchObject({ total: 2, idle: 0 });
    for (const client of [home, other]) pool.giveBack(client, true);
  });

  it('replaces a connection that has served as many tenants as it may', async () => {
    const pool = open({ size: 1, tenantsPerConnection: 3 });
    const pids: number[] = [];
    for (const id of [1, 2, 2, 1, 3, 4, 5]) pids.push(await use(pool, shop(id)));
    const [first, second] = [pids[0], pids[5]];
    expect(first).not.toBe(second);
    expect(pids).toEqual([first, first, first, first, first, second, second]);
    expect(pool.load()).toMatchObject({ total: 1, tenants: 2, retired: 1 });
  });

  it('replaces a connection that is not clean', async () => {
    const pool = open({ size: 1 });
    const client = await pool.borrow(shop(1));
    const pid = await pidOf(client);
    pool.giveBack(client, false);
    expect(await use(pool, shop(1))).not.toBe(pid);
  });

  it('forgets whom a connection has served when the server ends it', async () => {
    const pool = open({ size: 1 });
    for (const id of [1, 2]) await use(pool, shop(id));
    const pid = await use(pool, shop(3));
    await database.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
    await until(
      () => Promise.resolve(pool.load().total),
      (total) => total === 0,
    );
    expect(errors.pop()?.message).toMatch(/terminating connection/);
    expect(pool.load()).toMatchObject({ total: 0, tenants: 0 });
    await use(pool, shop(4));
    expect(pool.load()).toMatchObject({ total: 1, tenants: 1 });
  });

  it('lets requests wait in line, and those before whose own connection it is not be passed ten times at most', async () => {
    const pool = open({});
    const held = [await pool.borrow(shop(0)), await pool.borrow(shop(1))];
    const served: number[] = [];
    const ask = async (id: number) => {
      const client = await pool.borrow(shop(id));
      served.push(id);
      await pidOf(client);
      pool.giveBack(client, true);
    };
    const asked = [1, ...Array.from({ length: 30 }, (_, i) => 2 * i + 2)].map(ask); // the first is odd, all behind it even
    expect(pool.load().waiting).toBe(31);
    pool.giveBack(held[0]!, true); // the even one only
    await Promise.all(asked);
    expect(served.indexOf(1)).toBe(10);
    expect(served.filter((id) => id !== 1)).toEqual(Array.from({ length: 30 }, (_, i) => 2 * i + 2));
    pool.giveBack(held[1]!, true);
    expect(pool.load()).toMatchObject({ idle: 2, waiting: 0 });
  });

  it('says that the database is not available to who has waited too long, and serves who comes later', async () => {
    const pool = open({ size: 1, waitMs: 100 });
    const held = await pool.borrow(shop(1));
    await expect(pool.borrow(shop(2))).rejects.toMatchObject({
      kind: DatabaseUnavailable.kind,
      cause: { message: 'no connection became free within 100 ms' },
    });
    expect(pool.load().waiting).toBe(0);
    pool.giveBack(held, true);
    await use(pool, shop(2));
  });

  it('says so as well when no connection can be opened, each time anew', async () => {
    const pool = open({ size: 1 }, 'postgres://nobody:wrong@127.0.0.1:1/none');
    for (let i = 0; i < 3; i++)
      await expect(pool.borrow(shop(1))).rejects.toMatchObject({ kind: DatabaseUnavailable.kind });
    expect(pool.load()).toMatchObject({ total: 0, waiting: 0 });
  });
});
