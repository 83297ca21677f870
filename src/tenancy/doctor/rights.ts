import type { Client } from 'pg';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { grantsSql } from './catalogue';
import { type CheckName, difference, type Observation } from './findings';
import { TENANT_SCHEMAS, TENANTS } from './fleet';
import type { Reference } from './reference';

interface Row {
  schema: string;
  kind: 'schema' | 'table' | 'column' | 'default';
  object: string;
  grantee: string;
  expected: string | null;
  found: string | null;
}

/**
 * Rights on tenants' schemas, by the access lists themselves: nobody has any but the owner and the tenant's own
 * role, and that one has what provisioning gives. Asking `has_table_privilege` for each role and table would
 * be tenants times tenants questions. Schemas without a shop are looked at too.
 */
export async function compareRights(
  client: Client,
  roles: Roles,
  reference: Reference,
): Promise<Observation[]> {
  const { rows } = await client.query<Row>(differences(roles), [reference.grants]);
  return rows.map((row) => ({
    check: checkOf(row),
    schema: row.schema,
    object: row.object,
    detail: detailOf(row),
  }));
}

function differences(roles: Roles): string {
  return `
    WITH schemas AS MATERIALIZED (SELECT * FROM ${TENANT_SCHEMAS} s),
    tenants AS MATERIALIZED (SELECT s.* FROM schemas s JOIN ${TENANTS} t USING (schema)),
    grants AS MATERIALIZED (${grantsSql('schemas', quoteLiteral(roles.owner))}),
    own AS (SELECT g.* FROM grants g JOIN tenants USING (schema) WHERE grantee = schema),
    wanted AS (SELECT t.oid, t.schema, r.* FROM tenants t
      CROSS JOIN json_to_recordset($1::json) AS r(kind text, object text, rights text)
      WHERE r.kind <> 'table' OR EXISTS (
        SELECT FROM pg_class c WHERE c.relnamespace = t.oid AND c.relname = r.object))
    SELECT schema, kind, object, grantee, NULL AS expected, rights AS found FROM grants WHERE grantee <> schema
    UNION ALL
    SELECT schema, kind, object, schema, w.rights, o.rights FROM wanted w FULL JOIN own o USING (schema, kind, object)
    WHERE w.rights IS DISTINCT FROM o.rights
      AND NOT (kind = 'table' AND w.rights IS NULL) -- an extra table, or one of another version`;
}

function checkOf({ kind, schema, grantee }: Row): CheckName {
  if (grantee === 'PUBLIC') return 'public-grant';
  if (grantee !== schema) return 'foreign-grant';
  return kind === 'default' ? 'default-privileges' : 'tenant-rights';
}

function detailOf({ schema, grantee, expected, found }: Row): string {
  if (grantee === schema) return `the shop's role: ${difference(expected, found)}`;
  return `${grantee} has ${found}; expected nobody but the owner and the shop's role`;
}
