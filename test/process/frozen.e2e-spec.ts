import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { FreezingProxy } from '../support/freezing-proxy';
import { type RunningServer, startServer } from '../support/program';

/** As when its host or the network between stops: no connection is closed, and nothing comes back. */
describe('a database that freezes', () => {
  let database: TestDatabase;
  let proxy: FreezingProxy;
  let server: RunningServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await FreezingProxy.before(database.url);
    const env = { DATABASE_URL: proxy.url, STATEMENT_TIMEOUT_MS: '1000', POOL_WAIT_MS: '1000' };
    server = await startServer({ env });
  });
  afterAll(async () => {
    await server.end('SIGKILL');
    await proxy.close();
    await database.drop();
  });

  it('is answered with 503 on connections that are open, and all works again when it is back', async () => {
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
});
