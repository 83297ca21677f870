import type { Node } from 'libpg-query';
import type { Violation } from './lint-finding';
import { alterationsOf, bodyOf, functionsIn, newColumnsOf, newConstraintsOf } from '../syntax-tree';

const NEWER_FUNCTION = /^uuidv[47]$/;

/** Reports DDL that PostgreSQL 18 parses and 15 does not. Of newer expressions it knows these two functions only. */
export function* checkNewerSyntax(statement: Node): Generator<Violation> {
  for (const detail of new Set(newerIn(statement))) yield { rule: 'newer-syntax', detail };
}

function* newerIn(statement: Node): Generator<string> {
  for (const { constraint, column } of newConstraintsOf(statement)) {
    const { contype } = constraint;
    if (contype === 'CONSTR_NOTNULL' && column === undefined) yield 'NOT NULL as a table constraint (18)';
    if (contype === 'CONSTR_GENERATED' && constraint.generated_kind === 'v') yield 'a virtual column (18)';
    if (['CONSTR_CHECK', 'CONSTR_FOREIGN'].includes(contype ?? '') && !constraint.is_enforced)
      yield 'NOT ENFORCED (18)';
    if (constraint.without_overlaps || constraint.fk_with_period) yield 'a key with a period (18)';
  }
  for (const { column } of newColumnsOf(statement))
    if (column.storage_name !== undefined) yield 'STORAGE in CREATE TABLE (16)';
  for (const { command } of alterationsOf(statement)) {
    const { alterEnforceability, alterInheritability } = bodyOf('ATAlterConstraint', command.def) ?? {};
    if (alterEnforceability || alterInheritability) yield 'ALTER CONSTRAINT … ENFORCED or INHERIT (18)';
    if (command.subtype === 'AT_SetExpression') yield 'SET EXPRESSION (17)';
  }
  for (const name of functionsIn(statement)) if (NEWER_FUNCTION.test(name)) yield `${name}() (18)`;
}
