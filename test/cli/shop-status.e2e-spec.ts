import { randomUUID } from 'node:crypto';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });
const run = (...args: string[]) => runCli(args, { env: { DATABASE_URL: app.database.url } });

function entriesOf({ shop }: Owner): Promise<object[]> {
  return app.database.query(
    `SELECT action, actor_id, request_id, details FROM audit_log
     WHERE shop_id = $1 AND action IN ('shop.suspended', 'shop.resumed') ORDER BY id`,
    [shop.id],
  );
}
const byCommand = (action: string) => ({
  action,
  actor_id: null,
  request_id: null,
  details: { by: 'command' },
});

describe('shops:suspend and shops:resume', () => {
  it('close and open the routes of a running server within seconds', async () => {
    const { api, shop } = await newOwner(app.api);
    expect((await api.get('products')).status).toBe(200); // remembered from here on
    expect(await run('shops:suspend', shop.slug)).toMatchObject({
      code: 0,
      stdout: `${shop.slug} is suspended\n`,
    });
    const refused = await until(
      () => api.get('products'),
      ({ status }) => status !== 200,
    );
    expect(problemIn(refused)).toBe('403 SHOP_SUSPENDED');
    expect(await run('shops:resume', shop.id)).toMatchObject({
      code: 0,
      stdout: `${shop.slug} is active\n`,
    });
    expect((await api.get('products')).status).toBe(200);
    const { items } = (await api.get('audit?action=shop.suspended')).body as { items: object[] };
    expect(items).toMatchObject([{ actorId: null, requestId: null, details: { by: 'command' } }]);
  });

  it('write down what they change, once', async () => {
    const owner = await newOwner(app.api);
    const { slug } = owner.shop;
    const said = [];
    for (const command of ['suspend', 'suspend', 'resume', 'resume'])
      said.push((await run(`shops:${command}`, slug)).stdout.trim());
    expect(said).toEqual([
      `${slug} is suspended`,
      `${slug} is already suspended`,
      `${slug} is active`,
      `${slug} is already active`,
    ]);
    expect(await entriesOf(owner)).toEqual([byCommand('shop.suspended'), byCommand('shop.resumed')]);
  });

  it('write down one suspension of five that run at once', async () => {
    const owner = await newOwner(app.api);
    const runs = await Promise.all(Array.from({ length: 5 }, () => run('shops:suspend', owner.shop.slug)));
    expect(runs.map(({ code }) => code)).toEqual(Array(5).fill(0));
    expect(await entriesOf(owner)).toEqual([byCommand('shop.suspended')]);
  });

  it.each(['no-such-shop', randomUUID(), `x' OR true --`])('refuse %s, which is no shop', async (shop) => {
    const { code, stdout, stderr } = await run('shops:suspend', shop);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').slice(1)).toEqual([`SHOP_NOT_FOUND: No shop has the slug or id ${shop}.`, '']); // behind the database
  });

  it('leave the shops beside it alone', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await run('shops:suspend', ada.shop.slug);
    expect((await bob.api.get('products')).status).toBe(200);
    expect(await entriesOf(bob)).toEqual([]);
  });
});
