/** Runs `work`. @returns the seconds it took */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!; // an odd length is never 0
  return (sorted[middle - 1]! + sorted[middle]!) / 2; // callers have at least one round
}

/** The value below which the given share of all values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** One round: the measured value and the floor; null if there is none. */
export interface Round {
  value: number;
  floor: number | null;
}

/**
 * Measures value and floor in alternation, so that other load on the machine affects both alike; the first one alternates too.
 * @param measure returns one measurement and leaves no trace
 */
export async function inTurns(
  rounds: number,
  measure: Record<'value' | 'floor', () => Promise<number>>,
  onRound: (round: Round) => void,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    const round = { value: 0, floor: 0 };
    for (const side of i % 2 === 0 ? (['value', 'floor'] as const) : (['floor', 'value'] as const))
      round[side] = await measure[side]();
    onRound(round);
    done.push(round);
  }
  return done;
}
