import { readFileSync } from 'node:fs';
import { freePort } from '../../src/database/server/free-port';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { liftLimits, newOwner } from '../support/factories';
import { runCli, type RunningServer, startServer } from '../support/program';
import { WORKER_KILLS } from '../support/sizes';
import { until } from '../support/until';

let database: TestDatabase;
let server: RunningServer;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ env: { DATABASE_URL: database.url, WORKERS: '2', LOG_LEVEL: 'info' } });
});
afterAll(async () => {
  await server.end('SIGKILL');
  await database.drop();
});

/** Returns the pids of the forked processes. */
function workers(): number[] {
  return readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

/** Returns the number of workers replaced so far. */
function replacements(): Promise<number> {
  return Promise.resolve(server.printed().split('"event":"worker.replaced"').length - 1);
}

/** Counts the processes with open connections of their own. */
async function connected(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'stoa public' AND datname = current_database()`,
  );
  return row!.count; // an aggregate has one row
}

describe('npm start with WORKERS', () => {
  it('serves one shop from all of them, with one token', async () => {
    expect(workers()).toHaveLength(2);
    expect(await connected()).toBeGreaterThanOrEqual(2);
    const owner = await newOwner(server.api);
    await liftLimits(database, owner); // a worker has half of the shop's queue, and may get more than half of the requests
    const { api } = owner;
    await api.post('products', { name: 'Tea', priceMinor: 100 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => api.get('products')));
    expect(answers.map(({ status, body }) => [status, body.items.length])).toEqual(Array(40).fill([200, 1]));
  });

  it('replaces a worker that dies, and keeps serving meanwhile', async () => {
    const { api } = await newOwner(server.api);
    const [first, second] = workers();
    process.kill(first!, 'SIGKILL');
    await until(
      () => Promise.resolve(workers()),
      (pids) => !pids.includes(first!),
    );
    expect((await api.get('products')).status).toBe(200);
    await until(replacements, (count) => count === 1);
    expect(workers()).toContain(second);
    expect(workers()).toHaveLength(2);
    expect(server.printed()).toContain('"event":"worker.ended"');
  });

  it('leaves no connection unanswered when workers die under load', async () => {
    const ends: string[] = [];
    let isOver = false;
    const ask = async () => {
      while (!isOver)
        ends.push(
          await fetch(`${server.url}/health/live`, {
            headers: { connection: 'close' }, // a new connection each time
            signal: AbortSignal.timeout(20_000),
          }).then(
            ({ status }) => String(status),
            (error: Error) => (error.name === 'TimeoutError' ? 'unanswered' : 'refused'),
          ),
        );
    };
    const asking = Promise.all(Array.from({ length: 8 }, ask));
    const before = await replacements();
    for (let i = 1; i <= WORKER_KILLS; i++) {
      const [victim] = workers();
      process.kill(victim!, 'SIGKILL');
      await until(replacements, (count) => count === before + i); // with one left, the port stays open
    }
    isOver = true;
    await asking;
    const others = ends.filter((end) => end !== 'refused'); // requests in flight on a worker are cut off
    expect([...new Set(others)]).toEqual(['200']);
  });

  it('releases everything on shutdown', async () => {
    const pids = workers();
    expect(await server.end('SIGTERM')).toBe(0);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    await until(connected, (count) => count === 0);
  });

  it('replaces all of them when they die at once', async () => {
    const env = {
      DATABASE_URL: database.url,
      WORKERS: '2',
      PORT: String(await freePort()),
      LOG_LEVEL: 'info',
    };
    server = await startServer({ env });
    for (const pid of workers()) process.kill(pid, 'SIGKILL');
    await until(replacements, (count) => count === 2);
    expect((await server.api.get('me')).status).toBe(401);
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('ends, and says why, when they cannot start', async () => {
    const env = { DATABASE_URL: database.url, WORKERS: '2', PORT: '0', HOST: '192.0.2.1' };
    await expect(startServer({ env })).rejects.toThrow(/EADDRNOTAVAIL[^]*A worker did not start/);
    await until(connected, (count) => count === 0);
  });

  it('ends them when it is killed', async () => {
    const killed = await startServer({ env: { DATABASE_URL: database.url, WORKERS: '3' } });
    expect(await connected()).toBeGreaterThanOrEqual(3);
    await killed.end('SIGKILL');
    await until(connected, (count) => count === 0);
    expect((await runCli(['migrate:status'], { env: { DATABASE_URL: database.url } })).code).toBe(0);
  });
});
