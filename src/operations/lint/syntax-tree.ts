import type { AlterTableCmd, ColumnDef, Constraint, Node, RangeVar } from 'libpg-query';

type KeyOf<T> = T extends T ? keyof T : never;
export type NodeKind = KeyOf<Node>;
type Body<K extends NodeKind> = K extends NodeKind ? Extract<Node, Record<K, unknown>>[K] : never;

/** A node is an object with one property, named by its kind. */
export function kindOfNode(node: Node): NodeKind {
  return Object.keys(node)[0] as NodeKind;
}

/** Content of a node if it is of that kind. */
export function bodyOf<K extends NodeKind>(kind: K, node: Node | undefined): Body<K> | undefined {
  return (node as Partial<Record<K, Body<K>>> | undefined)?.[kind];
}

/** A part of a tree, node or content of a node, without its type. */
export type Part = Record<string, unknown>;

/** The part itself and everything below it. */
export function* everyPart(value: unknown): Generator<Part> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Part;
  for (const child of Object.values(value)) yield* everyPart(child);
}

/** Contents of all nodes of a kind. Fields whose type is fixed hold their content without a node around it. */
export function* everyBody<K extends NodeKind>(kind: K, tree: unknown): Generator<Body<K>> {
  for (const part of everyPart(tree)) if (kind in part) yield part[kind] as Body<K>;
}

/** All tables that a tree names, but for names that WITH gives. */
export function tablesIn(tree: unknown): string[] {
  const parts = [...everyPart(tree)];
  const given = new Set(parts.map(({ ctename }) => ctename));
  const tables = parts.filter((part): part is RangeVar & Part => typeof part['relname'] === 'string');
  return tables.map(({ relname }) => relname!).filter((name) => !given.has(name)); // filtered above
}

/** The strings of a list of names. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => bodyOf('String', node)?.sval ?? []);
}

/** What ALTER TABLE does, one command after the other. */
export function* alterationsOf(statement: Node): Generator<{ table: string; command: AlterTableCmd }> {
  const alter = bodyOf('AlterTableStmt', statement);
  if (alter?.objtype !== 'OBJECT_TABLE') return;
  for (const node of alter.cmds ?? []) {
    const command = bodyOf('AlterTableCmd', node);
    if (command !== undefined) yield { table: alter.relation?.relname ?? '', command };
  }
}

export interface NewColumn {
  table: string;
  name: string;
  column: ColumnDef;
}

/** Columns that CREATE TABLE or ALTER TABLE makes. */
export function* newColumnsOf(statement: Node): Generator<NewColumn> {
  const create = bodyOf('CreateStmt', statement);
  for (const element of create?.tableElts ?? []) {
    const column = bodyOf('ColumnDef', element);
    if (column !== undefined)
      yield { table: create?.relation?.relname ?? '', name: column.colname ?? '', column };
  }
  for (const { table, command } of alterationsOf(statement)) {
    const column = command.subtype === 'AT_AddColumn' ? bodyOf('ColumnDef', command.def) : undefined;
    if (column !== undefined) yield { table, name: column.colname ?? '', column };
  }
}

export interface NewConstraint {
  table: string;
  constraint: Constraint;
  /** Of which it is written. */
  column?: ColumnDef;
}

/** Constraints that CREATE TABLE or ALTER TABLE makes; NOT NULL, DEFAULT and the like are among them. */
export function* newConstraintsOf(statement: Node): Generator<NewConstraint> {
  for (const { table, column } of newColumnsOf(statement))
    for (const constraint of constraintsOf(column)) yield { table, constraint, column };
  const create = bodyOf('CreateStmt', statement);
  for (const element of create?.tableElts ?? []) {
    const constraint = bodyOf('Constraint', element);
    if (constraint !== undefined) yield { table: create?.relation?.relname ?? '', constraint };
  }
  for (const { table, command } of alterationsOf(statement)) {
    const constraint = command.subtype === 'AT_AddConstraint' ? bodyOf('Constraint', command.def) : undefined;
    if (constraint !== undefined) yield { table, constraint };
  }
}

export function constraintsOf(column: ColumnDef): Constraint[] {
  return (column.constraints ?? []).flatMap((node) => bodyOf('Constraint', node) ?? []);
}

/** The default of a column; none if it is NULL. */
export function defaultOf(column: ColumnDef): Node | undefined {
  const expression = constraintsOf(column).find(({ contype }) => contype === 'CONSTR_DEFAULT')?.raw_expr;
  return bodyOf('A_Const', expression)?.isnull ? undefined : expression;
}
