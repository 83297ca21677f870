import { examine } from '../src/operations/drift/doctor';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { seconds } from './lib/rounds';
import { withServer } from './lib/server';

/**
 * The time that doctor takes: `npm run bench:doctor -- 1000` with the number of tenants, which are created on an embedded
 * server of its own.
 */
const TENANTS = countArgument(1, 1000);
const RUNS = 3;

start(() =>
  withServer(async (installation, env) => {
    const migrations = await TenantMigrations.load();
    const creation = await seconds(() => makeFleet(installation, migrations, TENANTS));
    print(`${TENANTS} tenants created in ${creation.toFixed(2)} s`);
    for (let run = 1; run <= RUNS; run++) {
      let found = 0;
      const took = await seconds(async () => {
        const { findings } = await examine(installation, env, migrations);
        found = findings.length;
      });
      const mebibytes = Math.round(process.memoryUsage().rss / 2 ** 20);
      print(`doctor, run ${run}: ${took.toFixed(2)} s, ${found} finding(s), ${mebibytes} MiB`);
    }
  }),
);
