import { setTimeout as sleep } from 'node:timers/promises';
import { adminOf } from '../src/database/installation';
import { freePort } from '../src/database/server/free-port';
import { withClient } from '../src/database/with-client';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { startApi } from './lib/api';
import { fillShops } from './lib/catalogue';
import { countArgument, print, start } from './lib/command';
import { makeFleet, settle } from './lib/fleet';
import { describeSetup } from './lib/machine';
import { report, resultOf } from './lib/results';
import { quantile } from './lib/rounds';
import { withServer } from './lib/server';
import { accessTokens } from './lib/tokens';
import { MixedLoad, placeOrders } from './soak/mixed-load';
import { byMinute, slopeOf, watch } from './soak/watch';

/**
 * Leaks under a mixed load: `npm run bench:soak -- 1000 20` with the numbers of shops and of minutes. A quarter of the time, five
 * minutes at most, warms up: all shops are known, and V8's heap has the size that the load needs.
 */
const SHOPS = countArgument(1, 1000);
const MINUTES = countArgument(2, 20);
const WARM_MINUTES = Math.min(5, MINUTES / 4);
/** Orders of each shop at the start: lists of 20 have their full size from then on. */
const ORDERS = 20;
const TEN_MINUTES = 600;
const TOKENS_MS = 240_000; // they expire after ten minutes

start(() =>
  withServer(async (installation, env) => {
    const { bootstrapUrl } = adminOf(installation);
    const setup = await describeSetup(bootstrapUrl);
    const ids = await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await fillShops(installation, 30);
    await settle(installation);
    const port = await freePort();
    const api = await startApi(installation, env, { METRICS_PORT: String(port), TENANT_POOL_SIZE: '10' });
    let renewal: NodeJS.Timeout | undefined;
    try {
      const tokens = await accessTokens(installation, ids);
      await placeOrders(api.ready, tokens, ORDERS);
      const load = new MixedLoad(api.ready, tokens);
      renewal = setInterval(() => {
        accessTokens(installation, ids).then(
          (renewed) => load.use(renewed),
          (error: unknown) => load.fail(error),
        );
      }, TOKENS_MS);
      await sleep(WARM_MINUTES * 60_000);
      const before = await seriesOf(port);
      const seen = await withClient(bootstrapUrl, 'soak', (client) =>
        watch(api.pid, client, (MINUTES - WARM_MINUTES) * 60),
      );
      const after = await seriesOf(port);
      clearInterval(renewal);
      await load.stop();
      print(
        `${load.times.length} requests, p99 ${quantile(load.times, 0.99).toFixed(0)} ms; ${load.summary()}`,
      );
      for (const name of after) if (!before.has(name)) print(`new series: ${name}`);
      if (load.failures > 0) throw new Error('requests failed');
      print(`memory by minute: ${byMinute(seen.resident).join(' ')} MiB`);
      const slope = slopeOf(seen.resident) * TEN_MINUTES;
      report('soak', [
        resultOf(
          setup,
          {
            name: 'soak.rss',
            what: `growth of the API's memory in ten minutes, ${SHOPS} shops`,
            unit: 'MiB',
            bar: { of: 'value', most: 5 },
          },
          [{ value: slope, floor: null }],
        ),
        resultOf(
          setup,
          {
            name: 'soak.idle',
            what: 'sessions idle in a transaction for over 5 s',
            unit: '',
            bar: { of: 'value', most: 0 },
          },
          [{ value: seen.idle, floor: null }],
        ),
        resultOf(
          setup,
          {
            name: 'soak.series',
            what: 'series of the metrics at the end; floor: after the warm-up',
            unit: '',
            bar: { of: 'difference', most: 0 },
          },
          [{ value: after.size, floor: before.size }],
        ),
      ]);
    } finally {
      clearInterval(renewal);
      await api.stop();
    }
  }),
);

/**
 * Series of the metrics: names with labels. Left out are those of Node that exist only while something of their type is open; the
 * names of the busiest shops, which change, count by their rank.
 */
async function seriesOf(port: number): Promise<Set<string>> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  if (!answer.ok) throw new Error(`the metrics answered ${answer.status}`);
  const lines = (await answer.text()).split('\n').filter((line) => /^(?!#|nodejs_active_)./.test(line));
  return new Set(lines.map((line) => line.slice(0, line.lastIndexOf(' ')).replace(/shop="[^"]*"/, '')));
}
