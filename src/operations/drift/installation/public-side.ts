import type { Client } from 'pg';
import { quoteLiteral } from '../../../database/identifiers';
import { JOB_SCHEMA, TENANT_FUNCTIONS } from '../../../database/job-schema';
import { PUBLIC_FUNCTIONS, PUBLIC_RIGHTS } from '../../../database/public-rights';
import { PUBLIC_MIGRATIONS } from '../../../database/migration-folders';
import type { Roles } from '../../../database/roles';
import { loadMigrations, VERSION_TABLE } from '../../../database/schema-migrations';
import { grantsSql } from '../catalogue';
import { difference, type Observation } from '../findings';

interface Row {
  kind: string;
  object: string;
  grantee: string;
  expected: string | null;
  found: string | null;
}

interface Right {
  kind: string;
  object: string;
  rights: string;
}

/** `public` as a table (oid, schema), in the form of tenants' schemas: its findings belong to no shop. */
export const PUBLIC_SCHEMA = `(SELECT oid, NULL::text AS schema FROM pg_namespace WHERE nspname = 'public')`;

/** Compares rights on `public` and its tables: the public login has those of the list, no other role has any. */
export async function comparePublicRights(client: Client, roles: Roles): Promise<Observation[]> {
  const { rows } = await client.query<Row>(
    `SELECT kind, object, grantee, w.rights AS expected, f.rights AS found
     FROM (SELECT r.*, $2 AS grantee FROM json_to_recordset($1::json) AS r(kind text, object text, rights text)) w
     FULL JOIN (${grantsSql(PUBLIC_SCHEMA, quoteLiteral(roles.owner))}) f USING (kind, object, grantee)
     WHERE w.rights IS DISTINCT FROM f.rights`,
    [JSON.stringify(expectedRights()), roles.public],
  );
  return rows.map(({ kind, object, grantee, expected, found }) => ({
    check: 'public-rights',
    schema: null,
    object: kind === 'schema' ? 'public' : `public.${object}`,
    detail: `${grantee}: ${difference(expected, found)}`,
  }));
}

/** The list of rights as access lists spell them: one row for each table and column. */
function expectedRights(): Right[] {
  const tables = Object.entries(PUBLIC_RIGHTS).flatMap(([table, text]) => rightsOn(table, text));
  return [{ kind: 'schema', object: 'schema', rights: 'USAGE' }, ...tables];
}

function rightsOn(table: string, text: string): Right[] {
  const byObject = new Map<string, string[]>();
  for (const [, privilege, columns] of text.matchAll(/(\w+)(?:\s*\(([^)]*)\))?/g))
    for (const object of columns?.split(',').map((column) => `${table}.${column.trim()}`) ?? [table])
      byObject.set(object, [...(byObject.get(object) ?? []), privilege!]); // always matched
  return [...byObject].map(([object, privileges]) => ({
    kind: object === table ? 'table' : 'column',
    object,
    rights: privileges.toSorted().join(', '),
  }));
}

/** The owner owns the public tables. */
export async function comparePublicOwners(client: Client, { owner }: Roles): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'wrong-owner' AS check, NULL AS schema, 'public.' || relname AS object,
       'expected ' || $1::text || ', found ' || pg_get_userbyid(relowner) AS detail
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($2)
       AND relkind NOT IN ('i', 'I', 'c') AND pg_get_userbyid(relowner) <> $1::text`,
    [owner, Object.keys(PUBLIC_RIGHTS)],
  );
  return rows;
}

/**
 * Compares functions in `public` and in the schema of jobs, except those of extensions: the public and the tenant login may call
 * those of their lists, no other role any, and the owner owns them, because all but one run with its rights.
 */
export async function comparePublicFunctions(client: Client, roles: Roles): Promise<Observation[]> {
  const wanted = [
    ...PUBLIC_FUNCTIONS.map((signature) => [`public.${signature}`, roles.public]),
    ...TENANT_FUNCTIONS.map((signature) => [`${JOB_SCHEMA}.${signature}`, roles.tenant]),
  ];
  const { rows } = await client.query<Omit<Observation, 'check' | 'schema'>>(
    `WITH found AS (
       SELECT p.oid, p.proowner, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
       FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
       WHERE p.pronamespace = ANY (array(SELECT oid FROM pg_namespace WHERE nspname = ANY ($4))) AND x.grantee <> p.proowner
         AND pg_get_userbyid(x.grantee) <> $3
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')),
     wanted AS (SELECT to_regprocedure(name)::oid AS oid, name, grantee FROM unnest($1::text[], $2::text[]) f(name, grantee))
     SELECT coalesce(w.name, oid::regprocedure::text) AS object,
       grantee || CASE WHEN w.name IS NULL THEN ' may call it; expected only the owner' ELSE ' may not call it' END AS detail
     FROM wanted w FULL JOIN found f USING (oid, grantee) WHERE w.name IS NULL OR f.proowner IS NULL
     UNION ALL
     SELECT w.name, 'expected the owner ' || $3 || ', found ' || pg_get_userbyid(p.proowner)
     FROM wanted w JOIN pg_proc p USING (oid) WHERE pg_get_userbyid(p.proowner) <> $3`,
    [wanted.map(([name]) => name), wanted.map(([, grantee]) => grantee), roles.owner, ['public', JOB_SCHEMA]],
  );
  return rows.map((row) => ({ check: 'public-function', schema: null, ...row }));
}

/** Compares rights on the database: nobody may create temporary tables, only the admin login schemas. */
export async function compareDatabaseRights(client: Client, roles: Roles): Promise<Observation[]> {
  const { rows } = await client.query<{ database: string; detail: string }>(
    `WITH here AS (SELECT oid, datname, datdba, coalesce(datacl, acldefault('d', datdba)) AS acl
       FROM pg_database WHERE datname = current_database())
     SELECT datname AS database, who || ' has ' || x.privilege_type || '; expected ' ||
       CASE WHEN who = $1 THEN 'CONNECT, CREATE' ELSE 'CONNECT at most' END AS detail
     FROM here, aclexplode(acl) x,
       LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END) g(who)
     WHERE x.grantee <> datdba AND x.privilege_type <> 'CONNECT' AND NOT (who = $1 AND x.privilege_type = 'CREATE')
     UNION ALL
     SELECT datname, rolname || ' lacks ' || privilege
     FROM here, pg_roles, (VALUES ('CONNECT'), ('CREATE')) AS p(privilege)
     WHERE rolname = ANY ($2) AND (rolname = $1 OR privilege = 'CONNECT')
       AND NOT has_database_privilege(pg_roles.oid, here.oid, privilege)`,
    [roles.admin, [roles.admin, roles.public, roles.tenant]],
  );
  return rows.map(({ database, detail }) => ({
    check: 'database-rights',
    schema: null,
    object: database,
    detail,
  }));
}

/** Compares `public` with the migrations of this program. */
export async function comparePublicVersion(client: Client): Promise<Observation[]> {
  const known = (await loadMigrations(PUBLIC_MIGRATIONS)).map(({ version }) => version);
  const { rows } = await client.query<{ version: number; isApplied: boolean }>(
    `SELECT version, v.version IS NOT NULL AS "isApplied"
     FROM public.${VERSION_TABLE} v FULL JOIN unnest($1::bigint[]) AS known(version) USING (version)
     WHERE v.version IS NULL OR known.version IS NULL ORDER BY 1`,
    [known],
  );
  return rows.map(({ version, isApplied }) => ({
    check: 'public-version',
    schema: null,
    object: `public.${VERSION_TABLE}`,
    detail: isApplied ? `has ${version}, which this program does not know` : `lacks ${version}`,
  }));
}
