import { print } from './command';
import { inTurns, type Round } from './rounds';

/** One of several ways to do the same. */
export interface Way {
  name: string;
  /** @param i number of the call, so that calls can differ */
  readonly work: (i: number) => unknown;
}

/** The input of `resultOf` for one line. */
export interface Measured {
  name: string;
  what: string;
  unit: string;
  rounds: Round[];
}

interface Cost {
  /** Elapsed time of a call, µs. */
  elapsed: number;
  /** CPU time of the process per call, µs. */
  cpu: number;
}

/**
 * Compares a way with the one in use, in this process, one call at a time: in alternation, after one warm-up each, by which
 * hot code is compiled.
 */
export async function compareWays(
  { name, what, rounds, calls }: { name: string; what: string; rounds: number; calls: number },
  way: Way,
  used: Way,
): Promise<Measured[]> {
  const cpu: Record<'value' | 'floor', number[]> = { value: [], floor: [] };
  const side =
    (of: 'value' | 'floor', { work }: Way) =>
    async () => {
      const cost = await costOf(work, calls);
      cpu[of].push(cost.cpu);
      return cost.elapsed;
    };
  await costOf(way.work, calls);
  await costOf(used.work, calls);
  const compared = `${what}: ${way.name}; floor: ${used.name}`;
  const elapsed = await inTurns(
    rounds,
    { value: side('value', way), floor: side('floor', used) },
    ({ value, floor }) => print(`${compared}: ${value.toFixed(1)} and ${floor?.toFixed(1)} µs`),
  );
  const ofCpu = cpu.value.map((value, i) => ({ value, floor: cpu.floor[i]! })); // a pair per round
  return [
    { name, what: compared, unit: 'µs', rounds: elapsed },
    { name: `${name}.cpu`, what: 'the same, CPU of the process', unit: 'µs', rounds: ofCpu },
  ];
}

async function costOf(work: Way['work'], calls: number): Promise<Cost> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < calls; i++) {
    const done = work(i);
    if (done instanceof Promise) await done; // an await costs too much for a call of a microsecond
  }
  const { user, system } = process.cpuUsage(before);
  return { elapsed: ((performance.now() - started) * 1000) / calls, cpu: (user + system) / calls };
}
