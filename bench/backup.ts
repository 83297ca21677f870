import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Env } from '../src/config/env';
import { adminOf, type Installation } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { withToolsServer } from './backup/server-with-tools';
import { CLI } from './lib/cli';
import { countArgument, print, start } from './lib/command';
import { environmentOf } from './lib/environment';
import { fillShop } from './lib/fill-shop';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { inTurns, type Round, seconds } from './lib/rounds';

/**
 * `shops:backup` and `shops:restore` of one shop against `pg_dump -Fc --schema` and `pg_restore` of the same shop:
 * `npm run bench:backup -- 1000000 5` with the numbers of rows and rounds. Whole commands are timed, start included, each in a
 * process of its own. `pg_restore` puts the schema into a database of its own, which is made before.
 */
const ROWS = countArgument(1, 1_000_000);
const ROUNDS = countArgument(2, 5);
const run = promisify(execFile);

start(() =>
  withToolsServer(async (installation, env, bin) => {
    const { bootstrapUrl } = adminOf(installation);
    const setup = await describeSetup(bootstrapUrl);
    const [shop] = await makeFleet(installation, await TenantMigrations.load(), 1);
    // About two variants a product, and orders of four lines: products, variants, orders and lines are 4.5 rows of each nine.
    await fillShop(installation, shop!, Math.round(ROWS * 0.2), Math.round(ROWS * 0.32)); // one was made
    const rows = await countRows(installation, shop!);
    print(`the shop has ${rows} rows`);
    const folder = path.join(env.DATA_DIR, 'files');
    mkdirSync(folder);
    const dump = path.join(env.DATA_DIR, 'shop.dump');
    const memory: Record<'backup' | 'restore', Round[]> = { backup: [], restore: [] };
    const schema = new TenantLocator().locate(shop!).schema;
    const dumpIt = () =>
      run(path.join(bin, 'pg_dump'), ['-Fc', `--schema=${schema}`, '-f', dump, '-d', bootstrapUrl]);
    const backups = await inTurns(
      ROUNDS,
      {
        value: () =>
          seconds(async () => {
            rmSync(folder, { recursive: true });
            const args = ['shops:backup', shop!, '--out', folder];
            memory.backup.push({ value: await command(installation, env, args), floor: null });
          }),
        floor: () => seconds(dumpIt),
      },
      ({ value, floor }) => print(`backup ${value.toFixed(1)} s, pg_dump ${floor?.toFixed(1)} s`),
    );
    const file = path.join(folder, readdirSync(folder)[0]!); // written by the last round
    let made = 0;
    const restores = await inTurns(
      ROUNDS,
      {
        value: () =>
          seconds(async () => {
            const args = ['shops:restore', file, '--as', `restored-${++made}`];
            memory.restore.push({ value: await command(installation, env, args), floor: null });
          }),
        floor: async () => {
          await onServer(bootstrapUrl, 'DROP DATABASE IF EXISTS floor', 'CREATE DATABASE floor');
          const url = new URL(bootstrapUrl);
          url.pathname = '/floor';
          return seconds(() => run(path.join(bin, 'pg_restore'), ['--exit-on-error', '-d', url.href, dump]));
        },
      },
      ({ value, floor }) => print(`restore ${value.toFixed(1)} s, pg_restore ${floor?.toFixed(1)} s`),
    );
    const bar = { of: 'ratio', most: 1.3 } as const;
    const peak = { unit: 'MiB', bar: { of: 'value', most: 150 } } as const;
    report('backup', [
      resultOf(
        setup,
        { name: 'backup.time', what: `shops:backup of ${rows} rows; floor: pg_dump -Fc`, unit: 's', bar },
        backups,
      ),
      resultOf(setup, { name: 'backup.memory', what: 'peak memory of that process', ...peak }, memory.backup),
      resultOf(
        setup,
        { name: 'restore.time', what: 'shops:restore --as of that file; floor: pg_restore', unit: 's', bar },
        restores,
      ),
      resultOf(
        setup,
        { name: 'restore.memory', what: 'peak memory of that process', ...peak },
        memory.restore,
      ),
    ]);
  }),
);

async function countRows(installation: Installation, shopId: string): Promise<number> {
  const { schema } = new TenantLocator().locate(shopId);
  return withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    const { rows } = await client.query<{ rows: number }>(
      `SELECT sum(c.reltuples)::float8 AS rows FROM pg_class c
       WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relkind = 'r' AND c.reltuples > 0`,
      [schema],
    );
    return rows[0]!.rows; // an aggregate has one row
  });
}

async function onServer(url: string, ...statements: string[]): Promise<void> {
  await withClient(url, 'bench', async (client) => {
    for (const sql of statements) await client.query(sql);
  });
}

/** Runs the command as an operator does. @returns its peak memory in MiB */
async function command(installation: Installation, env: Env, args: string[]): Promise<number> {
  const hook = path.join(__dirname, 'import', 'print-memory.js');
  const { stderr } = await run(process.execPath, ['--require', hook, ...CLI, ...args], {
    env: { ...environmentOf(installation, env), LOG_LEVEL: 'warn' },
  });
  const kibibytes = /peak memory (\d+) KiB/.exec(stderr)?.[1];
  if (kibibytes === undefined) throw new Error(stderr);
  return Number(kibibytes) / 1024;
}
