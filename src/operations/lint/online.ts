import type { AlterTableCmd, Node } from 'libpg-query';
import type { Breach, Place } from './lint-finding';
import { alterationsOf, bodyOf } from './syntax-tree';

/** As the migrator reads it in the text of the statement. */
const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;

/** Which file a statement that takes its time belongs into, and what may stand in an online file. */
export function* checkOnline(statement: Node, place: Place): Generator<Breach> {
  if (place.migration.kind === 'online') {
    const detail = unfit(statement);
    if (detail !== undefined) yield { rule: 'online-mix', detail };
    return;
  }
  yield* indexOnExisting(statement, place);
  if ('ReindexStmt' in statement && !isConcurrent(statement))
    yield { rule: 'index-not-concurrent', detail: 'REINDEX' };
  if (isConcurrent(statement))
    yield { rule: 'online-mix', detail: 'CONCURRENTLY in a file that runs in a transaction' };
  if ([...alterationsOf(statement)].some(isValidation))
    yield { rule: 'online-mix', detail: 'VALIDATE CONSTRAINT in a file that holds its locks to the end' };
}

export function isConcurrent(statement: Node): boolean {
  const params = bodyOf('ReindexStmt', statement)?.params ?? [];
  return Boolean(
    bodyOf('IndexStmt', statement)?.concurrent ??
    bodyOf('DropStmt', statement)?.concurrent ??
    params.some((node) => bodyOf('DefElem', node)?.defname === 'concurrently'),
  );
}

function* indexOnExisting(statement: Node, { migration, schema }: Place): Generator<Breach> {
  const index = bodyOf('IndexStmt', statement);
  const table = index?.relation?.relname ?? '';
  if (index === undefined || index.concurrent || !schema.isExisting(table, migration.version)) return;
  if ('index-not-concurrent' in migration.marks.allow) return;
  yield { rule: 'index-not-concurrent', detail: `${index.idxname ?? 'an index'} on ${table}` };
}

/** Why a statement must not stand in an online file; undefined if it may. */
function unfit(statement: Node): string | undefined {
  const index = bodyOf('IndexStmt', statement);
  if (index !== undefined && index.idxname === undefined)
    return 'an index without a name: a broken one could not be found again';
  if (index !== undefined && !PLAIN_NAME.test(index.idxname ?? ''))
    return 'an index whose name is not of small letters, digits and _: a broken one could not be found again';
  const alterations = [...alterationsOf(statement)];
  if (alterations.length > 0)
    return alterations.every(isValidation) ? undefined : 'ALTER TABLE other than VALIDATE CONSTRAINT';
  return isConcurrent(statement) ? undefined : 'neither CONCURRENTLY nor VALIDATE CONSTRAINT';
}

function isValidation({ command }: { command: AlterTableCmd }): boolean {
  return command.subtype === 'AT_ValidateConstraint';
}
