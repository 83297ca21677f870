import { Client } from 'pg';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { createTestDatabase, type TestDatabase, withClient } from '../support/database';
import { type RunningServer, runCli, spawnProgram, finish, startServer } from '../support/program';
import { until, untilTrue } from '../support/until';

let database: TestDatabase;
const running: RunningServer[] = [];

async function start(env: Record<string, string> = {}): Promise<RunningServer> {
  const server = await startServer({ env: { DATABASE_URL: database.url, ...env } });
  running.push(server);
  return server;
}

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')));
});
afterAll(() => database.drop());

/** Refuses new connections and cuts the open ones: to the program, the same as a server that is gone. */
async function takeAway(): Promise<void> {
  await onServer(`ALTER DATABASE "${database.name}" ALLOW_CONNECTIONS false`);
  await onServer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`);
}

function bringBack(): Promise<unknown> {
  return onServer(`ALTER DATABASE "${database.name}" ALLOW_CONNECTIONS true`);
}

function onServer(sql: string): Promise<unknown> {
  const url = new URL(database.url);
  url.pathname = '/postgres';
  return withClient(url.href, (client) => client.query(sql));
}

describe('an unreachable database', () => {
  it('is answered with 503 and Retry-After, and all works again when it is back', async () => {
    const server = await start();
    const { api } = await newOwner(server.api);
    await takeAway();
    try {
      for (const answer of await Promise.all([
        api.get('products'),
        api.get('shops'),
        api.post('shops', { name: 'Not now' }),
        server.api.post('auth/login', { email: 'a@example.com', password: 'whatever1' }),
        server.api.get('/health/ready'),
      ])) {
        expect([answer.status, answer.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect((await server.api.get('/health/live')).status).toBe(200);
    } finally {
      await bringBack();
    }
    expect((await api.get('products')).status).toBe(200);
    expect((await server.api.get('/health/ready')).status).toBe(200);
  });

  it('ends the start with a message if nothing answers at the address', async () => {
    const { code, stderr } = await runCli(['migrate:public'], {
      env: { DATABASE_URL: 'postgres://nobody:geheim@127.0.0.1:1/stoa' },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).not.toContain('geheim');
  });
});

describe('connections cut under load', () => {
  it('fail only the requests in flight, with 503, and leave the process serving', async () => {
    const server = await start({ TENANT_POOL_SIZE: '4' });
    const owners = await Promise.all([newOwner(server.api), newOwner(server.api)]);
    for (const [i, { api }] of owners.entries()) await newProduct(api, { name: `marker-${i}` });
    let cutting = true;
    const cutter = (async () => {
      while (cutting)
        await database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND random() < 0.2`,
          [`${database.name}_tenant`],
        );
    })();
    const answers = [];
    try {
      for (let round = 0; round < 25; round++)
        answers.push(
          ...(await Promise.all(
            Array.from({ length: 12 }, async (_, i) => ({
              who: i % 2,
              ...(await owners[i % 2]!.api.get('products')),
            })),
          )),
        );
    } finally {
      cutting = false;
      await cutter;
    }
    expect(answers.filter(({ status }) => ![200, 503].includes(status))).toEqual([]);
    expect(answers.some(({ status }) => status === 503)).toBe(true);
    for (const { status, body, who } of answers)
      if (status === 200)
        expect(body.items.map(({ name }: { name: string }) => name)).toEqual([`marker-${who}`]);
    expect((await owners[0]!.api.get('products')).status).toBe(200);
  });
});

describe('SIGTERM', () => {
  async function lockedProduct(owner: Owner): Promise<{ id: string; release: () => Promise<void> }> {
    const product = await newProduct(owner.api);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`BEGIN; LOCK TABLE shop_${owner.shop.id.replaceAll('-', '')}.counters`);
    return {
      id: product.id,
      release: async () => {
        await client.query('COMMIT');
        await client.end();
      },
    };
  }

  const openTransactions = () =>
    database.query(
      `SELECT usename, state, query FROM pg_stat_activity
       WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`,
    );

  it('finishes the request in flight, accepts no new one, and leaves no transaction open', async () => {
    const server = await start();
    const owner = await newOwner(server.api);
    const { id, release } = await lockedProduct(owner);
    const order = owner.api.post('orders', { lines: [{ productId: id, quantity: 1 }] });
    await untilTrue(async () => (await openTransactions()).length >= 2); // it waits for the lock
    const ended = server.end('SIGTERM');
    await untilTrue(async () => (await server.api.get('/health/live').catch(() => null)) === null);
    await release();
    expect((await order).status).toBe(201);
    expect(await ended).toBe(0);
    expect(await openTransactions()).toEqual([]);
  });

  it('followed by SIGKILL in the middle of an order leaves stock and numbers as they were', async () => {
    const server = await start();
    const owner = await newOwner(server.api);
    const { id, release } = await lockedProduct(owner);
    const order = owner.api.post('orders', { lines: [{ productId: id, quantity: 1 }] }).catch(() => null);
    await untilTrue(async () => (await openTransactions()).length >= 2);
    await server.end('SIGKILL');
    expect(await order).toBeNull();
    await release();
    await untilTrue(async () => (await openTransactions()).length === 0); // the server notices
    const again = await start();
    const { body } = await again.api.post('auth/login', {
      email: owner.email,
      password: 'correct horse battery',
    });
    const api = again.api.as(body.accessToken);
    expect((await api.get(`products/${id}`)).body.stock).toBe(10);
    expect((await api.post('orders', { lines: [{ productId: id, quantity: 1 }] })).body.number).toBe(1);
  });
});

describe('bad settings', () => {
  it('stop the start with all their names and none of their values', async () => {
    const child = spawnProgram('main', [], {
      env: {
        PORT: 'eighty-secret',
        DATABASE_URL: 'mysql://user:secret@host/db',
        APP_SECRET: 'short-secret',
        LOG_LEVEL: 'secret-level',
        TENANT_POOL_SIZE: '-7777',
      },
    });
    const { code, stderr, stdout } = await finish(child);
    expect(code).toBe(1);
    for (const name of ['PORT', 'DATABASE_URL', 'APP_SECRET', 'LOG_LEVEL', 'TENANT_POOL_SIZE'])
      expect(stderr).toContain(name);
    expect(stderr + stdout).not.toMatch(/secret(?!s)|7777|mysql/);
  });
});

describe('a second instance', () => {
  const OTHER = { APP_SECRET: 'a different secret that is as long as the other' };

  it('with another APP_SECRET is refused while the first runs, which keeps serving', async () => {
    const first = await start();
    const { api } = await newOwner(first.api);
    await expect(start(OTHER)).rejects.toThrow('different APP_SECRET');
    expect((await api.get('products')).status).toBe(200);
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${database.name}_tenant'`,
    );
    // The first request may get the connection that was cut; on a new one it can still log in.
    await until(
      () => api.get('products'),
      ({ status }) => status === 200,
    );
  });

  it('with another APP_SECRET takes over a database that no instance uses', async () => {
    const server = await start(OTHER);
    expect((await server.api.get('/health/ready')).status).toBe(200);
  });
});
