import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Env } from '../src/config/env';
import { adminOf, type Installation } from '../src/database/installation';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { clear, copyRows, saveRows } from './import/copy';
import { historyFile } from './import/history-file';
import { countArgument, print, start } from './lib/command';
import { environmentOf } from './lib/environment';
import { makeFleet } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { inTurns, type Round, seconds } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * `orders:import` of 525,461 lines against COPY of the resulting rows: `npm run bench:import -- 5` with the number of rounds.
 * Both fill the same tables with the same constraints and indexes, in an empty shop. The whole command is timed, including
 * its start, in a process of its own, whose memory is measured too.
 */
const ROUNDS = countArgument(1, 5);
const run = promisify(execFile);

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const made = await makeFleet(installation, await TenantMigrations.load(), 2 * ROUNDS + 1);
    const file = await historyFile(env.DATA_DIR);
    const shops = made.values();
    const nextShop = () => shops.next().value!; // one is made for each call
    const memory: Round[] = [];
    const first = nextShop();
    await importCommand(installation, env, file, first);
    const lines = await saveRows(installation, schemaOf(first));
    await clear(installation, schemaOf(first));
    const measured = async (shop: string, work: () => Promise<unknown>) => {
      const took = await seconds(work);
      await clear(installation, schemaOf(shop));
      return took;
    };
    const rounds = await inTurns(
      ROUNDS,
      {
        value: () => {
          const shop = nextShop();
          return measured(shop, async () =>
            memory.push({ value: await importCommand(installation, env, file, shop), floor: null }),
          );
        },
        floor: () => {
          const shop = nextShop();
          return measured(shop, () => copyRows(installation, schemaOf(shop)));
        },
      },
      ({ value, floor }) => print(`import ${value.toFixed(1)} s, COPY ${floor?.toFixed(1)} s`),
    );
    const origin = file.startsWith(env.DATA_DIR) ? 'made-up lines' : 'lines';
    const what = `${lines} ${origin} of past orders, the whole command; floor: COPY of the resulting rows`;
    report('import', [
      resultOf(setup, { name: 'import.time', what, unit: 's', bar: { of: 'ratio', most: 3 } }, rounds),
      resultOf(
        setup,
        {
          name: 'import.memory',
          what: 'peak memory of that process',
          unit: 'MiB',
          bar: { of: 'value', most: 200 },
        },
        memory,
      ),
    ]);
  }),
);

function schemaOf(shop: string): string {
  return new TenantLocator().locate(shop).schema;
}

/** Runs the command as an operator does. @returns its peak memory in MiB */
async function importCommand(
  installation: Installation,
  env: Env,
  file: string,
  shop: string,
): Promise<number> {
  const root = path.join(__dirname, '..');
  const hook = path.join(__dirname, 'import', 'print-memory.js');
  const args = ['--require', hook, path.join(root, 'src', 'cli.js'), 'orders:import', file, '--shop', shop];
  const { stderr } = await run(process.execPath, args, {
    env: { ...environmentOf(installation, env), LOG_LEVEL: 'warn' },
  });
  const kibibytes = /peak memory (\d+) KiB/.exec(stderr)?.[1];
  if (kibibytes === undefined) throw new Error(stderr);
  return Number(kibibytes) / 1024;
}
