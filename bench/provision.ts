import { adminOf } from '../src/database/installation';
import { print, start } from './lib/command';
import { describeSetup } from './lib/machine';
import { type Bar, report, type Result, resultOf } from './lib/results';
import { inTurns } from './lib/rounds';
import { withServer } from './lib/server';
import { FleetUnderTest } from './provision/fleet-under-test';

/**
 * The time for a new shop in fleets of several sizes, `npm run bench:provision -- 10 1000 10000`: the program against a bare
 * script, and the largest fleet against the smallest. These two are on separate servers, so that they can be measured in
 * alternation. Creating the shops takes most of the time. Measuring adds some hundred shops to each fleet.
 */
const [SMALLEST = 10, ...LARGER] = sizes(process.argv.slice(2));
const ROUNDS = 15;
const BARE: Bar = { of: 'ratio', most: 1.3 };
const FLAT: Bar = { of: 'ratio', most: 1.2 };

start(() =>
  withServer((one, env) =>
    withServer(async (other, otherEnv) => {
      const setup = await describeSetup(adminOf(one).bootstrapUrl);
      const results: Result[] = [];
      const small = new FleetUnderTest(one, env);
      await small.grow(SMALLEST);
      await againstScript(small, SMALLEST);
      const large = new FleetUnderTest(other, otherEnv);
      for (const size of LARGER) {
        await large.grow(size);
        print(`${size} shops created`);
        await againstScript(large, size);
      }
      const largest = LARGER.at(-1);
      if (largest !== undefined) {
        const what = `of ${largest} shops, against a fleet of ${SMALLEST}`;
        await measure(
          'flat',
          `new shop, nothing ready, in a fleet ${what}`,
          () => large.inline(),
          () => small.inline(),
          FLAT,
        );
        await measure(
          'flat.role',
          `new shop, roles ready, in a fleet ${what}`,
          () => large.inlineWithRole(),
          () => small.inlineWithRole(),
          FLAT,
        );
        await measure(
          'flat.pool',
          `new shop from the warm pool, in a fleet ${what}`,
          () => large.fromWarmPool(),
          () => small.fromWarmPool(),
        );
        await large.close();
      }
      await small.close();
      report('provision', results);

      async function againstScript(fleet: FleetUnderTest, size: number): Promise<void> {
        const what = `in a fleet of ${size}, against a bare pg script`;
        await measure(
          `inline.${size}`,
          `new shop, nothing ready, ${what}`,
          () => fleet.inline(),
          () => fleet.bareScript(),
          BARE,
        );
        await measure(
          `role.${size}`,
          `new shop, roles ready, ${what}`,
          () => fleet.inlineWithRole(),
          () => fleet.bareScriptWithRole(),
          BARE,
        );
        await measure(
          `pool.${size}`,
          `new shop from the warm pool, ${what} that creates it`,
          () => fleet.fromWarmPool(),
          () => fleet.bareScript(),
          { of: 'value', most: 5 },
        );
      }

      async function measure(
        name: string,
        what: string,
        value: () => Promise<number>,
        floor: () => Promise<number>,
        bar?: Bar,
      ): Promise<void> {
        await value(); // warm-up
        await floor();
        const rounds = await inTurns(ROUNDS, { value, floor }, (round) =>
          print(`${name}: ${round.value.toFixed(2)} ms, ${round.floor?.toFixed(2)} ms`),
        );
        results.push(
          resultOf(setup, { name: `provision.${name}`, what, unit: 'ms', ...(bar && { bar }) }, rounds),
        );
      }
    }),
  ),
);

function sizes(words: readonly string[]): number[] {
  const given = (words.length === 0 ? ['10', '1000', '10000'] : words).map(Number);
  if (given.some((size, i) => !Number.isInteger(size) || size <= (given[i - 1] ?? 0)))
    throw new Error('give numbers of shops in ascending order');
  return given;
}
