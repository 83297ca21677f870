import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BusyShop } from '../../src/public/shops/shop-activity.service';
import { ActivityLog } from '../../src/tenancy/activity-log';
import { runJson } from '../support/command';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { newOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { runCli, spawnProgram } from '../support/program';
import { startTestApp, useTestApp } from '../support/test-app';
import { untilTrue } from '../support/until';

const app = useTestApp({ LOCK_TIMEOUT_MS: '300' });
const operators = useOperators(app);
const env = () => ({ DATABASE_URL: app.database.url });
const flush = () => app.app.get(ActivityLog, { strict: false }).flush();

async function top(...args: string[]): Promise<BusyShop[]> {
  return (await runJson<{ shops: BusyShop[] }>(app, ['shops:top', ...args])).shops;
}

let [reader, slow] = [] as unknown as [Owner, Owner];
beforeAll(async () => {
  [reader, slow] = [await newOwner(app.api), await newOwner(app.api)];
  await newProduct(reader.api);
  for (let i = 0; i < 20; i++) await reader.api.get('products');
  const schema = `shop_${slow.shop.id.replaceAll('-', '')}`;
  const holding = app.database.query(
    `DO $$ BEGIN LOCK TABLE ${schema}.products; PERFORM pg_sleep(1.5); END $$`,
  );
  await untilTrue(async () => {
    const sql = `SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted`;
    return (await app.database.query(sql)).length > 0;
  });
  await slow.api.get('products'); // waits for the lock, longer than all the others together work
  await holding;
  await flush();
});

/** The figures are of a minute, and the tests of a slow machine take longer. */
beforeEach(() =>
  app.database.query(
    'UPDATE shop_activity SET at = at + (SELECT now() - max(newest.at) FROM shop_activity newest)',
  ),
);

describe('shops:top', () => {
  it('shows what each shop did, the one first that held connections for longest', async () => {
    const shops = await top();
    expect(shops.map(({ slug }) => slug)).toEqual([slow.shop.slug, reader.shop.slug]);
    expect(shops[0]).toMatchObject({
      shopId: slow.shop.id,
      transactions: 1,
      requests: 1,
      errors: 1,
      jobs: 0,
      rows: 0,
    });
    expect(shops[0]!.databaseMs).toBeGreaterThanOrEqual(300);
    expect(shops[1]).toMatchObject({ shopId: reader.shop.id, requests: 21, errors: 0 });
    expect(shops[1]!.rows).toBeGreaterThanOrEqual(20);
  });

  it('sorts by any count, and stops at the limit', async () => {
    expect((await top('--sort', 'requests')).map(({ slug }) => slug)).toEqual([
      reader.shop.slug,
      slow.shop.slug,
    ]);
    expect((await top('--sort', 'errors', '--limit', '1')).map(({ slug }) => slug)).toEqual([slow.shop.slug]);
  });

  it('adds up all processes', async () => {
    const other = await startTestApp({}, { database: app.database });
    try {
      const before = (await top()).find(({ shopId }) => shopId === reader.shop.id)!;
      const api = other.api.as(reader.accessToken);
      for (let i = 0; i < 5; i++) expect((await api.get('products')).status).toBe(200);
      await reader.api.get('products');
      await Promise.all([flush(), other.app.get(ActivityLog, { strict: false }).flush()]);
      const after = (await top()).find(({ shopId }) => shopId === reader.shop.id)!;
      expect(after.requests - before.requests).toBe(6);
    } finally {
      await other.close();
    }
  });

  it('prints a table once where there is no terminal', async () => {
    const { code, stdout } = await runCli(['shops:top'], { env: env() });
    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^shop +database s +waits s +transactions +rows +requests +errors +jobs$/);
    expect(lines[1]).toMatch(new RegExp(`^${slow.shop.slug} +\\d+\\.\\d\\d `));
    expect(lines.at(-1)).toBe('2 shop(s), last 60 s, by database');
  });

  it('follows the keys in a terminal', async () => {
    const plain = spawnProgram('cli', ['--help'], { env: env() }); // tells how to start the program
    await once(plain, 'close');
    const command = [...plain.spawnargs.slice(0, -1), 'shops:top'].join(' ');
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, ...env(), APP_SECRET: 'a secret that only tests use, at least 32 characters' },
    });
    let screen = '';
    terminal.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
    const ended = once(terminal, 'close');
    await untilTrue(() => screen.includes('by database'));
    terminal.stdin.write('e');
    await untilTrue(() => screen.includes('by errors'));
    expect(screen.slice(screen.lastIndexOf('\u001b[H'))).toContain(slow.shop.slug);
    terminal.stdin.write('o');
    await untilTrue(() => screen.includes('by rows'));
    terminal.stdin.write('q');
    expect((await ended)[0]).toBe(0);
  });
});

describe('GET /operator/v1/shops/top', () => {
  it('gives the same', async () => {
    const viewer = await newOperator(app, operators, 'viewer');
    const { status, body } = await viewer.api.get('shops/top?sort=errors&limit=1');
    expect([status, body.seconds]).toEqual([200, 60]);
    expect(body.items).toEqual([expect.objectContaining({ slug: slow.shop.slug, errors: 1 })]);
    expect(problemIn(await viewer.api.get('shops/top?sort=size'))).toBe('400 VALIDATION_FAILED');
  });
});

describe('shop_activity', () => {
  it('loses what is older than two minutes with the next flush of the process', async () => {
    const age = (interval: string) =>
      app.database.query(`UPDATE shop_activity SET at = at - interval '${interval}'`);
    const rows = async () => (await app.database.query('SELECT FROM shop_activity')).length;
    const work = async (...owners: Owner[]) => {
      for (const { api } of owners) await api.get('products');
      await flush();
    };
    await app.database.query('DELETE FROM shop_activity');
    await work(reader, slow);
    await age('1 minute');
    await work(reader);
    expect(await rows()).toBe(3);
    await app.database.query('UPDATE shop_activity SET process = gen_random_uuid() WHERE shop_id = $1', [
      slow.shop.id,
    ]);
    await age('3 minutes');
    await work(reader);
    expect(await rows()).toBe(2); // the other process removes its own
    await age('11 minutes');
    await work(reader);
    expect(await rows()).toBe(1);
  });
});
