import type { Drift } from '../drift';
import { observationOf } from '../structure';
import { type Component, componentsOf } from './component';
import { qualified, reasonOf, type Statement } from './statement';

export function repairIndexes(drift: Drift): Statement[] {
  const expected = componentsOf(drift, 'expected', 'index');
  const found = componentsOf(drift, 'found', 'index');
  return drift.structure
    .filter(({ kind }) => kind === 'index')
    .flatMap((row): Statement[] => {
      const [wanted, present] = [expected.get(row.object), found.get(row.object)];
      const index = qualified(drift, row.object);
      const why = [reasonOf(observationOf(row))];
      const isInvalid = row.found?.endsWith(' INVALID') === true;
      const isRightOtherwise =
        present?.components.backsConstraint === true || row.found === `${row.expected} INVALID`;
      if (isInvalid && isRightOtherwise) return [rebuild(index, why)];
      return [
        ...(present === undefined
          ? []
          : [{ phase: 'drop indexes' as const, sql: `DROP INDEX ${index}`, why }]),
        ...(wanted === undefined ? [] : [indexStatement(wanted, why)]),
      ];
    });
}

function rebuild(index: string, why: string[]): Statement {
  const cautions = [
    'BLOCKS: writes to the table wait meanwhile; they do not for REINDEX INDEX CONCURRENTLY, by hand',
  ];
  return { phase: 'indexes', sql: `REINDEX INDEX ${index}`, why, cautions };
}

export function indexStatement({ components }: Component<'index'>, why: string[]): Statement {
  const cautions = components.unique ? ['MAY FAIL: if rows are equal in these columns'] : [];
  return { phase: 'indexes', sql: components.definition, why, cautions };
}
