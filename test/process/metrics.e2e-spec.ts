import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { freePort } from '../../src/database/server/free-port';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import type { Times } from '../../src/config/times';
import { newOwner, newProduct, newShop, type Owner } from '../support/factories';
import { type RunningServer, startServer } from '../support/program';
import { size } from '../support/sizes';
import { until } from '../support/until';

/** Each scrape reads the database. */
const TIMES: Times = { metricsKeepMs: 0, activityFlushMs: 50 };

/** Timeouts long enough that nothing fails while a test holds a lock. */
const PATIENT = { LOCK_TIMEOUT_MS: '60000', STATEMENT_TIMEOUT_MS: '60000', POOL_WAIT_MS: '60000' };

/** Shops that come after the first ten. */
const SHOPS = size('METRICS_SHOPS', 20, 990);

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
    times: TIMES,
  });
  running.push(server);
  return { server, port };
}

function ask(port: number, path = '/metrics', method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { method });
}

/** Without the 20 busiest shops, whose names are there to be read. */
function withoutTop(text: string): string {
  return text.replaceAll(/^stoa_top_shop_database_seconds{.*$/gm, '');
}

/** Reads the series of the endpoint, by name and labels. */
async function series(port: number): Promise<Record<string, number>> {
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

function whileLocked<T>(owner: Owner, work: () => Promise<T>, table = 'counters'): Promise<T> {
  return withClient(database.url, async (client) => {
    await client.query(`BEGIN; LOCK TABLE shop_${owner.shop.id.replaceAll('-', '')}.${table}`);
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
    expect(await series(port)).toMatchObject({ [IN_USE]: 0, [IDLE]: 1, [WAITING]: 0 });
    const answers: Promise<{ status: number }>[] = [];
    await whileLocked(owner, async () => {
      answers.push(owner.api.post('orders', { lines: [{ productId: product.id, quantity: 1 }] }));
      await until(
        () => series(port),
        (now) => now[IN_USE] === 1 && now[IDLE] === 0,
      );
      answers.push(owner.api.get('products'), owner.api.get('orders'));
      await until(
        () => series(port),
        (now) => now[WAITING] === 2,
      );
    });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 200, 200]);
    expect(await series(port)).toMatchObject({ [IN_USE]: 0, [IDLE]: 1, [WAITING]: 0 });
  });

  it('reports how many tenants a connection has served, and counts replaced connections', async () => {
    const { server, port } = await start({ TENANT_POOL_SIZE: '1', TENANTS_PER_CONNECTION: '3' });
    const owners = await Promise.all(Array.from({ length: 3 }, () => newOwner(server.api)));
    const served = async () => {
      const { stoa_pool_tenants: tenants, stoa_pool_retired_total: retired } = await series(port);
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
    const text = withoutTop(await response.text());
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
        () => series(port), // on a connection that stays open
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
    expect(server.printed()).not.toContain('Metrics');
  });

  it('ends the start with a message if its address cannot be used', async () => {
    await expect(start({ METRICS_HOST: '192.0.2.1' })).rejects.toThrow('EADDRNOTAVAIL');
  });
});

describe('requests', () => {
  const durations = (labels: string) => `stoa_request_duration_seconds_count{${labels}}`;
  const products = (status: string, plan: string) =>
    durations(`route="/api/v1/products",method="GET",plan="${plan}",status="${status}"`);

  it('are counted by route, method, plan and class of status', async () => {
    const { server, port } = await start();
    const owner = await newOwner(server.api);
    const { id } = await newProduct(owner.api);
    for (let i = 0; i < 3; i++) await owner.api.get('products');
    await owner.api.get('products?limit=x');
    await server.api.get('products');
    await owner.api.get(`products/${id}`);
    await server.api.get('no/such/route');
    const now = await series(port);
    expect(now).toMatchObject({
      [products('2xx', 'standard')]: 3,
      [products('4xx', 'standard')]: 1,
      [products('4xx', 'none')]: 1,
      [durations('route="/api/v1/products/:id",method="GET",plan="standard",status="2xx"')]: 1,
      [durations('route="/api/v1/auth/register",method="POST",plan="none",status="2xx"')]: 1,
      [durations('route="none",method="GET",plan="none",status="4xx"')]: 1,
    });
    const inBuckets = Object.entries(now).filter(([name]) =>
      /_bucket{route="\/api\/v1\/products",method="GET",plan="standard",status="2xx"/.test(name),
    );
    expect(inBuckets.map(([, count]) => count).at(-1)).toBe(3);
    expect(inBuckets.map(([, count]) => count)).toEqual(
      inBuckets.map(([, count]) => count).toSorted((a, b) => a - b),
    );
  });

  it('that are refused are counted by code and plan', async () => {
    const { server, port } = await start({ LOGIN_ATTEMPTS_PER_ACCOUNT: '1' });
    const owner = await newOwner(server.api);
    for (let i = 0; i < 3; i++)
      await server.api.post('auth/login', { email: owner.email, password: 'not the password' });
    await database.query(
      `UPDATE shops SET limits = '{"requestsPerMinute": 1, "requestBurst": 1}' WHERE id = '${owner.shop.id}'`,
    );
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async () => (await owner.api.get('products')).status),
    );
    const limited = statuses.filter((status) => status === 429).length;
    expect(limited).toBeGreaterThan(0);
    expect(await series(port)).toMatchObject({
      'stoa_requests_refused_total{code="TOO_MANY_ATTEMPTS",plan="none"}': 2,
      'stoa_requests_refused_total{code="RATE_LIMITED",plan="standard"}': limited,
    });
  });
});

describe('transactions', () => {
  const ended = (end: string) => `stoa_transactions_total{pool="tenant",end="${end}"}`;
  const cancelled = (reason: string) => `stoa_statements_cancelled_total{pool="tenant",reason="${reason}"}`;

  it('are counted by their end, with those statements that the server ended', async () => {
    const { server, port } = await start({ LOCK_TIMEOUT_MS: '100' });
    const owner = await newOwner(server.api);
    const product = await newProduct(owner.api);
    const before = await series(port);
    await owner.api.get('products');
    const order = { lines: [{ productId: product.id, quantity: 1 }] };
    await whileLocked(owner, () => owner.api.post('orders', order));
    const after = await series(port);
    const more = (name: string) => after[name]! - before[name]!;
    expect([more(ended('committed')), more(ended('rolled_back'))]).toEqual([1, 1]);
    expect([more(cancelled('lock_timeout')), more(cancelled('statement_timeout'))]).toEqual([1, 0]);
    expect(more('stoa_pool_wait_seconds_count{pool="tenant"}')).toBe(2);
    const behindDoor = await whileLocked(owner, () => owner.api.get('products'), 'schema_migrations');
    expect(behindDoor.status).toBe(503);
    expect((await series(port))[cancelled('lock_timeout')]).toBe(after[cancelled('lock_timeout')]! + 1);
  });

  it('that are slow are in the log, with the shop, the route and no value', async () => {
    const { server, port } = await start({ SLOW_STATEMENT_MS: '50', LOG_LEVEL: 'warn' });
    const owner = await newOwner(server.api);
    const product = await newProduct(owner.api, { stock: 10_000 });
    const requestId = await whileLocked(owner, async () => {
      const order = owner.api.post('orders', { lines: [{ productId: product.id, quantity: 7654 }] });
      await until(
        () =>
          database.query(
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
             AND clock_timestamp() - query_start > interval '60 ms'`,
          ),
        ({ length }) => length > 0,
      );
      return { order };
    }).then(async ({ order }) => (await order).headers.get('x-request-id'));
    const lines = server
      .printed()
      .split('\n')
      .filter((line) => line.includes('statement.slow'));
    const slow = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = slow.find(({ statement }) => /\bcounters\b/.test(String(statement)));
    expect(found).toMatchObject({ shopId: owner.shop.id, requestId, route: '/api/v1/orders', level: 'warn' });
    expect(found!['ms']).toBeGreaterThanOrEqual(50);
    expect(lines.join()).not.toMatch(new RegExp(`7654|${owner.email}`));
    expect((await series(port))['stoa_statements_slow_total{pool="tenant"}']).toBeGreaterThan(0);
  });
});

describe('the installation', () => {
  const NOBODY = '0198c0de-0000-7000-8000-000000000000';

  it('is described by figures of the database', async () => {
    const { server, port } = await start({ WARM_TENANTS: '2' });
    const [first, second] = [await newOwner(server.api), await newOwner(server.api)];
    await until(
      () => series(port),
      (now) => now['stoa_warm_pool{kind="tenants"}'] === 2,
    );
    const before = await series(port);
    await database.query(`UPDATE shops SET status = 'suspended' WHERE id = '${first.shop.id}'`);
    await database.query(
      `UPDATE tenants SET status = 'failed', checksum = 'old' WHERE shop_id = '${first.shop.id}'`,
    );
    await database.query(`UPDATE tenants SET status = 'deferred' WHERE shop_id = '${second.shop.id}'`);
    await database.query(`
      INSERT INTO operations (id, kind, by_kind, state, created_at) VALUES
        ('${NOBODY}', 'unknown', 'command', 'queued', now() - interval '2 hours'),
        ('0198c0de-0000-7000-8000-000000000001', 'unknown', 'command', 'failed', now() - interval '9 months')`);
    await database.query(`
      INSERT INTO backups (id, shop_id, shop_slug, target, file, bytes, rows, sha256, version, snapshot_at)
      SELECT gen_random_uuid(), s.id, s.slug, '/', s.slug || n, 1, 1, '', 1, now() - n * interval '1 day'
      FROM shops s, generate_series(3, 5) n`);
    await database.query(`SELECT add_job('unknown', '{}', NULL, NULL, now() - interval '1 hour', NULL)`);
    await database.query(`SELECT add_job('unknown', '{}', NULL, NULL, now() + interval '1 hour', NULL)`);
    const now = await series(port);
    const more = (name: string) => now[name]! - before[name]!;
    const figures = {
      'stoa_shops{status="suspended"}': 1,
      'stoa_shops{status="active"}': -1,
      stoa_tenants_behind: 1,
      'stoa_tenants_unmigrated{status="failed"}': 1,
      'stoa_tenants_unmigrated{status="deferred"}': 1,
      'stoa_operations{state="queued"}': 1,
      'stoa_operations{state="failed"}': 0, // the other one is too old
      'stoa_jobs{state="ready"}': 1,
      'stoa_jobs{state="waiting"}': 1,
      'stoa_jobs{state="dead"}': 0,
    };
    for (const [name, value] of Object.entries(figures)) expect([name, more(name)]).toEqual([name, value]);
    const hours = (name: string) => Math.floor(now[name]! / 3600);
    expect(hours('stoa_operation_oldest_seconds{state="queued"}')).toBe(2);
    expect(hours('stoa_job_oldest_seconds{state="ready"}')).toBe(1);
    expect(hours('stoa_backup_oldest_seconds')).toBe(72);
    expect(now['stoa_shops_without_backup']).toBe(0);
    const provisioned = Object.keys(now).filter((name) => name.startsWith('stoa_provisioning_seconds_count'));
    expect(provisioned.reduce((sum, name) => sum + now[name]!, 0)).toBe(2);
    await newOwner(server.api);
    expect((await series(port))['stoa_shops_without_backup']).toBe(1);
  });

  it('has no figures while the database is away', async () => {
    const { port } = await start();
    expect((await series(port))['stoa_database_up']).toBe(1);
    const setOpen = (isOpen: boolean) =>
      withClient(database.url.replace(/[^/]+$/, 'postgres'), (client) =>
        client.query(`ALTER DATABASE "${database.name}" ALLOW_CONNECTIONS ${isOpen}`),
      );
    await setOpen(false);
    try {
      const away = await series(port);
      expect(away['stoa_database_up']).toBe(0);
      expect(Object.keys(away).filter((name) => name.startsWith('stoa_shops'))).toEqual([]);
      expect(away[IN_USE]).toBe(0); // what the process itself knows
    } finally {
      await setOpen(true);
    }
    expect((await series(port))['stoa_database_up']).toBe(1);
  });

  it('has as many series with many shops as with few', async () => {
    const { server, port } = await start();
    let owner = await newOwner(server.api);
    const work = async (shops: number) => {
      for (let i = 0; i < shops; i++) {
        owner = await newShop(owner);
        await owner.api.get('products');
      }
      return Object.keys(await series(port)).filter((name) => name.startsWith('stoa_'));
    };
    const few = await work(10);
    expect(few.filter((name) => name.startsWith('stoa_top_shop'))).toHaveLength(20);
    expect((await work(SHOPS)).length).toBe(few.length);
    expect(few.length).toBeLessThan(400);
  });
});

describe('GET /metrics with WORKERS', () => {
  it('sums the values of all workers, or reports their maximum where the value is a maximum', async () => {
    const { server, port } = await start({ WORKERS: '2', TENANT_POOL_SIZE: '1' });
    const [sum, count] = await until(
      async () => {
        const now = await series(port);
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
        return series(port);
      },
      (reported) => reported[IN_USE]! + reported[IDLE]! === 2, // each has served the shop
    );
    expect(now['stoa_pool_tenants']).toBe(1);
    expect(now['stoa_shops{status="active"}']).toBe(
      (await database.query(`SELECT FROM shops WHERE status = 'active'`)).length,
    ); // read once
    const requests =
      'stoa_request_duration_seconds_count{route="/api/v1/auth/register",method="POST",plan="none",status="2xx"}';
    expect(now[requests]).toBe(1);
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
