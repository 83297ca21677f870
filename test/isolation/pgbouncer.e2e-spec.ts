import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { KIT } from '../support/sizes';
import { startTestApp, type TestApp } from '../support/test-app';
import { scratchFolder } from '../support/program';
import { until } from '../support/until';
import { assertClean, printLoad, runLoad } from './load';
import { PGBOUNCER, type Pooler, startPooler } from '../../bench/lib/pooler';
import { openShops } from './shops';

const TEN_MINUTES = 600_000;
/** Server connections of the pooler for each login: fewer than the application's own ten, far fewer than shops. */
const SERVER_CONNECTIONS = 2;

if (PGBOUNCER === undefined)
  process.stdout.write('skipped, PgBouncer is not installed: isolation through PgBouncer\n');

(PGBOUNCER === undefined ? describe.skip : describe)('behind a PgBouncer in transaction mode', () => {
  let database: TestDatabase;
  let pooler: Pooler;
  let app: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    await (await startTestApp({}, { database })).close(); // creates the logins that the pooler needs
    pooler = await startPooler(database, SERVER_CONNECTIONS, scratchFolder());
    app = await startTestApp({ TENANT_POOL_SIZE: '10', POOLER_URL: pooler.url }, { database });
  });
  afterAll(async () => {
    await app.close();
    await pooler.stop();
    await database.drop();
  });

  it('sends the requests of two shops over the same server connections without mixing them', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await Promise.all([newProduct(ada.api, { name: 'ada' }), newProduct(bob.api, { name: 'bob' })]);
    const names = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const { body } = await (i % 2 === 0 ? ada : bob).api.get('products');
        return (body.items as { name: string }[]).map(({ name }) => name).join();
      }),
    );
    expect(names).toEqual(names.map((_, i) => (i % 2 === 0 ? 'ada' : 'bob')));
  });

  it('does an order once that twenty requests with one key ask for', async () => {
    const { api } = await newOwner(app.api);
    const product = await newProduct(api, { stock: 10 });
    const body = JSON.stringify({ lines: [{ productId: product.id, quantity: 1 }] });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'a' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        until(
          () => api.raw('POST', 'orders', body, headers),
          ({ status }) => status !== 409,
        ),
      ),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.body.id}`)).size).toBe(1);
    expect((await api.get(`products/${product.id}`)).body.stock).toBe(9);
  });

  it(
    'serves many shops over two connections, and never returns a row of another shop',
    async () => {
      const options = { ...KIT, url: app.url, shops: await openShops(app.api, KIT.shops) };
      const report = await runLoad(options);
      printLoad('through PgBouncer', options, report);
      assertClean(report);
      const [used] = await database.query<{ connections: number }>(
        'SELECT count(*)::int AS connections FROM pg_stat_activity WHERE usename = $1',
        [`${database.name}_tenant`],
      );
      expect(used!.connections).toBeGreaterThan(0);
      expect(used!.connections).toBeLessThanOrEqual(SERVER_CONNECTIONS);
    },
    TEN_MINUTES,
  );
});
