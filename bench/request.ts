import { adminOf, type Installation } from '../src/database/installation';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { startApi } from './lib/api';
import { fillShops, shopIds } from './lib/catalogue';
import { countArgument, print, start } from './lib/command';
import { makeFleet } from './lib/fleet';
import { type Load, loadOf } from './lib/load';
import { describeSetup, type Setup } from './lib/machine';
import { type Program, startProgram } from './lib/program';
import { type Result, report, resultOf } from './lib/results';
import { inTurns, type Round } from './lib/rounds';
import { withServer } from './lib/server';
import { accessTokens } from './lib/tokens';

/**
 * A list of 20 products over HTTP, in random shops: `npm run bench:request -- 5 8` with the number of rounds and the seconds of
 * each. One process of the API against one of bare `node:http`, on one embedded server; this process generates the load.
 */
const ROUNDS = countArgument(1, 5);
const SECONDS = countArgument(2, 8);
const WARM_SECONDS = 10;
const SHOPS = 200;
const PRODUCTS = 30;
const PATH = '/api/v1/products?limit=20';
const POOL_SIZE = '10';

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    await makeFleet(installation, await TenantMigrations.load(), SHOPS);
    await fillShops(installation, PRODUCTS);
    const api = await startApi(installation, env, { TENANT_POOL_SIZE: POOL_SIZE });
    const floor = await startFloor(installation);
    const results: Result[] = [];
    for (const connections of [16, 64]) results.push(...(await measure(connections)));
    await api.stop();
    await floor.stop();
    report('request', results);

    async function measure(connections: number): Promise<Result[]> {
      const shops = await shopIds(installation);
      const loads: Record<'value' | 'floor', Load[]> = { value: [], floor: [] };
      const load = async (side: 'value' | 'floor', url: string, seconds: number) => {
        const tokens = await accessTokens(installation, shops);
        const found = await loadOf({ url, path: PATH, tokens, connections, seconds });
        loads[side].push(found);
        return found.perSecond;
      };
      await load('value', api.ready, WARM_SECONDS); // each connection reads the catalogue of each shop once
      await load('floor', floor.ready, WARM_SECONDS);
      loads.value = [];
      loads.floor = [];
      const rates = await inTurns(
        ROUNDS,
        {
          value: () => load('value', api.ready, SECONDS),
          floor: () => load('floor', floor.ready, SECONDS),
        },
        (round) =>
          print(
            `${connections} connections: ${round.value.toFixed(0)}/s, floor ${round.floor?.toFixed(0)}/s`,
          ),
      );
      const p99 = loads.value.map((one, i): Round => ({ value: one.p99, floor: loads.floor[i]!.p99 })); // of equal length
      return rowsOf(setup, connections, rates, p99);
    }
  }),
);

function rowsOf(setup: Setup, connections: number, rates: Round[], p99: Round[]): Result[] {
  const what = `20 products of ${SHOPS} shops at random, ${connections} connections, one process`;
  const name = `request.${connections}`;
  return [
    resultOf(
      setup,
      { name: `${name}.rate`, what, unit: 'requests/s', bar: { of: 'ratio', least: 0.6 } },
      rates,
    ),
    resultOf(
      setup,
      { name: `${name}.p99`, what: `${what}: p99`, unit: 'ms', bar: { of: 'ratio', most: 2 } },
      p99,
    ),
  ];
}

async function startFloor(installation: Installation): Promise<Program> {
  const program = await startProgram(
    'bench/request/floor-server.js',
    {
      TENANT_URL: installation.logins.tenant,
      PUBLIC_URL: adminOf(installation).url,
      POOL_SIZE,
    },
    /^ready on (\d+)$/,
  );
  return { ...program, ready: `http://127.0.0.1:${program.ready}` };
}
