import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { adminOf } from '../src/database/installation';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { CLI } from './lib/cli';
import { countArgument, print, start } from './lib/command';
import { environmentOf } from './lib/environment';
import { makeFleet, settle } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { type Round, seconds } from './lib/rounds';
import { withServer } from './lib/server';

/** `shops:list` as a whole command, start included: `npm run bench:shops-list -- 10000 5` with the numbers of shops and of rounds. */
const SHOPS = countArgument(1, 10_000);
const ROUNDS = countArgument(2, 5);

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await settle(installation);
    const rounds: Record<'created' | 'size', Round[]> = { created: [], size: [] };
    for (let i = 0; i < ROUNDS; i++)
      for (const sort of ['created', 'size'] as const) {
        let listed = 0;
        const value = await seconds(async () => {
          const { stdout } = await promisify(execFile)(
            process.execPath,
            [...CLI, 'shops:list', '--sort', sort, '--json'],
            { env: { ...environmentOf(installation, env), LOG_LEVEL: 'warn' }, maxBuffer: 2 ** 27 },
          );
          listed = (JSON.parse(stdout) as { shops: unknown[] }).shops.length;
        });
        if (listed !== SHOPS) throw new Error(`${listed} shops listed`);
        print(`${sort} ${value.toFixed(2)} s`);
        rounds[sort].push({ value, floor: null });
      }
    const bar = { of: 'value', most: 2 } as const;
    report(
      'shops-list',
      (['created', 'size'] as const).map((sort) => {
        const what = `shops:list --sort ${sort} of ${SHOPS} shops`;
        return resultOf(setup, { name: `list.${sort}`, what, unit: 's', bar }, rounds[sort]);
      }),
    );
  }),
);
