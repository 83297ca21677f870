import type { Node } from 'libpg-query';
import { columnsProvedBy } from './not-null-checks';
import {
  alterationsOf,
  bodyOf,
  constraintsOf,
  namesOf,
  newColumnsOf,
  newConstraintsOf,
  type NewConstraint,
} from './syntax-tree';

interface KnownCheck {
  /** Columns that cannot be null while it holds. */
  proves: readonly string[];
  isValidated: boolean;
}

interface KnownIndex {
  table: string;
  columns: readonly string[];
}

interface KnownTable {
  /** Version of the file that made it. */
  madeBy: number;
  notNull: Set<string>;
  checks: Map<string, KnownCheck>;
}

/** What a schema is made of so far, as much of it as the rules ask for. Reads statements, never a database. */
export class KnownSchema {
  private readonly tables = new Map<string, KnownTable>();
  private readonly indexes = new Map<string, KnownIndex>();

  /** Whether others may be using the table already. A table that no file made counts as such. */
  isExisting(table: string, version: number): boolean {
    return this.tables.get(table)?.madeBy !== version;
  }

  /** Whether PostgreSQL need not read the table to know that the column holds no null. */
  provesNotNull(table: string, column: string): boolean {
    const known = this.tables.get(table);
    if (known === undefined) return false;
    const checks = [...known.checks.values()].filter(({ isValidated }) => isValidated);
    return known.notNull.has(column) || checks.some(({ proves }) => proves.includes(column));
  }

  columnsOf(index: string): readonly string[] {
    return this.indexes.get(index)?.columns ?? [];
  }

  /** Takes in what a statement of the file `version` changes. */
  learn(statement: Node, version: number): void {
    const created = bodyOf('CreateStmt', statement)?.relation?.relname;
    if (created !== undefined && !this.tables.has(created))
      this.tables.set(created, { madeBy: version, notNull: new Set(), checks: new Map() });
    for (const { table, name, column } of newColumnsOf(statement))
      if (constraintsOf(column).some(({ contype }) => contype === 'CONSTR_NOTNULL'))
        this.tables.get(table)?.notNull.add(name);
    for (const constraint of newConstraintsOf(statement)) this.learnConstraint(constraint);
    this.learnAlterations(statement);
    this.learnIndex(statement);
    this.learnRename(statement);
    const drop = bodyOf('DropStmt', statement);
    if (drop?.removeType === 'OBJECT_TABLE')
      for (const object of drop.objects ?? [])
        this.tables.delete(namesOf(bodyOf('List', object)?.items).at(-1) ?? '');
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
    const { subname: old = '', newname = '', relation } = rename ?? {};
    const name = relation?.relname ?? '';
    const table = this.tables.get(name);
    if (rename?.renameType === 'OBJECT_INDEX') move(this.indexes, name, newname);
    if (rename?.renameType === 'OBJECT_TABLE') {
      move(this.tables, name, newname);
      for (const index of this.indexesOf(name)) index.table = newname;
    }
    if (rename?.renameType === 'OBJECT_TABCONSTRAINT' && table) move(table.checks, old, newname);
    if (rename?.renameType !== 'OBJECT_COLUMN') return;
    const renamed = (columns: readonly string[]) =>
      columns.map((column) => (column === old ? newname : column));
    for (const index of this.indexesOf(name)) index.columns = renamed(index.columns);
    for (const check of table?.checks.values() ?? []) check.proves = renamed(check.proves);
    if (table?.notNull.delete(old)) table.notNull.add(newname);
  }

  private indexesOf(table: string): KnownIndex[] {
    return [...this.indexes.values()].filter((index) => index.table === table);
  }
}

/** PostgreSQL drops a check with any of its columns. */
function forget(table: KnownTable, column: string): void {
  table.notNull.delete(column);
  for (const [name, { proves }] of table.checks) if (proves.includes(column)) table.checks.delete(name);
}

function move<T>(things: Map<string, T>, from: string, to: string): void {
  const thing = things.get(from);
  if (thing === undefined) return;
  things.delete(from);
  things.set(to, thing);
}
