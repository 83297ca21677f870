import type { Difference } from '../structure';
import type { Drift } from '../drift';
import { type Part, partsOf } from './component';
import { qualified, type Statement } from './statement';

export function mendIndexes(drift: Drift, why: (row: Difference) => string): Statement[] {
  const expected = partsOf(drift, 'expected', 'index');
  const found = partsOf(drift, 'found', 'index');
  return drift.structure
    .filter(({ kind }) => kind === 'index')
    .flatMap((row): Statement[] => {
      const [wanted, present] = [expected.get(row.object), found.get(row.object)];
      const isBroken = row.found?.endsWith(' INVALID') === true;
      if (isBroken && (present?.parts.behind === true || row.found === `${row.expected} INVALID`))
        return [rebuild(drift, row.object, [why(row)])];
      const sql = `DROP INDEX ${qualified(drift, row.object)}`;
      return [
        ...(present === undefined ? [] : [{ phase: 'drop indexes' as const, sql, why: [why(row)] }]),
        ...(wanted === undefined ? [] : [indexStatement(wanted, [why(row)])]),
      ];
    });
}

function rebuild(drift: Drift, index: string, why: string[]): Statement {
  const cautions = [
    'BLOCKS: nobody writes to the table meanwhile; REINDEX INDEX CONCURRENTLY, by hand, lets them',
  ];
  return { phase: 'indexes', sql: `REINDEX INDEX ${qualified(drift, index)}`, why, cautions };
}

export function indexStatement({ parts }: Part<'index'>, why: string[]): Statement {
  const cautions = parts.unique ? ['MAY FAIL: when rows are equal in these columns'] : [];
  return { phase: 'indexes', sql: parts.definition, why, cautions };
}
