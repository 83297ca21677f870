import type { AlterTableType, Node, ObjectType } from 'libpg-query';
import { VERSION_TABLE } from '../../database/schema-migrations';
import type { LintContext, Violation } from './lint-finding';
import type { RuleName } from './rules';
import { bodiesOf, bodyOf, kindOfNode, namesOf, type NodeKind, tablesIn } from '../syntax-tree';
import { isControl } from './transaction-control';

/** Statements that other rules check. A statement in no list counts as a forbidden object, so none is missed. */
const USUAL: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'CreateStmt',
  'AlterTableStmt',
  'IndexStmt',
  'ReindexStmt',
  'DropStmt',
  'RenameStmt',
  'CommentStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'TruncateStmt',
  'CreateSchemaStmt', // this and the next name a schema, for which there is a rule
  'AlterObjectSchemaStmt',
]);

const RULE_OF_STATEMENT: Partial<Record<NodeKind, RuleName>> = {
  CreateSeqStmt: 'serial',
  AlterSeqStmt: 'serial',
  CreateEnumStmt: 'enum-type',
  AlterEnumStmt: 'enum-type',
  CreateTrigStmt: 'trigger',
  CreateEventTrigStmt: 'trigger',
  AlterEventTrigStmt: 'trigger',
  CreateExtensionStmt: 'extension',
  AlterExtensionStmt: 'extension',
  AlterExtensionContentsStmt: 'extension',
};

/** For DROP, RENAME and COMMENT. Tables and their parts are allowed; schemas have a rule of their own. */
const RULE_OF_OBJECT: Partial<Record<ObjectType, RuleName | undefined>> = {
  OBJECT_TABLE: undefined,
  OBJECT_COLUMN: undefined,
  OBJECT_INDEX: undefined,
  OBJECT_TABCONSTRAINT: undefined,
  OBJECT_SCHEMA: undefined,
  OBJECT_SEQUENCE: 'serial',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_EVENT_TRIGGER: 'trigger',
  OBJECT_EXTENSION: 'extension',
};

const USUAL_ALTERATIONS: ReadonlySet<AlterTableType> = new Set<AlterTableType>([
  'AT_AddColumn',
  'AT_DropColumn',
  'AT_ColumnDefault',
  'AT_DropNotNull',
  'AT_SetNotNull',
  'AT_AlterColumnType',
  'AT_AddConstraint',
  'AT_AlterConstraint',
  'AT_ValidateConstraint',
  'AT_DropConstraint',
  'AT_SetExpression',
  'AT_DropExpression',
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetStorage',
  'AT_SetCompression',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
]);

/** Reports kinds of objects that a shop does not have. */
export function* checkObjects(statement: Node, { migration }: LintContext): Generator<Violation> {
  yield* ofStatement(statement, migration.kind === 'sql' || migration.kind === 'online');
  const { removeType } = bodyOf('DropStmt', statement) ?? {};
  const { renameType } = bodyOf('RenameStmt', statement) ?? {};
  const { objtype } = bodyOf('CommentStmt', statement) ?? {};
  for (const type of [removeType, renameType, objtype]) if (type !== undefined) yield* ofObject(type);
  yield* ofAlterations(statement);
  yield* ofTable(statement);
  yield* ofReindex(statement);
  yield* ofEngine(statement);
}

function* ofStatement(statement: Node, isSelectUseless: boolean): Generator<Violation> {
  const kind = kindOfNode(statement);
  const rule = RULE_OF_STATEMENT[kind];
  if (rule !== undefined) yield { rule, detail: inWords(kind.replace(/Stmt$/, '')) };
  if (rule !== undefined || USUAL.has(kind) || isControl(kind)) return;
  const into = bodyOf('SelectStmt', statement)?.intoClause;
  if (kind === 'SelectStmt' && !isSelectUseless && into === undefined) return;
  yield {
    rule: 'forbidden-object',
    detail: into === undefined ? inWords(kind.replace(/Stmt$/, '')) : 'SELECT INTO',
  };
}

function* ofObject(type: ObjectType): Generator<Violation> {
  const rule = type in RULE_OF_OBJECT ? RULE_OF_OBJECT[type] : 'forbidden-object';
  if (rule !== undefined) yield { rule, detail: inWords(type.replace('OBJECT_', '').toLowerCase()) };
}

function* ofAlterations(statement: Node): Generator<Violation> {
  const type = bodyOf('AlterTableStmt', statement)?.objtype ?? 'OBJECT_TABLE';
  if (type !== 'OBJECT_TABLE' && type !== 'OBJECT_INDEX') yield* ofObject(type);
  for (const { subtype } of bodiesOf('AlterTableCmd', statement))
    if (subtype !== undefined && !USUAL_ALTERATIONS.has(subtype))
      yield { rule: ruleOfAlteration(subtype), detail: inWords(subtype.replace('AT_', '')) };
}

function ruleOfAlteration(subtype: AlterTableType): RuleName {
  if (/^AT_(Add|Set|Drop)Identity$/.test(subtype)) return 'serial';
  return /^AT_(En|Dis)able\w*Trig/.test(subtype) ? 'trigger' : 'forbidden-object';
}

/** REINDEX of more than one table would lock more than one. */
function* ofReindex(statement: Node): Generator<Violation> {
  const kind = bodyOf('ReindexStmt', statement)?.kind;
  if (kind !== undefined && kind !== 'REINDEX_OBJECT_INDEX' && kind !== 'REINDEX_OBJECT_TABLE')
    yield { rule: 'forbidden-object', detail: 'REINDEX of more than a table' };
}

/** The migrator records in this table what it applied. */
function* ofEngine(statement: Node): Generator<Violation> {
  const dropped = (bodyOf('DropStmt', statement)?.objects ?? []).map(
    (object) => bodyOf('List', object)?.items,
  );
  const tables = [...tablesIn(statement), ...dropped.flatMap((names) => namesOf(names))];
  if (tables.includes(VERSION_TABLE))
    yield { rule: 'forbidden-object', detail: `${VERSION_TABLE} belongs to the migrator` };
}

/** `CreateTableAs` to `create table as`. */
function inWords(camelCase: string): string {
  return camelCase.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function* ofTable(statement: Node): Generator<Violation> {
  const create = bodyOf('CreateStmt', statement);
  if (create === undefined) return;
  const likes = (create.tableElts ?? []).filter((node) => bodyOf('TableLikeClause', node) !== undefined);
  const oddities = {
    'a partition or inheritance': create.partspec ?? create.partbound ?? create.inhRelations?.[0],
    'a typed table': create.ofTypename,
    'a tablespace or access method': create.tablespacename ?? create.accessMethod,
    'a temporary or unlogged table': create.relation?.relpersistence === 'p' ? undefined : true,
    'LIKE, which copies the table as it is at that moment': likes[0],
  };
  for (const [detail, found] of Object.entries(oddities))
    if (found !== undefined) yield { rule: 'forbidden-object', detail };
}
