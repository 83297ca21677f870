import type { Client } from 'pg';
import type { Observation } from './findings';
import { TENANT_NAME } from './fleet';

/**
 * Finds foreign keys that leave their schema, to or from a tenant, and those without an index that starts with their
 * columns: each removal of a referenced row reads the whole table.
 * @param schemas a table (oid, schema); the schema is null for `public`
 */
export async function findForeignKeys(client: Client, schemas: string): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `WITH schemas AS MATERIALIZED (SELECT oid, schema FROM ${schemas} s),
     keys AS MATERIALIZED (
       SELECT s.schema, k.conrelid, k.conkey, concat_ws('.', CASE WHEN s.schema IS NULL THEN 'public' END, c.relname, k.conname) AS object,
         s.oid AS own_schema, f.relnamespace AS other_schema, pg_get_constraintdef(k.oid) AS definition
       FROM schemas s JOIN pg_constraint k ON k.connamespace = s.oid AND k.contype = 'f'
       JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid)
     SELECT 'foreign-key-unindexed' AS check, schema, object, definition AS detail FROM keys k
     WHERE NOT EXISTS (SELECT FROM pg_index i
       WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
         AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
     UNION ALL
     SELECT 'foreign-key-cross-schema', schema, object, definition FROM keys
     WHERE own_schema <> other_schema AND (schema IS NOT NULL OR other_schema::regnamespace::text ~ ${TENANT_NAME})`,
  );
  return rows;
}
