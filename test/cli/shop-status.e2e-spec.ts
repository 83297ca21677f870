import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ShopStatusService } from '../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../src/tenancy/audit-log';
import { runHere } from '../support/command';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { runCli, scratchFolder } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });
const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(args, env());
/** Beside the running server. */
const runProcess = (...args: string[]) => runCli(args, { env: env() });

function entriesOf({ shop }: Owner): Promise<object[]> {
  return app.database.query(
    `SELECT action, actor_id, request_id, details FROM audit_log
     WHERE shop_id = $1 AND action IN ('shop.suspended', 'shop.read_only', 'shop.resumed') ORDER BY id`,
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
    expect(await runProcess('shops:suspend', shop.slug)).toMatchObject({
      code: 0,
      stdout: `${shop.slug} is suspended\n`,
    });
    const refused = await until(
      () => api.get('products'),
      ({ status }) => status !== 200,
    );
    expect(problemIn(refused)).toBe('403 SHOP_SUSPENDED');
    expect(await runProcess('shops:resume', shop.id)).toMatchObject({
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
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => runProcess('shops:suspend', owner.shop.slug)),
    );
    expect(runs.map(({ code }) => code)).toEqual(Array(5).fill(0));
    expect(await entriesOf(owner)).toEqual([byCommand('shop.suspended')]);
  });

  it.each(['no-such-shop', randomUUID(), `x' OR true --`])('refuse %s, which is no shop', async (shop) => {
    const { code, stdout, stderr } = await runHere(['shops:suspend', shop], env());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').slice(1)).toEqual([`SHOP_NOT_FOUND: No shop has the slug or id ${shop}.`, '']); // behind the database
  });

  it('leave the shops beside it alone', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await runHere(['shops:suspend', ada.shop.slug as string], env());
    expect((await bob.api.get('products')).status).toBe(200);
    expect(await entriesOf(bob)).toEqual([]);
  });
});

describe('shops:read-only', () => {
  it('lets a shop of a running server be read only, until it is resumed', async () => {
    const { api, shop } = await newOwner(app.api);
    const add = () => api.post('customers', { name: 'Grace' });
    expect((await add()).status).toBe(201); // remembered from here on
    expect((await runProcess('shops:read-only', shop.slug)).stdout).toBe(`${shop.slug} is read-only\n`);
    const refused = await until(add, ({ status }) => status !== 201);
    expect(problemIn(refused)).toBe('403 SHOP_READ_ONLY');
    expect((await api.get('customers')).status).toBe(200);
    expect((await run('shops:read-only', shop.slug)).stdout).toBe(`${shop.slug} is already read-only\n`);
    await run('shops:resume', shop.slug);
    await until(add, ({ status }) => status === 201);
    const { items } = (await api.get('audit?action=shop.read_only')).body as { items: object[] };
    expect(items).toMatchObject([{ actorId: null, requestId: null, details: { by: 'command' } }]);
  });

  it.each([
    ['products:import', 'Handle,Title,Variant Price\ntea,Tea,1.00\n'],
    [
      'orders:import',
      'Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n489434,85048,Tea,1,2009-12-01 07:45:00,6.95,13085,France\n',
    ],
  ])('refuses %s', async (command, text) => {
    const { api, shop } = await newOwner(app.api);
    const file = path.join(scratchFolder(), 'file.csv');
    writeFileSync(file, text);
    await runHere(['shops:read-only', shop.slug as string], env());
    const { code, stderr } = await run(command, file, '--shop', shop.slug);
    expect([code, stderr]).toEqual([1, expect.stringContaining('SHOP_READ_ONLY: ')]);
    expect((await api.get('products')).body.items).toEqual([]);
    await runHere(['shops:resume', shop.slug as string], env());
    expect((await run(command, file, '--shop', shop.slug)).code).toBe(0); // the file was not at fault
  });
});

describe('shops:suspend, shops:read-only and shops:resume', () => {
  it.each([
    ['shops:suspend', 'suspended'],
    ['shops:read-only', 'read_only'],
    ['shops:resume', 'active'],
  ])('print one object with --json: %s', async (command, status) => {
    const { id, slug } = (await newOwner(app.api)).shop;
    const { code, stdout } = await runHere([command, slug as string, '--json'], env());
    const hasChanged = status !== 'active';
    expect([code, JSON.parse(stdout)]).toEqual([0, { id, slug, status, hasChanged }]);
  });

  it.each(['shops:suspend', 'shops:read-only', 'shops:resume'])('show an example: %s', async (command) => {
    const { code, stdout } = await runHere([command, '--help'], env());
    expect([code, stdout]).toEqual([0, expect.stringContaining(`npm run cli -- ${command} corner-shop`)]);
  });

  it('leave a deleted shop deleted', async () => {
    const { shop } = await newOwner(app.api);
    await app.app.get(ShopStatusService).remove(shop.id, BY_COMMAND);
    const { code, stdout, stderr } = await run('shops:resume', shop.slug);
    const said = expect.stringContaining(`The shop ${shop.slug} is deleted`);
    expect([code, stdout, stderr]).toEqual([1, '', said]);
  });
});
