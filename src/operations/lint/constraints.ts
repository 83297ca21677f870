import type { Constraint, ConstrType, Node } from 'libpg-query';
import type { LintContext, Violation } from './lint-finding';
import { bodyOf, defaultOf, type NewConstraint, newConstraintsOf } from '../syntax-tree';

/** SQL keywords of constraints that can be named and are checked against existing rows. */
const KEYWORDS: Partial<Record<ConstrType, string>> = {
  CONSTR_CHECK: 'CHECK',
  CONSTR_FOREIGN: 'FOREIGN KEY',
  CONSTR_UNIQUE: 'UNIQUE',
  CONSTR_PRIMARY: 'PRIMARY KEY',
  CONSTR_EXCLUSION: 'EXCLUDE',
};

export function* checkConstraints(statement: Node, context: LintContext): Generator<Violation> {
  const { migration, schema } = context;
  for (const added of newConstraintsOf(statement)) {
    const { table, constraint } = added;
    const keyword = KEYWORDS[constraint.contype ?? 'CONSTR_NULL'];
    if (keyword === undefined) continue;
    if (constraint.conname === undefined && constraint.indexname === undefined)
      yield { rule: 'unnamed-constraint', detail: `${keyword} on ${table}` };
    if ('CreateStmt' in statement || !schema.isExisting(table, migration.version)) continue;
    if (isReadingTable(added)) yield { rule: 'constraint-not-valid-first', detail: `${keyword} on ${table}` };
    yield* checkPrimaryKey(added, context);
  }
  const index = bodyOf('IndexStmt', statement);
  if (index !== undefined && index.idxname === undefined && migration.kind !== 'online')
    yield { rule: 'unnamed-constraint', detail: `an index on ${index.relation?.relname}` };
}

/** PostgreSQL skips the check of a foreign key on a column that is being added and is null in every row. */
function isReadingTable({ constraint, column }: NewConstraint): boolean {
  if (isKeyOrExclusion(constraint)) return constraint.indexname === undefined;
  const isForeign = constraint.contype === 'CONSTR_FOREIGN';
  if (isForeign && column !== undefined && defaultOf(column) === undefined) return false;
  return !constraint.skip_validation;
}

function isKeyOrExclusion({ contype }: Constraint): boolean {
  return contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_EXCLUSION';
}

/** ADD PRIMARY KEY USING INDEX sets the columns NOT NULL, at the cost of SET NOT NULL. */
function* checkPrimaryKey(
  { table, constraint }: NewConstraint,
  { schema }: LintContext,
): Generator<Violation> {
  if (constraint.contype !== 'CONSTR_PRIMARY' || constraint.indexname === undefined) return;
  for (const column of schema.columnsOf(constraint.indexname))
    if (!schema.provesNotNull(table, column))
      yield { rule: 'set-not-null-unchecked', detail: `the primary key makes ${table}.${column} NOT NULL` };
}
