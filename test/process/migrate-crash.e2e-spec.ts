import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServer } from '../../src/database/server/embedded-server';
import { type TestDatabase, withClient } from '../support/database';
import { at, makeShops, NEWEST, readFleet, unwhole } from '../support/fleet';
import { finish, programWith, runCli, scratchFolder, spawnProgram } from '../support/program';
import { CRASH } from '../support/sizes';
import { startTestApp } from '../support/test-app';
import { until } from '../support/until';

const { shops: SHOPS, kills: KILLS } = CRASH;
const VERSION = 1900000000000;

/** Makes a run over a fleet of any size last equally long: slow enough that a kill interrupts it. */
const SLOW = `SELECT pg_sleep(${4 / SHOPS})`;
const SEASON = {
  name: `${VERSION}-add-season`,
  up: [
    'ALTER TABLE products ADD COLUMN season text',
    SLOW,
    'CREATE INDEX products_season_idx ON products (season)',
  ],
  down: ['ALTER TABLE products DROP COLUMN season', SLOW],
};

/** Separate server, which these tests stop and kill. */
const folder = scratchFolder();
const data = path.join(folder, 'postgres');
const server = new EmbeddedServer(data, 'test');
const next = programWith(SEASON);
let port: number;
let database: TestDatabase;

/** Waits until the server has executed everything that the killed runner had sent. */
async function fleet() {
  await until(
    () =>
      database.query(`SELECT FROM pg_stat_activity
        WHERE application_name IN ('stoa each tenant', 'stoa one tenant', 'stoa migrator')`),
    ({ length }) => length === 0,
  );
  return readFleet({ database });
}

const settings = () => ({ program: next.program, env: { DATABASE_URL: database.url } });
const runner = (...args: string[]) => spawnProgram('cli', ['migrate:tenants', ...args], settings());

async function countAt(version: number): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM public.tenants WHERE version = ${version}`,
  );
  return row!.count;
}

/** Backends that migrate. One whose runner was killed finishes the message that it has received. */
function backends(): Promise<{ pid: number }[]> {
  return database.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'stoa each tenant'`);
}

/** Breaks every connection: by a restart, or by killing a backend, after which the server recovers from its log. */
async function restart(how: 'orderly' | 'crash'): Promise<void> {
  if (how === 'orderly') await server.stop();
  else {
    const [backend] = await until(backends, ({ length }) => length > 0); // they reconnect after a backoff
    process.kill(backend!.pid, 'SIGKILL');
  }
  await server.start(port);
}

beforeAll(async () => {
  ({ port } = await server.start());
  const url = server.url(port, 'postgres');
  database = {
    name: 'postgres',
    url,
    query: <T extends object>(sql: string, values?: unknown[]) =>
      withClient(url, async (client) => (await client.query<T>(sql, values)).rows),
    drop: () => Promise.resolve(),
  };
  const app = await startTestApp({}, { database });
  await makeShops(app, SHOPS);
  await app.close();
});
afterAll(async () => {
  next.remove();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a runner that is killed', () => {
  it(`leaves complete tenants, ${KILLS} times at random moments, up and down`, async () => {
    let direction: string[] = [];
    for (let kills = 0; kills < KILLS;) {
      const target = direction.length === 0 ? VERSION : NEWEST;
      const before = await countAt(target);
      if (before === SHOPS) {
        direction = direction.length === 0 ? ['--undo'] : [];
        continue;
      }
      const child = runner(...direction);
      const ended = finish(child);
      await until(
        () => countAt(target),
        (count) => count > before,
      );
      await sleep(Math.random() * 150); // a random moment
      child.kill('SIGKILL');
      kills++;
      await ended;
      await until(backends, ({ length }) => length === 0);
      expect(unwhole(await fleet())).toEqual([]);
    }
  }, 300_000);

  it('releases its locks by itself, even in the middle of a long statement', async () => {
    const long = programWith(SEASON, {
      name: `${VERSION + 1}-wait`,
      up: 'SELECT pg_sleep(600) FROM members', // a new tenant has none
    });
    const waiting = spawnProgram('cli', ['migrate:tenants', '--statement-timeout', '900'], {
      ...settings(),
      program: long.program,
    });
    const ended = finish(waiting);
    const locks = () =>
      database.query(`SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND a.application_name = 'stoa each tenant'`);
    await until(locks, ({ length }) => length > 0);
    waiting.kill('SIGKILL');
    await ended;
    await until(locks, ({ length }) => length === 0);
    long.remove();
  });
});

describe('a runner that is interrupted', () => {
  it('finishes the current tenants, says how to continue, exits with 130, and continues', async () => {
    await runCli(['migrate:tenants', '--undo'], settings());
    const child = runner('--concurrency', '2');
    const ended = finish(child);
    await until(
      () => countAt(VERSION),
      (count) => count > 5,
    );
    child.kill('SIGINT');
    child.kill('SIGINT'); // npm forwards the signal that the terminal has already sent
    const { code, stdout } = await ended;
    expect([code, stdout]).toEqual([130, expect.stringContaining('Interrupted.')]);
    expect(stdout).toContain('To continue: npm run migrate:tenants -- --concurrency 2');
    const after = await fleet();
    expect(unwhole(after)).toEqual([]);
    const done = at(VERSION, after).length;
    expect(done).toBeLessThan(SHOPS);
    const rest = await runCli(['migrate:tenants', '--json'], settings());
    expect(JSON.parse(rest.stdout)).toMatchObject({ migrated: SHOPS - done, outcome: 'done' });
  });
});

describe('three runners and a server that goes away three times', () => {
  it('bring every tenant to the same shape, each step once, without a deadlock', async () => {
    await runCli(['migrate:tenants', '--undo'], settings());
    expect(await countAt(NEWEST)).toBe(SHOPS);
    await database.query(`DELETE FROM public.audit_log WHERE action = 'schema.migrated'`);
    const runners = [runner(), runner(), runner()];
    const ends = runners.map(finish);
    for (const [i, how] of (['orderly', 'crash', 'orderly'] as const).entries()) {
      await until(
        () => countAt(VERSION).catch(() => 0), // it is still recovering
        (count) => count > (SHOPS * (i + 1)) / 5,
      );
      await restart(how);
    }
    for (const { code, stdout, stderr } of await Promise.all(ends))
      expect([code, stdout, stderr]).toEqual([
        0,
        expect.stringContaining(' 0 failed'),
        expect.stringContaining('waiting'),
      ]);
    const after = await fleet();
    expect(at(VERSION, after)).toHaveLength(SHOPS);
    expect(unwhole(after)).toEqual([]);
    expect(new Set(after.map(({ shape }) => shape)).size).toBe(1);
    const steps = await database.query<{ steps: number; shops: number }>(
      `SELECT steps, count(*)::int AS shops FROM (SELECT count(*)::int AS steps FROM public.audit_log
       WHERE action = 'schema.migrated' GROUP BY shop_id) each GROUP BY steps`,
    );
    expect(steps).toEqual([{ steps: 1, shops: SHOPS }]);
    expect(readFileSync(path.join(data, 'server.log'), 'utf8')).not.toMatch(/deadlock/i);
  }, 300_000);
});
