import type { Client } from 'pg';

interface Unused {
  index: string;
  table: string;
  bytes: number;
}

/** Indexes that no statement read and that neither a constraint nor a foreign key needs. Every shop has each of them. */
export async function unusedIndexes(client: Client, schema: string): Promise<Unused[]> {
  const { rows } = await client.query<Unused>(
    `SELECT s.indexrelname AS index, s.relname AS table, pg_relation_size(s.indexrelid)::float8 AS bytes
     FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
     WHERE s.schemaname = $1 AND s.idx_scan = 0
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.contype = 'f'
         AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
     ORDER BY 1`,
    [schema],
  );
  return rows;
}
