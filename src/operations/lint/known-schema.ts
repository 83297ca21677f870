import type { Node } from 'libpg-query';
import {
  alterationsOf,
  bodyOf,
  constraintsOf,
  droppedTables,
  namesOf,
  newColumnsOf,
  newConstraintsOf,
  type NewConstraint,
} from '../syntax-tree';

interface KnownCheck {
  /** Columns that cannot be null while the check holds. */
  proves: readonly string[];
  isValidated: boolean;
}

interface KnownIndex {
  table: string;
  columns: readonly string[];
}

interface KnownTable {
  /** Version of the file that created it. */
  createdBy: number;
  notNull: Set<string>;
  checks: Map<string, KnownCheck>;
}

/** The part of a schema that the rules need, derived from the statements so far. Never reads a database. */
export class KnownSchema {
  private readonly tables = new Map<string, KnownTable>();
  private readonly indexes = new Map<string, KnownIndex>();

  /** True unless the file `version` itself created the table: programs may be using it. */
  isExisting(table: string, version: number): boolean {
    return this.tables.get(table)?.createdBy !== version;
  }

  /** True if PostgreSQL knows without reading the table that the column holds no null. */
  provesNotNull(table: string, column: string): boolean {
    const known = this.tables.get(table);
    if (known === undefined) return false;
    const checks = [...known.checks.values()].filter(({ isValidated }) => isValidated);
    return known.notNull.has(column) || checks.some(({ proves }) => proves.includes(column));
  }

  columnsOf(index: string): readonly string[] {
    return this.indexes.get(index)?.columns ?? [];
  }

  /** Applies a statement of the file `version`. */
  learn(statement: Node, version: number): void {
    const created = bodyOf('CreateStmt', statement)?.relation?.relname;
    if (created !== undefined && !this.tables.has(created))
      this.tables.set(created, { createdBy: version, notNull: new Set(), checks: new Map() });
    for (const { table, name, column } of newColumnsOf(statement))
      if (constraintsOf(column).some(({ contype }) => contype === 'CONSTR_NOTNULL'))
        this.tables.get(table)?.notNull.add(name);
    for (const constraint of newConstraintsOf(statement)) this.learnConstraint(constraint);
    this.learnAlterations(statement);
    this.learnIndex(statement);
    this.learnRename(statement);
    for (const table of droppedTables(statement)) this.tables.delete(table);
  }

  private learnConstraint({ table, constraint, column }: NewConstraint): void {
    const known = this.tables.get(table);
    if (known === undefined) return;
    if (constraint.contype === 'CONSTR_PRIMARY') {
      const written = column === undefined ? namesOf(constraint.keys) : [column.colname ?? ''];
      for (const name of [...written, ...this.columnsOf(constraint.indexname ?? '')]) known.notNull.add(name);
    }
    if (constraint.contype === 'CONSTR_CHECK')
      known.checks.set(constraint.conname ?? `unnamed ${known.checks.size}`, {
        proves: columnsProvedBy(constraint.raw_expr),
        isValidated: !constraint.skip_validation,
      });
  }

  private learnAlterations(statement: Node): void {
    for (const { table, command } of alterationsOf(statement)) {
      const known = this.tables.get(table);
      const name = command.name ?? '';
      if (command.subtype === 'AT_SetNotNull') known?.notNull.add(name);
      if (command.subtype === 'AT_DropNotNull') known?.notNull.delete(name);
      if (command.subtype === 'AT_DropConstraint') known?.checks.delete(name);
      if (command.subtype === 'AT_DropColumn' && known !== undefined) forget(known, name);
      const check = known?.checks.get(name);
      if (command.subtype === 'AT_ValidateConstraint' && check !== undefined) check.isValidated = true;
    }
  }

  private learnIndex(statement: Node): void {
    const index = bodyOf('IndexStmt', statement);
    if (index?.idxname === undefined) return;
    const columns = (index.indexParams ?? []).flatMap((node) => bodyOf('IndexElem', node)?.name ?? []);
    this.indexes.set(index.idxname, { table: index.relation?.relname ?? '', columns });
  }

  private learnRename(statement: Node): void {
    const rename = bodyOf('RenameStmt', statement);
    if (rename === undefined) return;
    const { renameType, subname: old = '', newname = '' } = rename;
    const name = rename.relation?.relname ?? '';
    const table = this.tables.get(name);
    const indexes = [...this.indexes.values()].filter((index) => index.table === name);
    if (renameType === 'OBJECT_INDEX') move(this.indexes, name, newname);
    if (renameType === 'OBJECT_TABLE') {
      move(this.tables, name, newname);
      for (const index of indexes) index.table = newname;
    }
    if (renameType === 'OBJECT_TABCONSTRAINT' && table) move(table.checks, old, newname);
    if (renameType !== 'OBJECT_COLUMN') return;
    const renamed = (columns: readonly string[]) =>
      columns.map((column) => (column === old ? newname : column));
    for (const index of indexes) index.columns = renamed(index.columns);
    for (const check of table?.checks.values() ?? []) check.proves = renamed(check.proves);
    if (table?.notNull.delete(old)) table.notNull.add(newname);
  }
}

/**
 * Columns that a CHECK proves to be free of nulls, by PostgreSQL's own rule for SET NOT NULL: `IS NOT NULL`, alone or
 * joined by AND. A comparison proves nothing, because a CHECK passes when its result is unknown.
 */
function columnsProvedBy(condition: Node | undefined): string[] {
  const bool = bodyOf('BoolExpr', condition);
  if (bool?.boolop === 'AND_EXPR') return (bool.args ?? []).flatMap(columnsProvedBy);
  const test = bodyOf('NullTest', condition);
  if (test?.nulltesttype !== 'IS_NOT_NULL') return [];
  return namesOf(bodyOf('ColumnRef', test.arg)?.fields).slice(-1);
}

/** PostgreSQL drops a check with any of its columns. */
function forget(table: KnownTable, column: string): void {
  table.notNull.delete(column);
  for (const [name, { proves }] of table.checks) if (proves.includes(column)) table.checks.delete(name);
}

function move<T>(map: Map<string, T>, from: string, to: string): void {
  const value = map.get(from);
  if (value === undefined) return;
  map.delete(from);
  map.set(to, value);
}
