import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineClient } from '../../src/database/engine-client';
import { memoryOf } from '../lib/memory';
import { quantile } from '../lib/rounds';

export interface Sample {
  seconds: number;
  mib: number;
}

const IDLE = `SELECT count(*)::int AS count FROM pg_stat_activity
  WHERE state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > interval '5 s'`;

/** Looks at the process and at the server's sessions once a second. @returns the memory, and the most idle sessions */
export async function watch(
  pid: number,
  client: EngineClient,
  seconds: number,
): Promise<{ resident: Sample[]; idle: number }> {
  const resident: Sample[] = [];
  let idle = 0;
  const started = performance.now();
  const passed = () => (performance.now() - started) / 1000;
  while (passed() < seconds) {
    resident.push({ seconds: passed(), mib: memoryOf(pid).resident });
    const { rows } = await client.query<{ count: number }>(IDLE);
    idle = Math.max(idle, rows[0]!.count); // an aggregate has one row
    await sleep(1000);
  }
  return { resident, idle };
}

/** Median of each minute, MiB: shows whether memory grows, or rises and falls with collections. */
export function byMinute(samples: readonly Sample[]): number[] {
  const minutes = Math.ceil((samples.at(-1)?.seconds ?? 0) / 60);
  return Array.from({ length: minutes }, (_, minute) => {
    const inside = samples.filter(({ seconds }) => Math.floor(seconds / 60) === minute);
    return Math.round(
      quantile(
        inside.map(({ mib }) => mib),
        0.5,
      ),
    );
  });
}

/** Slope of the line of least squares, MiB a second. */
export function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const [x, y] = [mean(({ seconds }) => seconds), mean(({ mib }) => mib)];
  const covariance = mean(({ seconds, mib }) => (seconds - x) * (mib - y));
  return covariance / mean(({ seconds }) => (seconds - x) ** 2);
}
