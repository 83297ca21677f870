import type { ClientBase } from 'pg';
import { quoteIdent } from '../../../database/identifiers';
import type { TableShape } from './tenant-data';

/**
 * Settings under which values have one spelling on every server: the same rows give the same text, and the same
 * checksum.
 */
export const SPELLING = `SET LOCAL client_encoding = 'UTF8'; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD';
  SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'`;

/** Size of the blocks that pass through memory. */
export const BLOCK_BYTES = 524_288;

/**
 * Reads a table of the schema in `search_path`, inside the client's transaction. The rows may be read later: an error that
 * comes before is thrown by the first of them.
 */
export async function copyOut(
  client: ClientBase,
  { name, columns }: TableShape,
): Promise<AsyncIterable<Buffer>> {
  const { to } = await import('pg-copy-streams');
  const rows = client.query(to(`COPY ${quoteIdent(name)} (${columnsOf(columns)}) TO STDOUT`));
  rows.on('error', (error: Error) => rows.destroy(error)); // nobody may listen yet, and that would end the process
  return rows;
}

/**
 * Writes rows into a table of the schema in `search_path`, inside the client's transaction. `FREEZE` needs a table that was
 * truncated in the same transaction; nobody else may see it before the commit (PostgreSQL manual, COPY).
 */
export async function copyIn(
  client: ClientBase,
  { name, columns }: TableShape,
  rows: AsyncIterable<Buffer>,
): Promise<void> {
  const { from } = await import('pg-copy-streams');
  const { pipeline } = await import('node:stream/promises');
  await pipeline(
    rows,
    client.query(from(`COPY ${quoteIdent(name)} (${columnsOf(columns)}) FROM STDIN WITH (FREEZE)`)),
  );
}

function columnsOf(columns: readonly string[]): string {
  return columns.map(quoteIdent).join(', ');
}
