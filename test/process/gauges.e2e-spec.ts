import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { type RunningServer, startServer } from '../support/program';
import { until } from '../support/until';

/** Timeouts long enough that nothing fails while a test holds a lock. */
const PATIENT = { LOCK_TIMEOUT_MS: '60000', STATEMENT_TIMEOUT_MS: '60000', POOL_WAIT_MS: '60000' };

let database: TestDatabase;
const running: RunningServer[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')));
});
afterAll(() => database.drop());

async function start(env: Record<string, string> = {}): Promise<{ server: RunningServer; port: number }> {
  const port = await freePort();
  const server = await startServer({
    env: { DATABASE_URL: database.url, METRICS_PORT: String(port), ...PATIENT, ...env },
  });
  running.push(server);
  return { server, port };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function ask(port: number, path = '/metrics', method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { method });
}

/** Reads the series of the endpoint, by name and labels. */
async function gauges(port: number): Promise<Record<string, number>> {
  const lines = (await (await ask(port)).text()).split('\n').filter((line) => /^[a-z]/.test(line));
  return Object.fromEntries(
    lines.map((line): [string, number] => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space))];
    }),
  );
}

const IN_USE = 'stoa_pool_connections{pool="tenant",state="in_use"}';
const IDLE = 'stoa_pool_connections{pool="tenant",state="idle"}';
const WAITING = 'stoa_pool_waiting{pool="tenant"}';
const PUBLIC = ['in_use', 'idle'].map((state) => `stoa_pool_connections{pool="public",state="${state}"}`);

/** Counts the connections of the public pools of all processes, as the database server sees them. */
async function connected(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'stoa public' AND datname = current_database()`,
  );
  return row!.count; // an aggregate has one row
}

function whileLocked<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
  return withClient(database.url, async (client) => {
    await client.query(`BEGIN; LOCK TABLE shop_${owner.shop.id.replaceAll('-', '')}.counters`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  });
}

/** Returns the TCP ports on which a process listens. */
function ports(pid: number): number[] {
  const own = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && own.includes(`socket:[${inode}]`))
    .map(([, address]) => parseInt(address!.split(':')[1]!, 16)); // address:port, in hexadecimals
}

function workers(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

describe('GET /metrics', () => {
  it('reports connections in use and requests waiting for one', async () => {
    const { server, port } = await start({ TENANT_POOL_SIZE: '1' });
    const owner = await newOwner(server.api);
    const product = await newProduct(owner.api);
    expect(await gauges(port)).toMatchObject({ [IN_USE]: 0, [IDLE]: 1, [WAITING]: 0 });
    const answers: Promise<{ status: number }>[] = [];
    await whileLocked(owner, async () => {
      answers.push(owner.api.post('orders', { lines: [{ productId: product.id, quantity: 1 }] }));
      await until(
        () => gauges(port),
        (now) => now[IN_USE] === 1 && now[IDLE] === 0,
      );
      answers.push(owner.api.get('products'), owner.api.get('orders'));
      await until(
        () => gauges(port),
        (now) => now[WAITING] === 2,
      );
    });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 200, 200]);
    expect(await gauges(port)).toMatchObject({ [IN_USE]: 0, [IDLE]: 1, [WAITING]: 0 });
  });

  it('reports how many tenants a connection has served, and counts replaced connections', async () => {
    const { server, port } = await start({ TENANT_POOL_SIZE: '1', TENANTS_PER_CONNECTION: '3' });
    const owners = await Promise.all(Array.from({ length: 3 }, () => newOwner(server.api)));
    const served = async () => {
      const { stoa_pool_tenants: tenants, stoa_pool_retired_total: retired } = await gauges(port);
      return { tenants, retired };
    };
    expect(await served()).toEqual({ tenants: 0, retired: 0 });
    for (const { api } of owners.slice(0, 2)) await api.get('products');
    expect(await served()).toEqual({ tenants: 2, retired: 0 });
    await owners[2]!.api.get('products');
    expect(await served()).toEqual({ tenants: 0, retired: 1 });
    expect(await served()).toEqual({ tenants: 0, retired: 1 }); // reading it adds nothing
  });

  it('reports each pool and the process, and names no shop', async () => {
    const { server, port } = await start();
    const owner = await newOwner(server.api);
    await owner.api.get('products');
    const response = await ask(port);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    for (const pool of ['tenant', 'public', 'admin'])
      expect(text).toContain(`stoa_pool_waiting{pool="${pool}"} 0`);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    for (const secret of [owner.shop.id, owner.shop.slug, owner.shop.id.replaceAll('-', '')])
      expect(text).not.toContain(secret);
  });

  it('is the only route on its port, and not on that of the API', async () => {
    const { server, port } = await start();
    for (const [path, method] of [
      ['/', 'GET'],
      ['/api/v1/me', 'GET'],
      ['/metrics/x', 'GET'],
      ['/metrics', 'POST'],
    ])
      expect((await ask(port, path, method)).status).toBe(404);
    expect((await server.api.get('/metrics')).status).toBe(404);
    expect(ports(server.pid)).toContain(port);
  });

  it('ends on shutdown, before the requests in flight do', async () => {
    const { server, port } = await start();
    const owner = await newOwner(server.api);
    const product = await newProduct(owner.api);
    const inFlight = await whileLocked(owner, async () => {
      const order = owner.api.post('orders', { lines: [{ productId: product.id, quantity: 1 }] });
      await until(
        () => gauges(port), // on a connection that stays open
        (now) => now[IN_USE] === 1,
      );
      const ended = server.end('SIGTERM');
      await until(
        () => ask(port).then(String, ({ message }: Error) => message),
        (end) => end === 'fetch failed',
      );
      return { order, ended };
    });
    expect((await inFlight.order).status).toBe(201);
    expect(await inFlight.ended).toBe(0);
  });

  it('is off unless it has a port', async () => {
    const { server } = await start({ METRICS_PORT: '' });
    expect(ports(server.pid)).toEqual([Number(new URL(server.url).port)]);
    expect(server.printed()).not.toContain('Gauges');
  });

  it('ends the start with a message if its address cannot be used', async () => {
    await expect(start({ METRICS_HOST: '192.0.2.1' })).rejects.toThrow('EADDRNOTAVAIL');
  });
});

describe('GET /metrics with WORKERS', () => {
  it('sums the values of all workers, or reports their maximum where the value is a maximum', async () => {
    const { server, port } = await start({ WORKERS: '2', TENANT_POOL_SIZE: '1' });
    const [sum, count] = await until(
      async () => {
        const now = await gauges(port);
        return [PUBLIC.reduce((total, name) => total + now[name]!, 0), await connected()] as const;
      },
      ([reported, counted]) => reported === counted,
    );
    expect(sum).toBeGreaterThanOrEqual(2);
    expect(sum).toBe(count);
    const { api } = await newOwner(server.api);
    const now = await until(
      async () => {
        await Promise.all(Array.from({ length: 20 }, () => api.get('products')));
        return gauges(port);
      },
      (reported) => reported[IN_USE]! + reported[IDLE]! === 2, // each has served the shop
    );
    expect(now['stoa_pool_tenants']).toBe(1);
  });

  it('answers again after a worker died during a request', async () => {
    const { server, port } = await start({ WORKERS: '2' });
    const [victim] = workers(server.pid);
    process.kill(victim!, 'SIGSTOP');
    const asked = ask(port);
    process.kill(victim!, 'SIGKILL');
    expect([200, 503]).toContain((await asked).status);
    await until(
      async () => (await ask(port)).status,
      (status) => status === 200,
    );
  });
});
