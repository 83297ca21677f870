import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { countArgument, print, start } from './lib/command';
import { report, resultOf } from './lib/results';
import { median, quantile, type Round } from './lib/rounds';
import { withTwoShops } from './lib/two-shops';
import type { Noise } from './neighbours/noise';

/**
 * A shop beside a noisy one: `npm run bench:neighbours -- 60 2 pgbouncer` with the seconds of noise in each of three
 * rounds, the number of processes, and whether requests go through PgBouncer. The noisy shop searches its 50,000 products on 200 connections without a pause, refused
 * or not; the other lists 20 products five times a second. Fails if the noisy one gets an answer with 5xx, or the other
 * anything but 200.
 */
const SECONDS = countArgument(1, 60);
const WORKERS = countArgument(2, 1);
const IS_POOLED = process.argv[4] === 'pgbouncer';
const ROUNDS = 3;
const QUIET_SECONDS = 20;
const PRODUCTS = 50_000;
const NOISY_PATH = '/api/v1/products?limit=100&q=tee';
/** The bar: three times the quiet p99, or this if that is less. */
const LEAST_BAR_MS = 100;

start(() =>
  withTwoShops(
    { products: PRODUCTS, workers: WORKERS, isPooled: IS_POOLED },
    async ({ setup, url, noisy, quietTimes }) => {
      const rounds: Round[] = [];
      while (rounds.length < ROUNDS) {
        const before = await quietTimes(QUIET_SECONDS);
        const noise = makeNoise(url, noisy.token);
        const during = await quietTimes(SECONDS);
        print(`noisy shop: ${JSON.stringify(await noise)}; quiet shop: ${during.length} requests`);
        const value = quantile(during, 0.99);
        const [p50, p90] = [0.5, 0.9].map((share) => quantile(during, share).toFixed(0));
        print(`quiet shop: p50 ${p50} ms, p90 ${p90}, p99 ${value.toFixed(0)}`);
        rounds.push({ value, floor: quantile(before, 0.99) });
      }
      const most = Math.max(LEAST_BAR_MS, 3 * median(rounds.flatMap(({ floor }) => floor ?? [])));
      const way = `${WORKERS} processes${IS_POOLED ? ', PgBouncer' : ''}`;
      const what = `p99 of a list of 20 products, 5/s, beside 200 searches at once, ${way}; floor: before`;
      report(`neighbours-${WORKERS}${IS_POOLED ? '-pgbouncer' : ''}`, [
        resultOf(setup, { name: 'neighbours.p99', what, unit: 'ms', bar: { of: 'value', most } }, rounds),
      ]);
    },
  ),
);

/** @returns answers of the noisy shop by status */
async function makeNoise(url: string, token: string): Promise<Record<string, number>> {
  const args = [url + NOISY_PATH, token, String(SECONDS)];
  const child = fork(path.join(__dirname, 'neighbours', 'noise.js'), args);
  const told = once(child, 'message') as Promise<[Noise]>;
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the noise ended with ${code}`)),
  );
  const [{ errors, statuses }] = await Promise.race([told, ended]);
  if (errors > 0 || Object.keys(statuses).some((status) => status.startsWith('5')))
    throw new Error(`the noisy shop got ${errors} errors and ${JSON.stringify(statuses)}`);
  return statuses;
}
