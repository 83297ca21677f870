import type { Client } from 'pg';
import { quoteLiteral } from '../../database/identifiers';
import { structureSql } from './catalogue';
import type { CheckName } from './checks';
import { difference, type Observation } from './findings';
import { TENANTS, TENANT_SCHEMAS } from './fleet';
import type { Reference, Thing } from './reference';

export interface Difference {
  schema: string;
  kind: Thing['kind'];
  tbl: string;
  object: string;
  expected: string | null;
  found: string | null;
}

/**
 * Compares every tenant's schema with the reference; see `findDifferences`.
 * @param others schemas at another version than the reference: they differ rightly
 */
export async function compareStructure(
  client: Client,
  reference: Reference,
  others: readonly string[],
): Promise<Observation[]> {
  const schemas = `(SELECT n.oid, n.schema, 0 AS set FROM ${TENANT_SCHEMAS} n JOIN ${TENANTS} t USING (schema)
    WHERE n.schema <> ALL (${quoteLiteral(`{${others.join(',')}}`)}::text[]))`;
  return (await findDifferences(client, [reference], schemas)).map(observationOf);
}

/**
 * Compares schemas with references, in PostgreSQL, which returns differences only. What belongs to a table that
 * is missing or extra is not told again.
 * @param schemas a table (oid, schema, set); `set` is the number of the reference
 */
export async function findDifferences(
  client: Client,
  references: readonly Reference[],
  schemas: string,
): Promise<Difference[]> {
  const things = references.flatMap(({ structure }, set) => structure.map((thing) => ({ set, ...thing })));
  const { rows } = await client.query<Difference>(differencesSql(schemas), [JSON.stringify(things)]);
  return rows;
}

function differencesSql(schemas: string): string {
  return `
  WITH schemas AS MATERIALIZED (SELECT * FROM ${schemas} s),
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
