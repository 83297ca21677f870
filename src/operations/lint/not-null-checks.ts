import type { Node } from 'libpg-query';
import { bodyOf, namesOf } from './syntax-tree';

/**
 * Columns that a CHECK proves to be without nulls, in the way PostgreSQL proves it for SET NOT NULL: `IS NOT NULL`,
 * alone or joined by AND. A comparison does not do, for a CHECK lets through what is unknown.
 */
export function columnsProvedBy(condition: Node | undefined): string[] {
  const bool = bodyOf('BoolExpr', condition);
  if (bool?.boolop === 'AND_EXPR') return (bool.args ?? []).flatMap(columnsProvedBy);
  const test = bodyOf('NullTest', condition);
  if (test?.nulltesttype !== 'IS_NOT_NULL') return [];
  return namesOf(bodyOf('ColumnRef', test.arg)?.fields).slice(-1);
}
