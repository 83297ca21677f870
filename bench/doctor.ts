import { STOCK_LEDGER } from '../src/tenant/products/stock-check';
import { examine } from '../src/operations/drift/doctor';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { seconds } from './lib/rounds';
import { withServer } from './lib/server';

/** Creates tenants on an embedded server of its own and times doctor on them: `npm run bench:doctor -- 1000`. */
const TENANTS = countArgument(1, 1000);
const RUNS = 3;

start(() =>
  withServer(async (installation, env) => {
    const migrations = await TenantMigrations.load();
    const took = await seconds(() => makeFleet(installation, migrations, TENANTS));
    print(`${TENANTS} tenants created in ${took.toFixed(2)} s`);
    for (let run = 1; run <= RUNS; run++) {
      let found = 0;
      const took = await seconds(async () => {
        const { findings } = await examine(installation, env, migrations, [STOCK_LEDGER]);
        found = findings.length;
      });
      const mebibytes = Math.round(process.memoryUsage().rss / 2 ** 20);
      print(`doctor, run ${run}: ${took.toFixed(2)} s, ${found} finding(s), ${mebibytes} MiB`);
    }
  }),
);
