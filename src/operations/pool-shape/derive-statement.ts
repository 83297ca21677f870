import type {
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  Constraint,
  CreateStmt,
  IndexStmt,
  InsertStmt,
  Node,
} from 'libpg-query';
import { bodyOf, constraintsOf, everyNode, kindOfNode, type NodeKind } from '../syntax-tree';
import { NotDerivable, ofShop, SHOP_COLUMN, SHOP_ELEMENT, spansRows } from './shop-key';

/** Statements that are the same for a pool. */
const SAME: readonly NodeKind[] = ['DropStmt', 'RenameStmt', 'CommentStmt', 'ReindexStmt', 'TruncateStmt'];
const ROWS: readonly NodeKind[] = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'SelectStmt'];
/** Access methods that index several columns at once. A hash index has one column. */
const METHODS = ['btree', 'gin', 'gist', ''];

/**
 * Derives the form of a statement for a pool, whose tables hold the rows of many shops. The statement itself stays as it is. One about
 * rows is to run in the context of each shop.
 * @returns undefined for a statement that belongs in no tenant migration, which other rules of the linter refuse
 * @throws NotDerivable with the reason
 */
export function deriveStatement(statement: Node): Node | undefined {
  const create = bodyOf('CreateStmt', statement);
  if (create !== undefined) return { CreateStmt: tableOfShops(create) };
  const alter = bodyOf('AlterTableStmt', statement);
  if (alter !== undefined) return { AlterTableStmt: alterationOfShops(alter) };
  const index = bodyOf('IndexStmt', statement);
  if (index !== undefined) return { IndexStmt: indexOfShops(index) };
  const kind = kindOfNode(statement);
  if (SAME.includes(kind)) return statement;
  return ROWS.includes(kind) ? rowsOfShop(statement) : undefined;
}

function tableOfShops(create: CreateStmt): CreateStmt {
  const columns: Node[] = [];
  const constraints: Node[] = [];
  for (const element of create.tableElts ?? []) {
    const column = bodyOf('ColumnDef', element);
    const constraint = bodyOf('Constraint', element);
    if (column !== undefined) {
      const parts = partsOf(column);
      columns.push({ ColumnDef: parts.column });
      constraints.push(...parts.constraints.map((one) => ({ Constraint: one })));
    } else if (constraint !== undefined) constraints.push({ Constraint: ofShop(constraint) });
    else columns.push(element); // LIKE, which another rule of the linter refuses
  }
  return { ...create, tableElts: [{ ColumnDef: shopColumn() }, ...columns, ...constraints] };
}

/** `shop_id uuid NOT NULL DEFAULT current_shop()`. */
function shopColumn(): ColumnDef {
  const isSet: Constraint = { contype: 'CONSTR_NOTNULL' };
  const ofContext: Constraint = {
    contype: 'CONSTR_DEFAULT',
    raw_expr: {
      FuncCall: { funcname: [{ String: { sval: 'current_shop' } }], funcformat: 'COERCE_EXPLICIT_CALL' },
    },
  };
  return {
    colname: SHOP_COLUMN,
    typeName: { names: [{ String: { sval: 'uuid' } }], typemod: -1 },
    is_local: true,
    constraints: [{ Constraint: isSet }, { Constraint: ofContext }],
  };
}

/** A column without the constraints that span rows, and these as constraints of the table. */
function partsOf(column: ColumnDef): { column: ColumnDef; constraints: Constraint[] } {
  const name = column.colname ?? '';
  if (name === SHOP_COLUMN) throw new NotDerivable(`${SHOP_COLUMN} is the name of the pool's own column`);
  const all = attributesJoined(constraintsOf(column));
  const own = all.filter((constraint) => !spansRows(constraint));
  return {
    column: { ...column, constraints: own.map((constraint) => ({ Constraint: constraint })) },
    constraints: all.filter(spansRows).map((constraint) => ofShop(constraint, name)),
  };
}

const ATTRIBUTES = [
  'CONSTR_ATTR_DEFERRABLE',
  'CONSTR_ATTR_DEFERRED',
  'CONSTR_ATTR_NOT_DEFERRABLE',
  'CONSTR_ATTR_IMMEDIATE',
];

/** Constraints of a column, of which DEFERRABLE and the like are entries after the one that they are about. */
function attributesJoined(constraints: readonly Constraint[]): Constraint[] {
  const joined: Constraint[] = [];
  for (const constraint of constraints) {
    const last = joined.at(-1);
    if (!ATTRIBUTES.includes(constraint.contype ?? '') || last === undefined) joined.push(constraint);
    else if (constraint.contype === 'CONSTR_ATTR_DEFERRABLE')
      joined.splice(-1, 1, { ...last, deferrable: true });
    else if (constraint.contype === 'CONSTR_ATTR_DEFERRED')
      joined.splice(-1, 1, { ...last, deferrable: true, initdeferred: true });
  }
  return joined;
}

function alterationOfShops(alter: AlterTableStmt): AlterTableStmt {
  const commands = (alter.cmds ?? []).flatMap((node) => commandsOfShop(bodyOf('AlterTableCmd', node)!)); // it holds nothing else
  return { ...alter, cmds: commands.map((command) => ({ AlterTableCmd: command })) };
}

function commandsOfShop(command: AlterTableCmd): AlterTableCmd[] {
  const constraint = bodyOf('Constraint', command.def);
  if (command.subtype === 'AT_AddConstraint' && constraint !== undefined)
    return [{ ...command, def: { Constraint: ofShop(constraint) } }];
  const column = bodyOf('ColumnDef', command.def);
  if (command.subtype !== 'AT_AddColumn' || column === undefined) return [command];
  const { column: own, constraints } = partsOf(column);
  const added = constraints.map((one): AlterTableCmd => ({
    subtype: 'AT_AddConstraint',
    def: { Constraint: one },
    behavior: 'DROP_RESTRICT',
  }));
  return [{ ...command, def: { ColumnDef: own } }, ...added];
}

function indexOfShops(index: IndexStmt): IndexStmt {
  const method = index.accessMethod ?? '';
  if (!METHODS.includes(method))
    throw new NotDerivable(`an index of the method ${method} cannot begin with the shop`);
  return { ...index, indexParams: [SHOP_ELEMENT, ...(index.indexParams ?? [])] };
}

/** The target of each ON CONFLICT begins with the shop, as the keys do. */
function rowsOfShop(statement: Node): Node {
  const copy = structuredClone(statement);
  for (const node of everyNode(copy)) {
    const { infer } = (node as InsertStmt).onConflictClause ?? {};
    if (infer?.indexElems !== undefined) infer.indexElems.unshift(SHOP_ELEMENT);
  }
  return copy;
}
