import { KEEP_PROBLEM, type Keep, parseKeep } from '../../../config/backups';
import { TargetError } from '../../../files/targets.errors';

const DAY_MS = 86_400_000;

/** Reads the value of `--keep`. @throws TargetError BACKUP_KEEP_INVALID */
export function keepOf(text: string): Keep {
  const keep = parseKeep(text);
  if (keep === null) throw new TargetError('BACKUP_KEEP_INVALID', `--keep ${KEEP_PROBLEM}.`);
  return keep;
}

/**
 * Divides the backups of one shop. Kept are the newest of all, and the newest of each of the last days, weeks (from Monday),
 * months and years that have one, in UTC. Time that passes without a backup removes nothing.
 */
export function chooseKept<T extends { readonly madeAt: Date }>(
  backups: readonly T[],
  keep: Keep,
): { kept: T[]; surplus: T[] } {
  const newestFirst = backups.toSorted((a, b) => b.madeAt.getTime() - a.madeAt.getTime());
  const kept = new Set(newestFirst.slice(0, 1));
  const rules: [number, (madeAt: Date) => string | number][] = [
    [keep.days, (madeAt) => Math.floor(madeAt.getTime() / DAY_MS)],
    [keep.weeks, (madeAt) => Math.floor((madeAt.getTime() / DAY_MS + 3) / 7)], // 1 January 1970 was a Thursday
    [keep.months, (madeAt) => madeAt.toISOString().slice(0, -17)],
    [keep.years, (madeAt) => madeAt.getUTCFullYear()],
  ];
  for (const [count, periodOf] of rules) {
    const periods = new Set<string | number>();
    for (const backup of newestFirst) {
      if (periods.size === count) break;
      const period = periodOf(backup.madeAt);
      if (!periods.has(period)) kept.add(backup);
      periods.add(period);
    }
  }
  return {
    kept: newestFirst.filter((backup) => kept.has(backup)),
    surplus: newestFirst.filter((backup) => !kept.has(backup)),
  };
}
