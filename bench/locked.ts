import { adminOf } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { TenantLocator } from '../src/tenancy/tenant-locator';
import { countArgument, print, start } from './lib/command';
import { report, resultOf } from './lib/results';
import { quantile } from './lib/rounds';
import { withTwoShops } from './lib/two-shops';

/**
 * A shop beside one whose table is locked: `npm run bench:locked -- 60` with the seconds of each of three locks. Two clients of the locked shop
 * ask without a pause, as many as the plan lets work at once; the other lists 20 products five times a second. Lock and peace
 * take turns, so that other load on the machine affects both alike.
 */
const SECONDS = countArgument(1, 60);
const ROUNDS = 3;
const CLIENTS = 2;
/** LOCK_TIMEOUT_MS: the standard plan has no limit of its own. */
const LOCK_MS = 5000;
/** How much longer than its lock timeout an answer may take. */
const MARGIN_MS = 500;
const MOST_RATIO = 1.5;

start(() =>
  withTwoShops(
    { products: 100, workers: 1, isPooled: false },
    async ({ setup, installation, url, noisy, quietTimes }) => {
      const { schema } = new TenantLocator().locate(noisy.id);
      const rounds = [];
      const locked: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const peace = await quietTimes(SECONDS);
        const during = await withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
          await client.query(`BEGIN; LOCK TABLE ${schema}.products`);
          const end = performance.now() + SECONDS * 1000;
          const clients = Array.from({ length: CLIENTS }, () => timesUntil(end, url, noisy.token));
          const times = await quietTimes(SECONDS);
          locked.push(...(await Promise.all(clients)).flat());
          return times;
        });
        rounds.push({ value: quantile(during, 0.99), floor: quantile(peace, 0.99) });
      }
      print(`${locked.length} answers of the locked shop`);
      const most = LOCK_MS + MARGIN_MS;
      report('locked', [
        resultOf(
          setup,
          {
            name: 'locked.others',
            what: 'p99 of a list of 20 products, 5/s, beside a shop whose table is locked; floor: without the lock',
            unit: 'ms',
            bar: { of: 'ratio', most: MOST_RATIO },
          },
          rounds,
        ),
        resultOf(
          setup,
          {
            name: 'locked.longest',
            what: 'longest answer of the locked shop',
            unit: 'ms',
            bar: { of: 'value', most },
          },
          [{ value: Math.max(...locked), floor: null }],
        ),
      ]);
    },
  ),
);

/** Milliseconds of requests one after the other. @throws Error for an answer other than 503 OVERLOADED */
async function timesUntil(end: number, url: string, token: string): Promise<number[]> {
  const times: number[] = [];
  while (performance.now() < end) {
    const started = performance.now();
    const answer = await fetch(`${url}/api/v1/products`, { headers: { authorization: `Bearer ${token}` } });
    const body = await answer.text();
    times.push(performance.now() - started);
    if (answer.status !== 503) throw new Error(`the locked shop got ${body}`);
  }
  return times;
}
