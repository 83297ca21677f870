import fc from 'fast-check';
import { chooseKept, keepOf } from './retention';

const at = (...dates: string[]) => dates.map((date) => ({ madeAt: new Date(date) }));
const kept = (keep: string, ...dates: string[]) =>
  chooseKept(at(...dates), keepOf(keep)).kept.map(({ madeAt }) => madeAt.toISOString().slice(0, 16));

describe('backups that are kept', () => {
  it('are the newest of each of the last days that have one', () => {
    expect(
      kept('2d', '2026-11-01T10:00Z', '2026-11-05T01:00Z', '2026-11-09T23:59Z', '2026-11-09T00:00Z'),
    ).toEqual(['2026-11-09T23:59', '2026-11-05T01:00']);
  });

  it('end a week with Sunday', () => {
    // Sunday, Monday and Sunday
    expect(kept('2w', '2026-11-22T23:59Z', '2026-11-23T00:00Z', '2026-11-29T12:00Z')).toEqual([
      '2026-11-29T12:00',
      '2026-11-22T23:59',
    ]);
  });

  it('are those of months and of years in UTC', () => {
    const dates = ['2025-12-31T23:59Z', '2026-01-01T00:00Z', '2026-01-31T00:00Z', '2026-02-01T00:00Z'];
    expect(kept('9m', ...dates)).toEqual(['2026-02-01T00:00', '2026-01-31T00:00', '2025-12-31T23:59']);
    expect(kept('9y', ...dates)).toEqual(['2026-02-01T00:00', '2025-12-31T23:59']);
  });

  it('are kept by any of the rules', () => {
    expect(kept('1d2m', '2026-10-03T00:00Z', '2026-11-02T00:00Z', '2026-11-03T00:00Z')).toEqual([
      '2026-11-03T00:00',
      '2026-10-03T00:00',
    ]);
  });

  it('are none of none', () => {
    expect(chooseKept([], keepOf('7d'))).toEqual({ kept: [], surplus: [] });
  });

  it('are refused a wrong rule with an example', () => {
    expect(() => keepOf('a week')).toThrow(/^BACKUP_KEEP_INVALID: .*7d4w12m/);
  });

  it('include the newest, are no more than the counts, and are the same the second time', () => {
    const count = fc.integer({ min: 0, max: 5 });
    const rule = fc.record({ days: count, weeks: count, months: count, years: count });
    const dates = fc.date({ min: new Date('2020-01-01'), max: new Date('2027-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(fc.array(dates, { maxLength: 200 }), rule, (made, keep) => {
        const backups = made.map((madeAt) => ({ madeAt }));
        const once = chooseKept(backups, keep);
        const most = keep.days + keep.weeks + keep.months + keep.years + 1;
        expect(once.kept.length).toBeLessThanOrEqual(most);
        expect(new Set([...once.kept, ...once.surplus])).toEqual(new Set(backups));
        expect(once.kept.length + once.surplus.length).toBe(backups.length);
        const newest = made
          .map(Number)
          .toSorted((a, b) => a - b)
          .slice(-1);
        expect(once.kept.slice(0, 1).map(({ madeAt }) => Number(madeAt))).toEqual(newest);
        expect(chooseKept(once.kept, keep)).toEqual({ kept: once.kept, surplus: [] });
      }),
    );
  });
});
