import { type Node, parse } from 'libpg-query';
import { BATCH } from '../../database/schema-migrations';

export interface Statement {
  node: Node;
  /** On one line, shortened. */
  text: string;
}

/** The name that stands for `{batch}` in a tree: PostgreSQL allows it where an expression may stand, only there. */
export const BATCH_COLUMN = BATCH;

/**
 * The statements of a SQL text as PostgreSQL 18 itself parses them.
 * @throws SqlError when it does not
 */
export async function parseStatements(sql: string, isBackfill = false): Promise<Statement[]> {
  const text = isBackfill ? sql.replaceAll(BATCH, `"${BATCH_COLUMN}"`) : sql;
  if (text.trim() === '') return []; // to PostgreSQL no statement, to the library an error
  const bytes = Buffer.from(text); // positions are counted in bytes
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
