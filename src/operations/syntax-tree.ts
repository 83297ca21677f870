import type { AlterTableCmd, ColumnDef, Constraint, Node, RangeVar } from 'libpg-query';

type KeyOf<T> = T extends T ? keyof T : never;
export type NodeKind = KeyOf<Node>;
type Body<K extends NodeKind> = K extends NodeKind ? Extract<Node, Record<K, unknown>>[K] : never;

/** A node is an object with one property, named after its kind. */
export function kindOfNode(node: Node): NodeKind {
  return Object.keys(node)[0] as NodeKind;
}

/** The content of a node if it is of that kind. */
export function bodyOf<K extends NodeKind>(kind: K, node: Node | undefined): Body<K> | undefined {
  return (node as Partial<Record<K, Body<K>>> | undefined)?.[kind];
}

/** An object of the tree, node or content of a node, without its type. */
export type SyntaxNode = Record<string, unknown>;

/** The object itself and all objects below it. */
export function* everyNode(tree: unknown): Generator<SyntaxNode> {
  if (typeof tree !== 'object' || tree === null) return;
  if (!Array.isArray(tree)) yield tree as SyntaxNode;
  for (const child of Object.values(tree)) yield* everyNode(child);
}

/** The contents of all nodes of a kind. A field of a fixed type holds its content without a node around it. */
export function* bodiesOf<K extends NodeKind>(kind: K, tree: unknown): Generator<Body<K>> {
  for (const node of everyNode(tree)) if (kind in node) yield node[kind] as Body<K>;
}

/** All tables that a tree names, except names that WITH defines. */
export function tablesIn(tree: unknown): string[] {
  const nodes = [...everyNode(tree)];
  const definedByWith = new Set(nodes.map(({ ctename }) => ctename));
  const tables = nodes.filter((node): node is RangeVar & SyntaxNode => typeof node['relname'] === 'string');
  return tables.map(({ relname }) => relname!).filter((name) => !definedByWith.has(name)); // filtered above
}

/** The strings of a list of names. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => bodyOf('String', node)?.sval ?? []);
}

/** The last part of a qualified name; empty if there is none. */
export function lastNameOf(nodes: readonly Node[] | undefined): string {
  return namesOf(nodes).at(-1) ?? '';
}

/** Names of all functions that a tree calls. */
export function functionsIn(tree: unknown): string[] {
  return [...bodiesOf('FuncCall', tree)].map(({ funcname }) => lastNameOf(funcname));
}

/** The tables that DROP TABLE names. */
export function droppedTables(statement: Node): string[] {
  const drop = bodyOf('DropStmt', statement);
  if (drop?.removeType !== 'OBJECT_TABLE') return [];
  return (drop.objects ?? []).map((object) => lastNameOf(bodyOf('List', object)?.items));
}

/** The commands of an ALTER TABLE, in order. */
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

/** Columns that CREATE TABLE or ALTER TABLE adds. */
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
  /** The column that the constraint is written on, if any. */
  column?: ColumnDef;
}

/** Constraints that CREATE TABLE or ALTER TABLE adds, including NOT NULL, DEFAULT and the like. */
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

/** The default of a column; undefined if it is NULL. */
export function defaultOf(column: ColumnDef): Node | undefined {
  const expression = constraintsOf(column).find(({ contype }) => contype === 'CONSTR_DEFAULT')?.raw_expr;
  return bodyOf('A_Const', expression)?.isnull ? undefined : expression;
}
