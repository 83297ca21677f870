import type { Client } from 'pg';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { grantsSql } from './catalogue';
import type { CheckName } from './checks';
import { difference, type Observation } from './findings';
import type { Grant, Reference } from './reference';

/** Rights on one object that a role should not have, or that the shop's role should have and lacks. */
export interface RightDifference extends Omit<Grant, 'rights'> {
  schema: string;
  grantee: string;
  expected: string | null;
  found: string | null;
}

/**
 * Compares the access lists: only the owner and the tenant's own role have rights, and that role has those that
 * provisioning grants. `has_table_privilege` for each role and table would be tenants times tenants calls.
 * @param schemas a table (oid, schema, set); `set` is the number of the reference, null if the rights of the tenant's
 *   own role are unknown
 */
export async function findRightDifferences(
  client: Client,
  roles: Roles,
  references: readonly Reference[],
  schemas: string,
): Promise<RightDifference[]> {
  const grants = references.flatMap((reference, set) => reference.grants.map((grant) => ({ set, ...grant })));
  const { rows } = await client.query<RightDifference>(differences(roles, schemas), [JSON.stringify(grants)]);
  return rows;
}

function differences(roles: Roles, schemas: string): string {
  return `
    WITH schemas AS MATERIALIZED (SELECT * FROM ${schemas} s),
    tenants AS MATERIALIZED (SELECT * FROM schemas WHERE set IS NOT NULL),
    grants AS MATERIALIZED (${grantsSql('schemas', quoteLiteral(roles.owner))}),
    own AS (SELECT g.* FROM grants g JOIN tenants USING (schema) WHERE grantee = schema),
    wanted AS (SELECT t.oid, t.schema, r.* FROM tenants t
      JOIN json_to_recordset($1::json) AS r(set int, kind text, tbl text, name text, object text, rights text) USING (set)
      WHERE r.kind IN ('schema', 'default') OR EXISTS (
        SELECT FROM pg_class c WHERE c.relnamespace = t.oid AND c.relname = r.tbl))
    SELECT schema, kind, tbl, name, object, grantee, NULL AS expected, rights AS found FROM grants
    WHERE grantee <> schema
    UNION ALL
    SELECT schema, kind, coalesce(w.tbl, o.tbl), coalesce(w.name, o.name), object, schema, w.rights, o.rights
    FROM wanted w FULL JOIN own o USING (schema, kind, object)
    WHERE w.rights IS DISTINCT FROM o.rights
      AND NOT (kind = 'table' AND w.rights IS NULL) -- an extra table`;
}

export function rightObservationOf(row: RightDifference): Observation {
  return { check: checkOf(row), schema: row.schema, object: row.object, detail: detailOf(row) };
}

function checkOf({ kind, schema, grantee }: RightDifference): CheckName {
  if (grantee === 'PUBLIC') return 'public-grant';
  if (grantee !== schema) return 'foreign-grant';
  return kind === 'default' ? 'default-privileges' : 'tenant-rights';
}

function detailOf({ schema, grantee, expected, found }: RightDifference): string {
  if (grantee === schema) return `the shop's role: ${difference(expected, found)}`;
  return `${grantee} has ${found}; expected only the owner and the shop's role to have rights`;
}
