import { adminOf } from '../src/database/installation';
import { print, start } from './lib/command';
import { describeSetup, type Setup } from './lib/machine';
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
const WARM: Bar = { of: 'value', most: 5 };

start(() =>
  withServer((one, env) =>
    withServer(async (other, otherEnv) => {
      const comparison = new Comparison(await describeSetup(adminOf(one).bootstrapUrl));
      const small = new FleetUnderTest(one, env);
      await small.grow(SMALLEST);
      await comparison.withScript(small, SMALLEST);
      const large = new FleetUnderTest(other, otherEnv);
      for (const size of LARGER) {
        await large.grow(size);
        print(`${size} shops created`);
        await comparison.withScript(large, size);
      }
      const largest = LARGER.at(-1);
      if (largest !== undefined) {
        await comparison.betweenFleets(large, small, `of ${largest} shops, against a fleet of ${SMALLEST}`);
        await large.close();
      }
      await small.close();
      report('provision', comparison.results);
    }),
  ),
);

type Measurement = () => Promise<number>;

class Comparison {
  readonly results: Result[] = [];

  constructor(private readonly setup: Setup) {}

  async withScript(fleet: FleetUnderTest, size: number): Promise<void> {
    const what = `in a fleet of ${size}, against a bare pg script`;
    await this.measure(
      `inline.${size}`,
      `new shop, nothing ready, ${what}`,
      () => fleet.inline(),
      () => fleet.bareScript(),
      BARE,
    );
    await this.measure(
      `role.${size}`,
      `new shop, roles ready, ${what}`,
      () => fleet.inlineWithRole(),
      () => fleet.bareScriptWithRole(),
      BARE,
    );
    await this.measure(
      `pool.${size}`,
      `new shop from the warm pool, ${what} that creates it`,
      () => fleet.fromWarmPool(),
      () => fleet.bareScript(),
      WARM,
    );
  }

  /** Both servers have just had a checkpoint: a new shop costs most then, and the larger catalogue has more pages to write. */
  async betweenFleets(large: FleetUnderTest, small: FleetUnderTest, what: string): Promise<void> {
    const settled = async (name: string, ready: string, way: (fleet: FleetUnderTest) => Promise<number>) => {
      await small.settle();
      await large.settle();
      await this.measure(
        name,
        `new shop${ready}, in a fleet ${what}`,
        () => way(large),
        () => way(small),
        FLAT,
      );
    };
    await settled('flat', ', nothing ready', (fleet) => fleet.inline());
    await settled('flat.role', ', roles ready', (fleet) => fleet.inlineWithRole());
    await settled('flat.pool', ' from the warm pool', (fleet) => fleet.fromWarmPool());
  }

  private async measure(
    name: string,
    what: string,
    value: Measurement,
    floor: Measurement,
    bar: Bar,
  ): Promise<void> {
    await value(); // warm-up
    await floor();
    const rounds = await inTurns(ROUNDS, { value, floor }, (round) =>
      print(`${name}: ${round.value.toFixed(2)} ms, ${round.floor?.toFixed(2)} ms`),
    );
    this.results.push(resultOf(this.setup, { name: `provision.${name}`, what, unit: 'ms', bar }, rounds));
  }
}

function sizes(words: readonly string[]): number[] {
  const given = (words.length === 0 ? ['10', '1000', '10000'] : words).map(Number);
  if (given.some((size, i) => !Number.isInteger(size) || size <= (given[i - 1] ?? 0)))
    throw new Error('give numbers of shops in ascending order');
  return given;
}
