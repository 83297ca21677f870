import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminOf } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { startApi } from './lib/api';
import { fillShops, variantId } from './lib/catalogue';
import { CLI } from './lib/cli';
import { countArgument, print, start } from './lib/command';
import { environmentOf } from './lib/environment';
import { fillShop } from './lib/fill-shop';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { quantile } from './lib/rounds';
import { withServer } from './lib/server';
import { accessTokens } from './lib/tokens';

/**
 * Requests of shops while all shops are backed up: `npm run bench:backup-fleet -- 500 1000000` with the numbers of shops and of
 * rows of the first one. Eight clients sell and read in the other shops, before and during `shops:backup --all`.
 */
const SHOPS = countArgument(1, 500);
const ROWS = countArgument(2, 1_000_000);
const CLIENTS = 8;
const QUIET_SECONDS = 20;
/** A person's pace, so that the processor is not the limit. */
const PAUSE_MS = 50;

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const ids = await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await fillShops(installation, 100);
    const large = (await makeFleet(installation, await TenantMigrations.load(), 1, SHOPS))[0]!; // one was made
    await fillShop(installation, large, Math.round(ROWS * 0.2), Math.round(ROWS * 0.32));
    const api = await startApi(installation, env);
    const tokens = await accessTokens(installation, ids);
    const clients = startClients(api.ready, tokens);
    await sleep(QUIET_SECONDS * 1000);
    const quiet = clients.times.splice(0);
    const folder = path.join(env.DATA_DIR, 'files');
    mkdirSync(folder);
    const started = performance.now();
    await backupAll({ ...environmentOf(installation, env), LOG_LEVEL: 'warn' }, folder);
    print(`backup of ${SHOPS + 1} shops: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    const during = clients.times.splice(0);
    await clients.stop();
    await api.stop();
    const saved = await withClient(adminOf(installation).url, 'bench', async (client) => {
      const { rows } = await client.query<{ files: number; rows: number }>(
        'SELECT count(*)::int AS files, sum(rows)::float8 AS rows FROM backups',
      );
      return rows[0]!; // an aggregate has one row
    });
    print(`${saved.files} files with ${saved.rows} rows; ${clients.errors} requests failed`);
    if (saved.files !== SHOPS + 1 || clients.errors > 0) throw new Error('a shop or a request failed');
    const what = `p99 of ${during.length} requests of ${CLIENTS} clients while ${SHOPS + 1} shops are backed up; floor: before`;
    const rounds = [{ value: quantile(during, 0.99), floor: quantile(quiet, 0.99) }];
    report('backup-fleet', [
      resultOf(setup, { name: 'backup.p99', what, unit: 'ms', bar: { of: 'ratio', most: 2 } }, rounds),
    ]);
  }),
);

function startClients(url: string, tokens: readonly string[]) {
  const state = { times: [] as number[], errors: 0, isOver: false };
  const body = JSON.stringify({ lines: [{ variantId: variantId(1), quantity: 1 }] });
  const client = async () => {
    for (let i = 0; !state.isOver; i++) {
      const headers = {
        authorization: `Bearer ${tokens[Math.floor(Math.random() * tokens.length)]}`,
        'content-type': 'application/json',
      };
      const started = performance.now();
      const answer = await (i % 2 === 0
        ? fetch(`${url}/api/v1/products?limit=20`, { headers })
        : fetch(`${url}/api/v1/orders`, { method: 'POST', headers, body }));
      await answer.arrayBuffer();
      state.times.push(performance.now() - started);
      if (!answer.ok) state.errors++;
      await sleep(PAUSE_MS);
    }
  };
  const running = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    get times() {
      return state.times;
    },
    get errors() {
      return state.errors;
    },
    stop: () => ((state.isOver = true), running),
  };
}

async function backupAll(env: Record<string, string>, folder: string): Promise<void> {
  const child = spawn(process.execPath, [...CLI, 'shops:backup', '--all', '--out', folder], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`shops:backup ended with ${code}`);
}
