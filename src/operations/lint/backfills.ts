import type { Node } from 'libpg-query';
import { BATCH } from '../../database/schema-migrations';
import type { Breach, Place } from './lint-finding';
import { BATCH_COLUMN } from './statements';
import { bodyOf, everyBody, everyPart, kindOfNode, namesOf, type Part, tablesIn } from './syntax-tree';

const CHANGES = ['UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const;
const BACKFILLS: ReadonlySet<string> = new Set(['UpdateStmt', 'InsertStmt', 'DeleteStmt']);

/** Rows that are there already change in a backfill, and a backfill is limited to its batch. */
export function* checkBackfill(statement: Node, { migration, schema }: Place): Generator<Breach> {
  if (migration.kind === 'backfill') {
    const { table, key } = migration.marks.backfill!; // that is its kind
    const detail = unfit(statement, table) ?? unfitKey(statement, table, key);
    if (detail !== undefined) yield { rule: 'backfill-shape', detail };
    else if (countBatches(statement) < migration.statements.up.join().split(BATCH).length - 1)
      yield { rule: 'backfill-shape', detail: '{batch} in a text or a comment: keys would become SQL' };
    if (!schema.provesNotNull(table, key))
      yield { rule: 'backfill-shape', detail: `${table}.${key} may be null, and such rows are in no batch` };
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

/** A row whose key grows is met again in the next batch, and never ends. */
function unfitKey(statement: Node, table: string, key: string): string | undefined {
  const changes = [...everyBody('UpdateStmt', statement)].filter(
    ({ relation }) => relation?.relname === table,
  );
  const columns = changes.flatMap(({ targetList = [] }) =>
    targetList.map((node) => bodyOf('ResTarget', node)?.name),
  );
  return columns.includes(key) ? `changes the key ${table}.${key}` : undefined;
}

function isChanging(tree: Node): boolean {
  return [...everyPart(tree)].some((part) => Object.keys(part).some((kind) => BACKFILLS.has(kind)));
}

function countBatches(tree: unknown): number {
  return [...everyBody('ColumnRef', tree)].filter(({ fields }) => namesOf(fields).includes(BATCH_COLUMN))
    .length;
}

function holdsBatch(tree: unknown): boolean {
  return countBatches(tree) > 0;
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
