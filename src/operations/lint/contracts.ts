import type { AlterTableCmd, AlterTableType, Node } from 'libpg-query';
import type { LintContext, Violation } from './lint-finding';
import { alterationsOf, bodyOf, droppedTables, kindOfNode, type NodeKind, tablesIn } from '../syntax-tree';

const REMOVALS: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'DropStmt',
  'RenameStmt',
  'TruncateStmt',
  'DeleteStmt',
  'CommentStmt',
]);

const REMOVING_OR_TIGHTENING: ReadonlySet<AlterTableType> = new Set<AlterTableType>([
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_DropExpression',
  'AT_SetNotNull',
  'AT_AlterColumnType',
  'AT_AddConstraint',
  'AT_AlterConstraint',
  'AT_ValidateConstraint',
]);

/** Only a contract step removes what old programs may still use, and it does nothing else. */
export function* checkContract(statement: Node, { migration, schema }: LintContext): Generator<Violation> {
  const isExisting = (table: string) => schema.isExisting(table, migration.version);
  if (migration.marks.contract === undefined)
    for (const detail of removals(statement, isExisting)) yield { rule: 'drop-or-rename', detail };
  else if (!isFitForContract(statement)) yield { rule: 'contract-mix', detail: 'adds or loosens something' };
}

function* removals(statement: Node, isExisting: (table: string) => boolean): Generator<string> {
  for (const table of droppedTables(statement)) if (isExisting(table)) yield `DROP TABLE ${table}`;
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
  if (alterations.length === 0) return REMOVALS.has(kindOfNode(statement));
  return alterations.every(({ command }) => isRemovingOrTightening(command));
}

function isRemovingOrTightening({ subtype, def }: AlterTableCmd): boolean {
  if (subtype === 'AT_ColumnDefault') return def === undefined; // DROP DEFAULT
  return subtype !== undefined && REMOVING_OR_TIGHTENING.has(subtype);
}
