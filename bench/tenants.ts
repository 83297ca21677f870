import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { adminOf, type Installation } from '../src/database/installation';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { startApi } from './lib/api';
import { fillShops, shopIds } from './lib/catalogue';
import { print, start } from './lib/command';
import { makeFleet, settle } from './lib/fleet';
import { loadOf } from './lib/load';
import { describeSetup, type Setup } from './lib/machine';
import { backendMemory, memoryOf } from './lib/memory';
import type { Program } from './lib/program';
import { type Result, report, resultOf } from './lib/results';
import { median, type Round } from './lib/rounds';
import { withServer } from './lib/server';
import { accessTokens } from './lib/tokens';
import { plot } from './tenants/plot';

/**
 * Speed and memory as the number of shops grows: `npm run bench:tenants -- 10 100 1000 10000`. Each number of shops has its
 * own database server and API; requests for a list of products in random shops go to them in alternation.
 */
const COUNTS = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000, 10_000];
const ROUNDS = 7;
const SECONDS = 8;
const WARM_SECONDS = 15;
/** Shops warmed up per second: each receives about three requests before the first round. */
const WARMED = 170;
/** The size that docs/operations.md recommends for the largest of these numbers. */
const POOL = { TENANT_POOL_SIZE: '40' };
const PRODUCTS = 30;
const CONNECTIONS = 16;
const PATH = '/api/v1/products?limit=20';

interface Fleet {
  count: number;
  installation: Installation;
  api: Program;
  /** Valid for ten minutes, like those of users, so for all rounds. */
  tokens: string[];
  p50: number[];
  rates: number[];
  backends: number[];
  resident: number[];
}

start(() => withFleets(COUNTS, [], measure));

/** Nests the servers, so that all run at the same time. */
async function withFleets(
  counts: readonly number[],
  fleets: readonly Fleet[],
  work: (fleets: readonly Fleet[]) => Promise<void>,
): Promise<void> {
  const [count, ...more] = counts;
  if (count === undefined) return work(fleets);
  await withServer(async (installation, env) => {
    await makeFleet(installation, await TenantMigrations.load(), count);
    await fillShops(installation, PRODUCTS);
    await settle(installation);
    print(`${count} shops`);
    const api = await startApi(installation, env, POOL);
    const figures = { p50: [], rates: [], backends: [], resident: [] };
    try {
      await withFleets(more, [...fleets, { count, installation, api, tokens: [], ...figures }], work);
    } finally {
      await api.stop();
    }
  });
}

async function measure(fleets: readonly Fleet[]): Promise<void> {
  const setup = await describeSetup(adminOf(fleets[0]!.installation).bootstrapUrl); // COUNTS is not empty
  for (const fleet of fleets) {
    fleet.tokens = await accessTokens(fleet.installation, await shopIds(fleet.installation));
    await load(fleet, Math.max(WARM_SECONDS, fleet.count / WARMED));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const inTurn = round % 2 === 0 ? fleets : fleets.toReversed();
    for (const fleet of inTurn) await record(fleet);
    print(fleets.map(({ count, p50 }) => `${count}: ${p50.at(-1)!.toFixed(1)} ms`).join('  '));
  }
  report('tenants', rowsOf(setup, fleets));
  draw(fleets);
}

function load({ api, tokens }: Fleet, seconds: number) {
  return loadOf({ url: api.ready, path: PATH, tokens, connections: CONNECTIONS, seconds });
}

async function record(fleet: Fleet): Promise<void> {
  const { p50, perSecond } = await load(fleet, SECONDS);
  fleet.p50.push(p50);
  fleet.rates.push(perSecond);
  fleet.backends.push(Math.max(...(await backendMemory(fleet.installation))));
  fleet.resident.push(memoryOf(fleet.api.pid).resident);
}

function rowsOf(setup: Setup, fleets: readonly Fleet[]): Result[] {
  const [few] = fleets;
  return fleets.flatMap((fleet) => {
    const what = `20 products of ${fleet.count} shops at random, ${CONNECTIONS} connections; floor: ${few!.count} shops`;
    const against = (figures: (of: Fleet) => number[]) =>
      figures(fleet).map((value, i): Round => ({ value, floor: figures(few!)[i]! })); // as many rounds
    const row = (name: string, words: string, unit: string, bar: Parameters<typeof resultOf>[1]['bar']) => ({
      name: `tenants.${fleet.count}.${name}`,
      what: `${what}: ${words}`,
      unit,
      ...(bar && { bar }),
    });
    return [
      resultOf(
        setup,
        row('p50', 'p50', 'ms', { of: 'ratio', most: 1.5 }),
        against(({ p50 }) => p50),
      ),
      resultOf(
        setup,
        row('backend', 'memory of the largest server process', 'MiB', { of: 'value', most: 64 }),
        against(({ backends }) => backends),
      ),
      resultOf(
        setup,
        row('process', 'memory of the API', 'MiB', { of: 'difference', most: 20 }),
        against(({ resident }) => resident),
      ),
    ];
  });
}

function draw(fleets: readonly Fleet[]): void {
  const line = (name: string, unit: 'ms' | 'MiB', figures: (of: Fleet) => number[]) => ({
    name,
    unit,
    points: fleets.map((fleet) => [fleet.count, Number(median(figures(fleet)).toFixed(2))] as const),
  });
  const svg = plot('A list of 20 products, shops at random', [
    line('p50', 'ms', ({ p50 }) => p50),
    line('largest server process', 'MiB', ({ backends }) => backends),
    line('API', 'MiB', ({ resident }) => resident),
  ]);
  const file = path.resolve('bench', 'results', 'tenants.svg');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, svg);
  print(`drawn in ${path.relative('.', file)}`);
}
