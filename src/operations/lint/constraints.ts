import type { Constraint, ConstrType, Node } from 'libpg-query';
import type { Breach, Place } from './lint-finding';
import { bodyOf, defaultOf, type NewConstraint, newConstraintsOf } from './syntax-tree';

const SPOKEN: Partial<Record<ConstrType, string>> = {
  CONSTR_CHECK: 'CHECK',
  CONSTR_FOREIGN: 'FOREIGN KEY',
  CONSTR_UNIQUE: 'UNIQUE',
  CONSTR_PRIMARY: 'PRIMARY KEY',
  CONSTR_EXCLUSION: 'EXCLUDE',
};

/** Constraints that have a name and are checked against rows: not NOT NULL, DEFAULT and the like. */
export function* checkConstraints(statement: Node, place: Place): Generator<Breach> {
  const isCreating = 'CreateStmt' in statement;
  for (const made of newConstraintsOf(statement)) {
    const { table, constraint } = made;
    const kind = SPOKEN[constraint.contype ?? 'CONSTR_NULL'];
    if (kind === undefined) continue;
    if (constraint.conname === undefined && constraint.indexname === undefined)
      yield { rule: 'unnamed-constraint', detail: `${kind} on ${table}` };
    if (isCreating || !place.schema.isExisting(table, place.migration.version)) continue;
    if (readsTheTable(made)) yield { rule: 'constraint-not-valid-first', detail: `${kind} on ${table}` };
    yield* nullsOfKey(made, place);
  }
  const index = bodyOf('IndexStmt', statement);
  if (index !== undefined && index.idxname === undefined && place.migration.kind !== 'online')
    yield { rule: 'unnamed-constraint', detail: `an index on ${index.relation?.relname}` };
}

/** A key on a column that is being added and is null in every row is taken as valid unread. */
function readsTheTable({ constraint, column }: NewConstraint): boolean {
  if (isKeyOrExclusion(constraint)) return constraint.indexname === undefined;
  const isForeign = constraint.contype === 'CONSTR_FOREIGN';
  if (isForeign && column !== undefined && defaultOf(column) === undefined) return false;
  return !constraint.skip_validation;
}

function isKeyOrExclusion({ contype }: Constraint): boolean {
  return contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_EXCLUSION';
}

/** A primary key made of an index sets its columns NOT NULL, at the price of SET NOT NULL. */
function* nullsOfKey({ table, constraint }: NewConstraint, { schema }: Place): Generator<Breach> {
  if (constraint.contype !== 'CONSTR_PRIMARY' || constraint.indexname === undefined) return;
  for (const column of schema.columnsOf(constraint.indexname))
    if (!schema.provesNotNull(table, column))
      yield { rule: 'set-not-null-unchecked', detail: `the primary key makes ${table}.${column} NOT NULL` };
}
