import type { Client } from 'pg';
import { LOGIN_SETTINGS } from '../../../database/bootstrap';
import type { Roles } from '../../../database/roles';
import { creatorNumber } from '../../../tenancy/role-creators';
import { difference, type Observation } from '../findings';
import { CLOSED_TENANTS, SPARE_ROLES, TENANT_NAME, TENANT_SCHEMAS, TENANTS } from '../fleet';

/** Attributes of each role of the installation. A shop's role is NOLOGIN and has no others. */
const ATTRIBUTES: Record<keyof Roles, string> = {
  owner: 'NOLOGIN',
  admin: 'LOGIN CREATEROLE',
  public: 'LOGIN',
  tenant: 'LOGIN NOINHERIT',
};

const CREATOR_ATTRIBUTES = 'NOLOGIN CREATEROLE';

/**
 * SQL condition on a role `r` with a tenant's name: neither this installation nor another needs it. Roles belong to the
 * whole server, which other installations may share. A leftover role has no tenant, schema or row of a spare role here;
 * no object in another database depends on it (an installed tenant's role always has rights in its database); and its
 * members are only superusers and roles of this installation.
 * @param roles placeholder of an array of the installation's own roles
 */
function isLeftover(roles: string): string {
  return `r.rolname ~ ${TENANT_NAME}
    AND NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = r.rolname)
    AND NOT EXISTS (SELECT FROM ${TENANTS} t WHERE t.schema = r.rolname)
    AND NOT EXISTS (SELECT FROM ${SPARE_ROLES} s WHERE s.schema = r.rolname)
    AND NOT EXISTS (SELECT FROM ${CLOSED_TENANTS} c WHERE c.schema = r.rolname)
    AND NOT EXISTS (SELECT FROM pg_shdepend d
      WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
        AND d.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
    AND NOT EXISTS (SELECT FROM pg_auth_members l JOIN pg_roles m ON m.oid = l.member
      WHERE l.roleid = r.oid AND NOT m.rolsuper AND m.rolname <> ALL (${roles}::text[]))`;
}

/**
 * Finds roles of tenants that do not exist, and spare roles that the server lacks.
 * @param own roles of the installation
 */
export async function findStrayRoles(client: Client, own: readonly string[]): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'stocked-role-missing' AS check, schema, schema AS object,
       'public.spare_roles has the role, the server does not' AS detail
     FROM ${SPARE_ROLES} s LEFT JOIN pg_roles r ON r.rolname = schema WHERE r.oid IS NULL
     UNION ALL
     SELECT 'leftover-role', NULL, rolname::text, 'no schema here and no object in any other database needs it'
     FROM pg_roles r WHERE ${isLeftover('$1')}`,
    [own],
  );
  return rows;
}

/** Lists the roles that create tenants' roles for the admin login; none before PostgreSQL 16. */
export async function roleCreators(client: Client, roles: Roles): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE ${creatorNumber('rolname', roles)} > 0`,
  );
  return rows.map(({ name }) => name);
}

/** Compares the attributes of all roles with those that bootstrap and provisioning give. */
export async function compareAttributes(
  client: Client,
  roles: Roles,
  creators: readonly string[],
): Promise<Observation[]> {
  const kinds = Object.keys(ATTRIBUTES) as (keyof Roles)[];
  const { rows } = await client.query<{
    role: string;
    schema: string | null;
    expected: string;
    found: string;
  }>(
    `WITH expected AS (
       SELECT * FROM unnest($1::text[], $2::text[], array_fill(NULL::text, ARRAY[cardinality($1)])) AS e(role, attributes, schema)
       UNION ALL SELECT schema, 'NOLOGIN', schema FROM ${TENANT_SCHEMAS} s
       UNION ALL SELECT schema, 'NOLOGIN', schema FROM ${SPARE_ROLES} s),
     found AS (SELECT rolname::text AS role, concat_ws(' ', CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
       CASE WHEN rolcanlogin AND NOT rolinherit THEN 'NOINHERIT' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
       CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
       CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END) AS attributes
       FROM pg_roles)
     SELECT role, schema, e.attributes AS expected, f.attributes AS found
     FROM expected e LEFT JOIN found f USING (role)
     WHERE e.attributes IS DISTINCT FROM f.attributes AND (schema IS NULL OR f.role IS NOT NULL)`,
    [
      [...kinds.map((kind) => roles[kind]), ...creators],
      [...kinds.map((kind) => ATTRIBUTES[kind]), ...creators.map(() => CREATOR_ATTRIBUTES)],
    ],
  );
  return rows.map(({ role, schema, expected, found }) => ({
    check: 'role-attributes',
    schema,
    object: role,
    detail: difference(expected, found),
  }));
}

/**
 * Compares memberships. The tenant login may become every shop's role and no other; the admin login and the creators
 * have what PostgreSQL 16 and newer give to a role's creator; the login of DATABASE_URL and superusers may become all.
 */
export async function compareMemberships(
  client: Client,
  roles: Roles,
  creators: readonly string[],
): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(MEMBERSHIPS, [
    [...Object.values(roles), ...creators],
    roles.owner,
    roles.admin,
    roles.tenant,
    creators,
  ]);
  return rows;
}

const MEMBERSHIPS = `
  WITH schemas AS MATERIALIZED (SELECT schema FROM ${TENANT_SCHEMAS} s UNION SELECT schema FROM ${SPARE_ROLES} s
    UNION SELECT schema FROM ${TENANTS} t UNION SELECT schema FROM ${CLOSED_TENANTS} c), -- the role of a shop whose schema is missing waits for its restore
  shops AS MATERIALIZED (
    SELECT r.oid, s.schema FROM schemas s JOIN pg_roles r ON r.rolname = s.schema),
  links AS MATERIALIZED (
    SELECT g.schema AS granted_shop, m.schema AS member_shop, r.oid, r.rolname AS granted, b.rolname AS member,
      bool_or(a.admin_option) AS with_admin
    FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles b ON b.oid = a.member
    LEFT JOIN shops g ON g.oid = a.roleid LEFT JOIN shops m ON m.oid = a.member
    WHERE NOT b.rolsuper AND (g.oid IS NOT NULL OR m.oid IS NOT NULL OR r.rolname = ANY ($1) OR b.rolname = ANY ($1))
    GROUP BY 1, 2, 3, 4, 5),
  wrong AS (
    SELECT * FROM links l
    WHERE NOT (granted_shop IS NOT NULL AND (member = $3 OR member = ANY ($5) OR member = $4 AND NOT with_admin))
      AND NOT ((granted = $2 OR granted = ANY ($5)) AND member = $3)
      AND NOT (granted = ANY ($1) AND member = current_user)
      AND NOT (granted = 'pg_read_all_stats' AND member = $2)
      AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = l.oid AND r.rolname ~ ${TENANT_NAME}
        AND member = ANY ($1) AND ${isLeftover('$1')}))
  SELECT CASE WHEN coalesce(granted_shop, member_shop) IS NULL THEN 'engine-role-member' ELSE 'shop-role-member' END
      AS check, coalesce(granted_shop, member_shop) AS schema, member || ' in ' || granted AS object,
    member || CASE WHEN with_admin THEN ' may grant ' ELSE ' may become ' END || granted AS detail
  FROM wrong
  UNION ALL
  SELECT 'shop-role-not-granted', s.schema, s.schema, $4 || ' is not a member, so no request reaches the shop'
  FROM shops s JOIN (SELECT schema FROM ${TENANTS} t UNION ALL SELECT schema FROM ${SPARE_ROLES} r) t USING (schema)
  WHERE NOT EXISTS (SELECT FROM links WHERE granted_shop = s.schema AND member = $4)`;

/** Compares the settings that logins start with. Further settings are allowed, except the role. */
export async function compareSettings(client: Client, roles: Roles): Promise<Observation[]> {
  const { rows } = await client.query<{ role: string; name: string; value: string }>(
    `SELECT r.rolname::text AS role, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
     FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
     WHERE r.rolname = ANY ($1) AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))`,
    [Object.values(roles)],
  );
  const observations: Observation[] = [];
  const differs = (role: string, name: string, expected: string | null, found: string | null) =>
    observations.push({
      check: 'login-settings',
      schema: null,
      object: `${role} ${name}`,
      detail: difference(expected, found),
    });
  for (const [login, name, sql] of LOGIN_SETTINGS) {
    const expected = sql === "''" ? '""' : sql.replaceAll("'", ''); // as PostgreSQL stores it
    const found = rows.filter((row) => row.role === roles[login] && row.name === name);
    if (found.length === 0) differs(roles[login], name, expected, null);
    for (const { value } of found) if (value !== expected) differs(roles[login], name, expected, value);
  }
  for (const { role, name, value } of rows) if (name === 'role') differs(role, name, null, value);
  return observations;
}
