import type { ColumnDef, Node } from 'libpg-query';
import type { Breach } from './lint-finding';
import { everyBody, namesOf, newColumnsOf, newConstraintsOf } from './syntax-tree';

const SERIAL_TYPE = /^(small|big)?serial[248]?$/;
const SEQUENCE_FUNCTION = /^(nextval|currval|setval|lastval)$/;

export function isSerial({ typeName }: ColumnDef): boolean {
  return SERIAL_TYPE.test(namesOf(typeName?.names).at(-1) ?? '');
}

/** Sequences that a column brings, and what is asked of one. */
export function* checkSequences(statement: Node): Generator<Breach> {
  for (const { table, name, column } of newColumnsOf(statement)) {
    if (isSerial(column)) yield { rule: 'serial', detail: `${table}.${name} has a serial type` };
  }
  for (const { table, constraint, column } of newConstraintsOf(statement))
    if (constraint.contype === 'CONSTR_IDENTITY')
      yield { rule: 'serial', detail: `${table}.${column?.colname} is an identity column` };
  for (const { funcname } of everyBody('FuncCall', statement)) {
    const name = namesOf(funcname).at(-1) ?? '';
    if (SEQUENCE_FUNCTION.test(name)) yield { rule: 'serial', detail: `calls ${name}()` };
  }
}
