import type { Client } from 'pg';
import type { Observation } from '../findings';
import { SPARE_ROLES, TENANT_NAME, TENANT_SCHEMAS, TENANTS } from '../fleet';

/**
 * Condition on a role `r` with a tenant's name: nothing of this installation needs it, and neither does another.
 * Roles belong to the whole server, and so may other installations. Left over is a role without tenant,
 * without schema and no spare role here, on which nothing in any other database depends (an installed tenant's role has rights
 * in its database, always), and which nobody else's login is a member of: only this installation's, superusers,
 * or nobody at all.
 * @param roles placeholder of an array of the installation's own roles
 */
export function leftOver(roles: string): string {
  return `r.rolname ~ ${TENANT_NAME}
    AND NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = r.rolname)
    AND NOT EXISTS (SELECT FROM ${TENANTS} t WHERE t.schema = r.rolname)
    AND NOT EXISTS (SELECT FROM ${SPARE_ROLES} s WHERE s.schema = r.rolname)
    AND NOT EXISTS (SELECT FROM pg_shdepend d
      WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
        AND d.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
    AND NOT EXISTS (SELECT FROM pg_auth_members l JOIN pg_roles m ON m.oid = l.member
      WHERE l.roleid = r.oid AND NOT m.rolsuper AND m.rolname <> ALL (${roles}::text[]))`;
}

/** Halves of tenants: what has lost, or never had, the thing that belongs to it. */
export async function findOrphans(client: Client, roles: readonly string[]): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `WITH tenants AS MATERIALIZED (SELECT * FROM ${TENANTS} t), schemas AS MATERIALIZED (SELECT * FROM ${TENANT_SCHEMAS} s)
     SELECT 'schema-without-shop' AS check, schema, schema AS object, 'no shop has this id' AS detail
     FROM schemas LEFT JOIN tenants USING (schema) WHERE shop_id IS NULL
     UNION ALL
     SELECT 'shop-without-schema', schema, schema, 'the shop is there and its schema is not'
     FROM tenants LEFT JOIN schemas USING (schema) WHERE oid IS NULL
     UNION ALL
     SELECT 'schema-without-role', schema, schema, 'the schema is there and the role of its name is not'
     FROM schemas LEFT JOIN pg_roles r ON r.rolname = schema WHERE r.oid IS NULL
     UNION ALL
     SELECT 'stocked-role-missing', schema, schema, 'public.spare_roles has it and the server has not'
     FROM ${SPARE_ROLES} s LEFT JOIN pg_roles r ON r.rolname = schema WHERE r.oid IS NULL
     UNION ALL
     SELECT 'shop-without-tenant', 'shop_' || replace(id::text, '-', ''), 'public.tenants', 'the shop has no row there'
     FROM public.shops LEFT JOIN public.tenants ON shop_id = id WHERE shop_id IS NULL
     UNION ALL
     SELECT 'leftover-role', NULL, rolname::text, 'no schema here, and nothing in any other database, needs it'
     FROM pg_roles r WHERE ${leftOver('$1')}`,
    [roles],
  );
  return rows;
}
