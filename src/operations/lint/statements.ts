import { type Node, parse } from 'libpg-query';
import { BATCH } from '../../database/schema-migrations';

export interface Statement {
  node: Node;
  /** On one line, shortened. */
  text: string;
}

/**
 * The statements of a SQL text as parsed by PostgreSQL 18 itself. In a backfill `{batch}` is parsed as a column of that
 * name, so it may stand only where an expression may.
 * @throws SqlError on a syntax error
 */
export async function parseStatements(sql: string, isBackfill = false): Promise<Statement[]> {
  const text = isBackfill ? sql.replaceAll(BATCH, `"${BATCH}"`) : sql;
  if (text.trim() === '') return []; // PostgreSQL accepts an empty text, the library does not
  const bytes = Buffer.from(text); // the parser counts positions in bytes
  const { stmts = [] } = await parse(text);
  return stmts.flatMap(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    if (stmt === undefined) return [];
    const end = length === undefined ? bytes.length : start + length;
    return [{ node: stmt, text: shortened(bytes.subarray(start, end).toString()) }];
  });
}

export function shortened(sql: string): string {
  const line = sql.trim().replace(/\s+/g, ' ');
  return line.length <= 100 ? line : `${line.slice(0, 99)}…`;
}
