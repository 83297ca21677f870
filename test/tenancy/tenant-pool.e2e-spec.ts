import { DatabaseUnavailable } from '../../src/common/common.errors';
import type { BorrowedClient } from '../../src/database/engine-client';
import type { TenantPool } from '../../src/tenancy/tenant-pool';
import { shop, useTenantPools } from '../support/tenant-pools';
import { until } from '../support/until';

const pools = useTenantPools({});
const { errors, open } = pools;

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

  it('lets a tenant wait for its preferred connection while that is briefly in use, though another is free', async () => {
    const pool = open({});
    const preferred = await pool.borrow(shop(0));
    const asked = use(pool, shop(2));
    expect(pool.load()).toMatchObject({ total: 1, waiting: 1 });
    const pid = await pidOf(preferred);
    pool.giveBack(preferred, true);
    expect(await asked).toBe(pid);
    expect(pool.load()).toMatchObject({ total: 1, waiting: 0 });
  });

  it('serves a tenant by another connection when its preferred one is in use for long', async () => {
    const pool = open({ longMs: 20 });
    const preferred = await pool.borrow(shop(0));
    const pid = await use(pool, shop(2)); // had to wait until it was long
    const others = [await use(pool, shop(4)), await use(pool, shop(0))];
    expect(others).toEqual([pid, pid]);
    expect(await pidOf(preferred)).not.toBe(pid);
    pool.giveBack(preferred, true);
    expect(await use(pool, shop(2))).not.toBe(pid);
  });

  it('lets three wait for a connection while another is free, and remembers whom that one has served', async () => {
    const pool = open({});
    const preferred = await pool.borrow(shop(0));
    const pid = await pidOf(preferred);
    const waiting = [2, 4, 6].map((id) => use(pool, shop(id)));
    const fourth = await use(pool, shop(8));
    expect(fourth).not.toBe(pid);
    expect(pool.load()).toMatchObject({ waiting: 3 });
    pool.giveBack(preferred, true);
    expect(await Promise.all(waiting)).toEqual([pid, pid, pid]);
    const again = await pool.borrow(shop(0));
    expect(await use(pool, shop(8))).toBe(fourth); // at once: it is known there
    pool.giveBack(again, true);
  });

  it('shares the connections among requests of one tenant', async () => {
    const pool = open({ size: 4, longMs: 20 });
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.borrow(shop(0))));
    expect(new Set(await Promise.all(clients.map(pidOf))).size).toBe(4);
    for (const client of clients) pool.giveBack(client, true);
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
    await pools.database.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
    await until(
      () => Promise.resolve(pool.load().total),
      (total) => total === 0,
    );
    expect(errors.pop()?.message).toMatch(/terminating connection/);
    expect(pool.load()).toMatchObject({ total: 0, tenants: 0 });
    await use(pool, shop(4));
    expect(pool.load()).toMatchObject({ total: 1, tenants: 1 });
  });

  it('lets a request be passed fifty times at most by others whose own connection became free', async () => {
    const pool = open({});
    const held = [await pool.borrow(shop(0)), await pool.borrow(shop(1))];
    const served: number[] = [];
    const ask = async (id: number) => {
      const client = await pool.borrow(shop(id));
      served.push(id);
      await pidOf(client);
      pool.giveBack(client, true);
    };
    const even = Array.from({ length: 70 }, (_, i) => 2 * i + 2);
    const asked = [1, ...even].map(ask); // the first is odd
    expect(pool.load().waiting).toBe(71);
    pool.giveBack(held[0]!, true); // the even one only
    await Promise.all(asked);
    expect(served.indexOf(1)).toBe(50);
    expect(served.filter((id) => id !== 1)).toEqual(even);
    pool.giveBack(held[1]!, true);
    expect(pool.load()).toMatchObject({ idle: 2, waiting: 0 });
  });

  it('says that the database is not available to who has waited too long, and serves who comes later', async () => {
    const pool = open({ size: 1, waitMs: 800 });
    const held = await pool.borrow(shop(1));
    await expect(pool.borrow(shop(2))).rejects.toMatchObject({
      kind: DatabaseUnavailable.kind,
      cause: { message: 'no connection became free within 800 ms' },
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
