import type { AlterTableCmd, AlterTableType, Node } from 'libpg-query';
import type { Breach, Place } from './lint-finding';
import { alterationsOf, bodyOf, kindOfNode, namesOf, type NodeKind, tablesIn } from './syntax-tree';

const TAKE_AWAY: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'DropStmt',
  'RenameStmt',
  'TruncateStmt',
  'DeleteStmt',
  'CommentStmt',
]);

const TAKE_AWAY_OR_TIGHTEN: ReadonlySet<AlterTableType> = new Set<AlterTableType>([
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_DropExpression',
  'AT_SetNotNull',
  'AT_AlterColumnType',
  'AT_AddConstraint',
  'AT_AlterConstraint',
  'AT_ValidateConstraint',
]);

/** What old programs may still use goes in a contract step only, and that holds nothing else. */
export function* checkContract(statement: Node, { migration, schema }: Place): Generator<Breach> {
  const isExisting = (table: string) => schema.isExisting(table, migration.version);
  if (migration.marks.contract === undefined) {
    for (const detail of takenAway(statement, isExisting)) yield { rule: 'drop-or-rename', detail };
    return;
  }
  if (!isFitForContract(statement)) yield { rule: 'contract-mix', detail: 'adds or loosens' };
}

function* takenAway(statement: Node, isExisting: (table: string) => boolean): Generator<string> {
  const drop = bodyOf('DropStmt', statement);
  const dropped = drop?.removeType === 'OBJECT_TABLE' ? (drop.objects ?? []) : [];
  const droppedTables = dropped.map((object) => namesOf(bodyOf('List', object)?.items).at(-1) ?? '');
  for (const table of droppedTables) if (isExisting(table)) yield `DROP TABLE ${table}`;
  for (const { table, command } of alterationsOf(statement))
    if (command.subtype === 'AT_DropColumn' && isExisting(table))
      yield `DROP COLUMN ${table}.${command.name}`;
  for (const table of tablesIn(bodyOf('TruncateStmt', statement)))
    if (isExisting(table)) yield `TRUNCATE ${table}`;
  const rename = bodyOf('RenameStmt', statement);
  const table = rename?.relation?.relname ?? '';
  const isOfTable = ['OBJECT_TABLE', 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT'].includes(
    rename?.renameType ?? '',
  );
  if (isOfTable && isExisting(table)) yield `RENAME ${[table, rename?.subname].filter(Boolean).join('.')}`;
}

function isFitForContract(statement: Node): boolean {
  const alterations = [...alterationsOf(statement)];
  if (alterations.length === 0) return TAKE_AWAY.has(kindOfNode(statement));
  return alterations.every(({ command }) => isTightening(command));
}

function isTightening({ subtype, def }: AlterTableCmd): boolean {
  if (subtype === 'AT_ColumnDefault') return def === undefined; // DROP DEFAULT
  return subtype !== undefined && TAKE_AWAY_OR_TIGHTEN.has(subtype);
}
