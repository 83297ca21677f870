import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { startServer } from '../support/program';
import { until, untilTrue } from '../support/until';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('SIGTERM with DRAIN_MS', () => {
  it.each(['1', '2'])('is told by readiness while requests are served, with WORKERS=%s', async (workers) => {
    const server = await startServer({
      env: { DATABASE_URL: database.url, DRAIN_MS: '4000', WORKERS: workers, LOG_LEVEL: 'info' },
    });
    const { api } = await newOwner(server.api);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    let isOver = false;
    const ended = server.end('SIGTERM').finally(() => (isOver = true));
    const unready = await until(
      () => server.api.get('/health/ready'),
      ({ status }) => status !== 200,
    );
    expect([unready.status, unready.body.code]).toEqual([503, 'SHUTTING_DOWN']);
    expect(Number(unready.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await newProduct(api)).stock).toBe(10);
    const fresh = await fetch(`${server.url}/health/live`, { headers: { connection: 'close' } });
    expect([fresh.status, isOver]).toEqual([200, false]);
    await untilTrue(async () => (await fetch(`${server.url}/health/live`).catch(() => null)) === null);
    expect(await ended).toBe(0);
    expect(server.printed()).toContain('"event":"stopped"');
  });
});
