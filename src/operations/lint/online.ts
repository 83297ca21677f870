import type { AlterTableCmd, Node } from 'libpg-query';
import type { LintContext, Violation } from './lint-finding';
import { alterationsOf, bodyOf } from '../syntax-tree';

/** The migrator reads the name of an index from the text of the statement by the same pattern. */
const PLAIN_NAME = /^[a-z_][a-z0-9_]*$/;

/** Checks that long statements are in an online file, and that such a file holds nothing else. */
export function* checkOnline(statement: Node, context: LintContext): Generator<Violation> {
  if (context.migration.kind === 'online') {
    const detail = misfit(statement);
    if (detail !== undefined) yield { rule: 'online-mix', detail };
    return;
  }
  yield* checkIndex(statement, context);
  if ('ReindexStmt' in statement && !isConcurrent(statement))
    yield { rule: 'index-not-concurrent', detail: 'REINDEX' };
  if (isConcurrent(statement))
    yield { rule: 'online-mix', detail: 'CONCURRENTLY in a file that runs in a transaction' };
  if ([...alterationsOf(statement)].some(isValidation))
    yield { rule: 'online-mix', detail: 'VALIDATE CONSTRAINT in a file that holds its locks until its end' };
}

export function isConcurrent(statement: Node): boolean {
  const params = bodyOf('ReindexStmt', statement)?.params ?? [];
  return Boolean(
    bodyOf('IndexStmt', statement)?.concurrent ??
    bodyOf('DropStmt', statement)?.concurrent ??
    params.some((node) => bodyOf('DefElem', node)?.defname === 'concurrently'),
  );
}

function* checkIndex(statement: Node, { migration, schema }: LintContext): Generator<Violation> {
  const index = bodyOf('IndexStmt', statement);
  const table = index?.relation?.relname ?? '';
  if (index === undefined || index.concurrent || !schema.isExisting(table, migration.version)) return;
  if ('index-not-concurrent' in migration.marks.allow) return;
  yield { rule: 'index-not-concurrent', detail: `${index.idxname ?? 'an index'} on ${table}` };
}

/** The reason why a statement may not stand in an online file; undefined if it may. */
function misfit(statement: Node): string | undefined {
  const index = bodyOf('IndexStmt', statement);
  if (index !== undefined && index.idxname === undefined)
    return 'an index without a name: an invalid one could not be found again';
  if (index !== undefined && !PLAIN_NAME.test(index.idxname ?? ''))
    return 'an index name with other characters than a-z, 0-9 and _: an invalid one could not be found again';
  const alterations = [...alterationsOf(statement)];
  if (alterations.length > 0)
    return alterations.every(isValidation) ? undefined : 'ALTER TABLE other than VALIDATE CONSTRAINT';
  return isConcurrent(statement) ? undefined : 'neither CONCURRENTLY nor VALIDATE CONSTRAINT';
}

function isValidation({ command }: { command: AlterTableCmd }): boolean {
  return command.subtype === 'AT_ValidateConstraint';
}
