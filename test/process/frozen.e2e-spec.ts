import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { FreezingProxy } from '../support/freezing-proxy';
import { type RunningServer, startServer } from '../support/program';
import { CACHE_MS, CACHE_TIMES } from '../support/sizes';
import { untilTrue } from '../support/until';

/** Simulates a stopped host or network: no connection is closed, and nothing is answered. */
describe('a database that freezes', () => {
  let database: TestDatabase;
  let proxy: FreezingProxy;
  let server: RunningServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await FreezingProxy.before(database.url);
    const env = { DATABASE_URL: proxy.url, STATEMENT_TIMEOUT_MS: '1000', POOL_WAIT_MS: '1000' };
    const responses = { publicResponseMs: CACHE_MS + 2000, networkMs: 1000 };
    const times = { ...CACHE_TIMES, ...responses, keyCacheMs: 600_000 }; // else the query for keys may be the one held
    server = await startServer({ env, times });
  });
  afterAll(async () => {
    await server.end('SIGKILL');
    await proxy.close();
    await database.drop();
  });

  it('is answered with 503 on open connections, and everything works again when it is back', async () => {
    const { api } = await newOwner(server.api);
    await api.get('products');
    proxy.freeze();
    const answers = await Promise.all([
      api.get('products'),
      api.post('products', { name: 'Tea', priceMinor: 100 }),
      api.get('shops'),
      server.api.get('/health/ready'),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      Array(4).fill([503, 'DATABASE_UNAVAILABLE']),
    );
    proxy.thaw();
    expect((await api.get('products')).status).toBe(200);
    expect((await api.get('shops')).status).toBe(200);
  });

  it('extends no access: the lifetime of a cache entry counts from the query', async () => {
    const { api, user } = await newOwner(server.api);
    await sleep(CACHE_MS + 50); // what registration cached expires
    proxy.freeze();
    const late = api.get('me');
    await untilTrue(() => proxy.holds(user.id)); // the query is on its way
    await sleep(CACHE_MS + 300);
    proxy.thaw();
    expect((await late).status).toBe(200);
    await database.query('UPDATE sessions SET revoked_at = now() WHERE user_id = $1', [user.id]);
    expect((await api.get('me')).status).toBe(401); // if it counted from the answer, it would be 200 for the cache time
  });
});
