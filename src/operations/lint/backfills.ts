import type { Node } from 'libpg-query';
import { BATCH } from '../../database/schema-migrations';
import type { LintContext, Violation } from './lint-finding';
import { bodiesOf, bodyOf, everyNode, kindOfNode, namesOf, tablesIn } from '../syntax-tree';

const CHANGES = ['UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const;
const BACKFILLS: ReadonlySet<string> = new Set(['UpdateStmt', 'InsertStmt', 'DeleteStmt']);

/** Only a backfill changes existing rows, and it is limited to its batch. */
export function* checkBackfill(statement: Node, context: LintContext): Generator<Violation> {
  const { kind } = context.migration;
  if (kind === 'backfill') yield* checkShape(statement, context);
  if (kind === 'sql') yield* checkExistingRows(statement, context);
}

function* checkShape(statement: Node, { migration, schema }: LintContext): Generator<Violation> {
  const { table, key } = migration.marks.backfill!; // the mark makes it a backfill
  const detail = misfit(statement, table) ?? misfitOfKey(statement, table, key);
  if (detail !== undefined) yield { rule: 'backfill-shape', detail };
  else if (countBatches(statement) < migration.statements.up.join().split(BATCH).length - 1)
    yield { rule: 'backfill-shape', detail: '{batch} in a string or a comment: keys would become SQL' };
  if (!schema.provesNotNull(table, key))
    yield { rule: 'backfill-shape', detail: `${table}.${key} may be null, and no batch contains such rows` };
}

function* checkExistingRows(statement: Node, { migration, schema }: LintContext): Generator<Violation> {
  const isExisting = (table: string) => schema.isExisting(table, migration.version);
  for (const kind of CHANGES)
    for (const { relation } of bodiesOf(kind, statement))
      if (isExisting(relation?.relname ?? ''))
        yield { rule: 'backfill-in-ddl', detail: `changes rows of ${relation?.relname}` };
  for (const { relation, selectStmt } of bodiesOf('InsertStmt', statement)) {
    const isOfValues = bodyOf('SelectStmt', selectStmt)?.valuesLists !== undefined;
    if (selectStmt === undefined || isOfValues) continue;
    const copied = [relation?.relname ?? '', ...tablesIn(selectStmt)].filter(isExisting);
    if (copied.length > 0)
      yield { rule: 'backfill-in-ddl', detail: `INSERT … SELECT with ${copied.join(', ')}` };
  }
}

function misfit(statement: Node, table: string): string | undefined {
  const isWith = bodyOf('SelectStmt', statement)?.withClause !== undefined && isChanging(statement);
  if (!BACKFILLS.has(kindOfNode(statement)) && !isWith)
    return 'not an UPDATE, INSERT, DELETE or data-modifying WITH';
  if (countBatches(statement) === 0) return 'no {batch}: each batch would cover the whole table';
  const limited = [...everyNode(statement)].filter(({ whereClause }) => isLimitedByBatch(whereClause));
  return limited.some((node) =>
    tablesIn([node['relation'], node['fromClause'], node['usingClause']]).includes(table),
  )
    ? undefined
    : `{batch} is not in the WHERE of the part that reads ${table}`;
}

/** A row whose key grows would reappear in the next batch, without end. */
function misfitOfKey(statement: Node, table: string, key: string): string | undefined {
  const updates = [...bodiesOf('UpdateStmt', statement)].filter(
    ({ relation }) => relation?.relname === table,
  );
  const columns = updates.flatMap(({ targetList = [] }) =>
    targetList.map((node) => bodyOf('ResTarget', node)?.name),
  );
  return columns.includes(key) ? `changes the key ${table}.${key}` : undefined;
}

function isChanging(tree: Node): boolean {
  return [...everyNode(tree)].some((node) => Object.keys(node).some((kind) => BACKFILLS.has(kind)));
}

function countBatches(tree: unknown): number {
  return [...bodiesOf('ColumnRef', tree)].filter(({ fields }) => namesOf(fields).includes(BATCH)).length;
}

/** Ignores subselects, which read other tables. */
function isLimitedByBatch(condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return false;
  return Object.entries(condition).some(([field, below]: [string, unknown]) => {
    if (field === 'ColumnRef') return countBatches({ ColumnRef: below }) > 0;
    return field !== 'subselect' && isLimitedByBatch(below);
  });
}
