import type { ColumnDef, Node } from 'libpg-query';
import type { Violation } from './lint-finding';
import { functionsIn, lastNameOf, newColumnsOf, newConstraintsOf } from '../syntax-tree';

const SERIAL_TYPE = /^(small|big)?serial[248]?$/;
const SEQUENCE_FUNCTION = /^(nextval|currval|setval|lastval)$/;

export function isSerial({ typeName }: ColumnDef): boolean {
  return SERIAL_TYPE.test(lastNameOf(typeName?.names));
}

/** Reports columns with a sequence of their own, and calls of sequence functions. */
export function* checkSequences(statement: Node): Generator<Violation> {
  for (const { table, name, column } of newColumnsOf(statement))
    if (isSerial(column)) yield { rule: 'serial', detail: `${table}.${name} has a serial type` };
  for (const { table, constraint, column } of newConstraintsOf(statement))
    if (constraint.contype === 'CONSTR_IDENTITY')
      yield { rule: 'serial', detail: `${table}.${column?.colname} is an identity column` };
  for (const name of functionsIn(statement))
    if (SEQUENCE_FUNCTION.test(name)) yield { rule: 'serial', detail: `calls ${name}()` };
}
