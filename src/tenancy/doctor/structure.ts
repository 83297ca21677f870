import type { Client } from 'pg';
import { structureSql } from './catalogue';
import { type CheckName, difference, type Observation } from './findings';
import { TENANTS, TENANT_SCHEMAS } from './fleet';
import type { Reference } from './reference';

interface Difference {
  schema: string;
  kind: 'table' | 'column' | 'index' | 'constraint';
  object: string;
  expected: string | null;
  found: string | null;
}

/**
 * Compares every tenant's schema with the reference, in PostgreSQL, which returns differences only. What belongs
 * to a table that is missing or extra is not told again.
 * @param others schemas at another version than the reference: they differ rightly
 */
export async function compareStructure(
  client: Client,
  reference: Reference,
  others: readonly string[],
): Promise<Observation[]> {
  const { rows } = await client.query<Difference>(DIFFERENCES, [reference.structure, others]);
  return rows.map((row) => ({
    check: checkOf(row),
    schema: row.schema,
    object: row.object,
    detail: difference(row.expected, row.found),
  }));
}

const DIFFERENCES = `
  WITH schemas AS MATERIALIZED (
    SELECT n.oid, n.schema FROM ${TENANT_SCHEMAS} n JOIN ${TENANTS} t USING (schema) WHERE n.schema <> ALL ($2::text[])),
  wanted AS MATERIALIZED (
    SELECT s.schema, r.* FROM schemas s
    CROSS JOIN json_to_recordset($1::json) AS r(kind text, tbl text, object text, value text)),
  found AS MATERIALIZED (${structureSql('schemas')}),
  differences AS MATERIALIZED (
    SELECT schema, kind, coalesce(w.tbl, f.tbl) AS tbl, object, w.value AS expected, f.value AS found
    FROM wanted w FULL JOIN found f USING (schema, kind, object)
    WHERE w.value IS DISTINCT FROM f.value)
  SELECT schema, kind, object, expected, found FROM differences d
  WHERE kind = 'table' OR NOT EXISTS (
    SELECT FROM differences t WHERE t.kind = 'table' AND t.schema = d.schema AND t.tbl = d.tbl
      AND (t.expected IS NULL OR t.found IS NULL))`;

function checkOf({ kind, expected, found }: Difference): CheckName {
  if (found === null) return `${kind}-missing`;
  if (kind === 'index' && found.endsWith(' INVALID')) return 'index-invalid';
  if (kind === 'constraint' && found.endsWith(' NOT VALID')) return 'constraint-not-validated';
  return expected === null ? `${kind}-extra` : `${kind}-changed`;
}
