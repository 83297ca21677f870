import { print } from './command';
import { inTurns, type Round } from './rounds';

/** A way to do what others do too. */
export interface Way {
  name: string;
  /** @param i counts calls, so that they can differ */
  readonly work: (i: number) => unknown;
}

/** What `resultOf` makes a line of. */
export interface Measured {
  name: string;
  what: string;
  unit: string;
  rounds: Round[];
}

interface Cost {
  /** Time of a call, or calls in a time, as who waits sees it. */
  seen: number;
  /** The process's own work on it, µs. */
  cpu: number;
}

/** Measures both in turns, after once that does not count: by then what runs often is compiled. */
async function costsInTurns(
  { name, what, unit, rounds }: Omit<Measured, 'rounds'> & { rounds: number },
  measure: Record<'value' | 'floor', () => Promise<Cost>>,
): Promise<Measured[]> {
  const cpu: Record<'value' | 'floor', number[]> = { value: [], floor: [] };
  const side = (of: 'value' | 'floor') => async () => {
    const cost = await measure[of]();
    cpu[of].push(cost.cpu);
    return cost.seen;
  };
  await measure.value();
  await measure.floor();
  const seen = await inTurns(rounds, { value: side('value'), floor: side('floor') }, ({ value, floor }) =>
    print(`${what}: ${value.toFixed(1)} and ${floor?.toFixed(1)} ${unit}`),
  );
  const ofCpu = cpu.value.map((value, i) => ({ value, floor: cpu.floor[i]! })); // a pair a round
  return [
    { name, what, unit, rounds: seen },
    { name: `${name}.cpu`, what: 'the same, CPU of the process', unit: 'µs', rounds: ofCpu },
  ];
}

/** Compares a way with the one that is used, in this process, one call after the other. */
export function compareWays(
  { name, what, rounds, calls }: { name: string; what: string; rounds: number; calls: number },
  way: Way,
  used: Way,
): Promise<Measured[]> {
  const measure =
    ({ work }: Way) =>
    async () => {
      const [started, before] = [performance.now(), process.cpuUsage()];
      for (let i = 0; i < calls; i++) {
        const done = work(i);
        if (done instanceof Promise) await done; // a turn of the queue would weigh on what takes a microsecond
      }
      const { user, system } = process.cpuUsage(before);
      return { seen: ((performance.now() - started) * 1000) / calls, cpu: (user + system) / calls };
    };
  return costsInTurns(
    { name, what: `${what}: ${way.name}; floor: ${used.name}`, unit: 'µs', rounds },
    { value: measure(way), floor: measure(used) },
  );
}
