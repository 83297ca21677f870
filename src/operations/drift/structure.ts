import type { Client } from 'pg';
import { structureSql } from './catalogue';
import type { CheckName } from './checks';
import { difference, type Observation } from './findings';
import type { Element, Reference } from './reference';

export interface Difference {
  schema: string;
  kind: Element['kind'];
  tbl: string;
  object: string;
  expected: string | null;
  found: string | null;
}

/**
 * Compares schemas with references inside PostgreSQL. What belongs to a missing or extra table is not reported again.
 * @param schemas a table (oid, schema, set); `set` is the number of the reference, null to skip the schema
 */
export async function findDifferences(
  client: Client,
  references: readonly Reference[],
  schemas: string,
): Promise<Difference[]> {
  const elements = references.flatMap(({ structure }, set) =>
    structure.map((element) => ({ set, ...element })),
  );
  const { rows } = await client.query<Difference>(differencesSql(schemas), [JSON.stringify(elements)]);
  return rows;
}

function differencesSql(schemas: string): string {
  return `
  WITH schemas AS MATERIALIZED (SELECT * FROM ${schemas} s WHERE set IS NOT NULL),
  wanted AS MATERIALIZED (
    SELECT s.schema, r.* FROM schemas s
    JOIN json_to_recordset($1::json) AS r(set int, kind text, tbl text, object text, value text) USING (set)),
  found AS MATERIALIZED (${structureSql('schemas')}),
  differences AS MATERIALIZED (
    SELECT schema, kind, coalesce(w.tbl, f.tbl) AS tbl, object, w.value AS expected, f.value AS found
    FROM wanted w FULL JOIN found f USING (schema, kind, object)
    WHERE w.value IS DISTINCT FROM f.value)
  SELECT schema, kind, tbl, object, expected, found FROM differences d
  WHERE kind = 'table' OR NOT EXISTS (
    SELECT FROM differences t WHERE t.kind = 'table' AND t.schema = d.schema AND t.tbl = d.tbl
      AND (t.expected IS NULL OR t.found IS NULL))`;
}

export function observationOf(row: Difference): Observation {
  return {
    check: checkOf(row),
    schema: row.schema,
    object: row.object,
    detail: difference(row.expected, row.found),
  };
}

function checkOf({ kind, expected, found }: Difference): CheckName {
  if (found === null) return `${kind}-missing`;
  if (kind === 'index' && found.endsWith(' INVALID')) return 'index-invalid';
  if (kind === 'constraint' && found.endsWith(' NOT VALID')) return 'constraint-not-validated';
  return expected === null ? `${kind}-extra` : `${kind}-changed`;
}
