import type { Node } from 'libpg-query';
import type { Breach, Place } from './lint-finding';
import { BATCH_COLUMN } from './statements';
import { bodyOf, everyBody, everyPart, kindOfNode, namesOf, type Part, tablesIn } from './syntax-tree';

const CHANGES = ['UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const;
const BACKFILLS: ReadonlySet<string> = new Set(['UpdateStmt', 'InsertStmt', 'DeleteStmt']);

/** Rows that are there already change in a backfill, and a backfill is limited to its batch. */
export function* checkBackfill(statement: Node, { migration, schema }: Place): Generator<Breach> {
  if (migration.kind === 'backfill') {
    const detail = unfit(statement, migration.marks.backfill?.table ?? '');
    if (detail !== undefined) yield { rule: 'backfill-shape', detail };
  }
  if (migration.kind !== 'sql') return;
  const isExisting = (table: string) => schema.isExisting(table, migration.version);
  for (const kind of CHANGES)
    for (const { relation } of everyBody(kind, statement))
      if (isExisting(relation?.relname ?? ''))
        yield { rule: 'backfill-in-ddl', detail: `changes rows of ${relation?.relname}` };
  for (const { relation, selectStmt } of everyBody('InsertStmt', statement)) {
    const isOfValues = bodyOf('SelectStmt', selectStmt)?.valuesLists !== undefined;
    if (selectStmt === undefined || isOfValues) continue;
    const copied = [relation?.relname ?? '', ...tablesIn(selectStmt)].filter(isExisting);
    if (copied.length > 0)
      yield { rule: 'backfill-in-ddl', detail: `INSERT … SELECT with ${copied.join(', ')}` };
  }
}

function unfit(statement: Node, table: string): string | undefined {
  const isWith = bodyOf('SelectStmt', statement)?.withClause !== undefined && isChanging(statement);
  if (!BACKFILLS.has(kindOfNode(statement)) && !isWith)
    return 'not an UPDATE, INSERT, DELETE or WITH that changes';
  if (!holdsBatch(statement)) return 'no {batch}: every batch would be the whole table';
  const limits = [...everyPart(statement)].filter(({ whereClause }) => holdsBatchItself(whereClause));
  return limits.some((part) => tablesRead(part).includes(table))
    ? undefined
    : `{batch} is not in the WHERE of what reads ${table}`;
}

function isChanging(tree: Node): boolean {
  return [...everyPart(tree)].some((part) => Object.keys(part).some((kind) => BACKFILLS.has(kind)));
}

function holdsBatch(tree: unknown): boolean {
  return [...everyBody('ColumnRef', tree)].some(({ fields }) => namesOf(fields).includes(BATCH_COLUMN));
}

/** Not in a select below, which chooses from other tables. */
function holdsBatchItself(tree: unknown): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  return Object.entries(tree).some(([field, below]: [string, unknown]) => {
    if (field === 'ColumnRef') return holdsBatch({ ColumnRef: below });
    return field !== 'subselect' && holdsBatchItself(below);
  });
}

/** Tables that the WHERE of a part chooses from. */
function tablesRead({ relation, fromClause, usingClause }: Part): string[] {
  return tablesIn([relation, fromClause, usingClause]);
}
