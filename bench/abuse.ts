import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminOf, type Installation } from '../src/database/installation';
import { withClient } from '../src/database/with-client';
import { TenantMigrations } from '../src/tenancy/tenant-migrations';
import { type Attack, ATTACKS } from './abuse/attacks';
import { startApi } from './lib/api';
import { countArgument, print, start } from './lib/command';
import { fillShop } from './lib/fill-shop';
import { makeFleet } from './lib/fleet';
import { loadOf } from './lib/load';
import { describeSetup } from './lib/machine';
import { memoryOf } from './lib/memory';
import type { Program } from './lib/program';
import { report, type Result, resultOf } from './lib/results';
import { median, quantile, type Round } from './lib/rounds';
import { withServer } from './lib/server';
import { type Steady, steadyTimes } from './lib/steady-client';
import { accessTokens } from './lib/tokens';

/**
 * A shop beside clients that send half a request, far too much or read nothing: `npm run bench:abuse -- 5 10` with the numbers
 * of rounds and of seconds of each phase. A round is a phase without and one with the attack; a third argument names
 * one attack. The quiet shop lists 20 products 20 times a second, and must get 200 each time.
 */
const ROUNDS = countArgument(1, 5);
const SECONDS = countArgument(2, 10);
const ONLY = process.argv[4];
const PRODUCTS = 1000;
const EVERY_MS = 50;
const QUIET_PATH = '/api/v1/products?limit=20';
/** The bars: p99 as a multiple of that without the attack, and growth of memory in MiB. */
const MOST_TIMES = 2;
const MOST_MIB = 50;
const SAMPLE_MS = 100;
/** Load before the first round, so that V8's heap, its young generation above all, has the size that ordinary requests give it. */
const WARM = { connections: 50, seconds: 20 };

start(() =>
  withServer(async (installation, env) => {
    const setup = await describeSetup(adminOf(installation).bootstrapUrl);
    const ids = await makeFleet(installation, await TenantMigrations.load(), 2);
    const [quiet, attacker] = ids as [string, string];
    await fillShop(installation, quiet, PRODUCTS, 100);
    await fillShop(installation, attacker, PRODUCTS, 100);
    await liftRate(installation);
    const attacks = ATTACKS.filter(({ name }) => ONLY === undefined || name === ONLY);
    const results: Result[] = [];
    for (const attack of attacks) {
      const api = await startApi(installation, env); // each attack finds the same program
      try {
        results.push(...(await resultsOf(attack, api)));
      } finally {
        await api.stop();
      }
    }
    report('abuse', results);

    async function resultsOf(attack: Attack, api: Program): Promise<Result[]> {
      const [token, attackerToken] = (await accessTokens(installation, ids)) as [string, string];
      const steady: Steady = { url: api.ready + QUIET_PATH, token, everyMs: EVERY_MS };
      await loadOf({ url: api.ready, path: QUIET_PATH, tokens: [token], ...WARM });
      const { rounds, seen, growth } = await measure(attack, api, steady, attackerToken);
      print(`${attack.name}: ${JSON.stringify(seen)}`);
      const p99 = resultOf(
        setup,
        {
          ...{ name: `abuse.${attack.name}.p99`, unit: 'ms', bar: { of: 'ratio', most: MOST_TIMES } },
          what: `p99 beside ${attack.what}; floor: without`,
        },
        rounds,
      );
      const memory = resultOf(
        setup,
        {
          ...{ name: `abuse.${attack.name}.rss`, unit: 'MiB', bar: { of: 'value', most: MOST_MIB } },
          what: `growth of memory under ${attack.what}`,
        },
        [{ value: growth, floor: null }],
      );
      return [p99, memory];
    }
  }),
);

/** The quiet shop sends more a minute than its plan allows, and the attacker's shop is not refused for its rate either. */
function liftRate(installation: Installation): Promise<void> {
  return withClient(adminOf(installation).url, 'bench', async (client) => {
    await client.query(`UPDATE shops SET limits = '{"requestsPerMinute":null,"transactionsWaiting":10000}'`);
  });
}

async function measure(
  attack: Attack,
  api: Program,
  steady: Steady,
  token: string,
): Promise<{ rounds: Round[]; seen: object[]; growth: number }> {
  const rounds: Round[] = [];
  const seen: object[] = [];
  await steadyTimes(steady, 2);
  const before = memoryOf(api.pid).resident;
  let peak = before;
  for (let i = 0; i < ROUNDS; i++) {
    const floor = await steadyTimes(steady, SECONDS);
    const [times, counts, most] = await under(attack, api, token, () => steadyTimes(steady, SECONDS));
    peak = Math.max(peak, most);
    seen.push(counts);
    rounds.push({ value: quantile(times, 0.99), floor: quantile(floor, 0.99) });
    print(`${attack.name}: ${phase(floor)} without, ${phase(times)} with, ${most.toFixed(0)} MiB at most`);
    await sleep(1000);
  }
  const after = memoryOf(api.pid).resident;
  print(
    `${attack.name}: median p99 ${median(rounds.map(({ floor }) => floor!)).toFixed(1)} ms without, ` + // rounds have one
      `${median(rounds.map(({ value }) => value)).toFixed(1)} with; ` +
      `memory ${[before, peak, after].map((mib) => mib.toFixed(0)).join(', ')} MiB before, at most, after`,
  );
  return { rounds, seen, growth: peak - before };
}

function phase(times: number[]): string {
  return `p50 ${quantile(times, 0.5).toFixed(1)} p99 ${quantile(times, 0.99).toFixed(1)} ms`;
}

/** Does `work` while another process attacks. @returns its result, what the attacker's clients got, and the program's most memory */
async function under<T>(
  { name }: Attack,
  api: Program,
  token: string,
  work: () => Promise<T>,
): Promise<[T, object, number]> {
  const attacker = fork(path.join(__dirname, 'abuse', 'attacker.js'), [name, api.ready, token]);
  const exited = once(attacker, 'exit');
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, memoryOf(api.pid).resident)), SAMPLE_MS);
  try {
    await once(attacker, 'message');
    const result = await work();
    const [counts] = (attacker.send('end'), (await once(attacker, 'message')) as [object]);
    await exited;
    return [result, counts, peak];
  } finally {
    clearInterval(sampling);
    attacker.kill();
  }
}
