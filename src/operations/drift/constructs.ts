import type { Client } from 'pg';
import { quoteLiteral } from '../../database/identifiers';
import { PUBLIC_RIGHTS } from '../../database/public-rights';
import type { Roles } from '../../database/roles';
import type { Observation } from './findings';
import { TENANT_SCHEMAS } from './fleet';

/** Something that should not be there, or not as it is, with what a statement about it has to name. */
export interface Construct extends Observation {
  /** Table that it is on. */
  tbl: string | null;
  /** Its own name there. */
  name: string | null;
  /** `pg_class.relkind` of a relation, else what PostgreSQL calls such an object. */
  type: string;
  /** Quoted by PostgreSQL and with its schema: the parent of what inherits, the object itself of all others. */
  identity: string | null;
  /** Newer things have higher ones, but for a wrap. */
  oid: number;
  /** Comes and goes with another one: the sequence of an identity column, a member of an extension. */
  inner: boolean;
}

/**
 * Things that no tenant schema may hold, whatever its version, and things that belong to somebody else than the
 * owner. What lies in a schema is found by what depends on the schema, so no kind of object is forgotten.
 */
export async function findConstructs(
  client: Client,
  roles: Roles,
  schemas: string = TENANT_SCHEMAS,
): Promise<Construct[]> {
  const { rows } = await client.query<Construct>(constructsSql(schemas, roles));
  return rows;
}

/** @param schemas a table (oid, schema) */
export function constructsSql(schemas: string, roles: Roles): string {
  return `WITH schemas AS MATERIALIZED (SELECT oid, schema FROM ${schemas} s),
    relations AS MATERIALIZED (
      SELECT s.schema, c.* FROM schemas s JOIN pg_class c ON c.relnamespace = s.oid)
    ${[...ON_TABLES, RELATIONS, OBJECTS, owners(roles)].join(' UNION ALL ')}`;
}

/** Whether something comes and goes with another. */
const inner = (catalogue: string, oid: string) => `EXISTS (SELECT FROM pg_depend i
  WHERE i.classid = ${catalogue} AND i.objid = ${oid} AND i.objsubid = 0 AND i.deptype IN ('i', 'e'))`;

const ON_TABLES = [
  `SELECT 'forbidden-identity' AS check, r.schema, r.relname || '.' || a.attname AS object,
     'an identity column; ids are UUIDs made by the program' AS detail, r.relname::text AS tbl,
     a.attname::text AS name, 'identity' AS type, NULL AS identity, r.oid, false AS inner
   FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attidentity <> '' AND NOT a.attisdropped`,
  `SELECT 'forbidden-trigger', r.schema, r.relname || '.' || t.tgname, pg_get_triggerdef(t.oid), r.relname,
     t.tgname, 'trigger', NULL, t.oid, false
   FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal`,
  `SELECT 'forbidden-rule', r.schema, r.relname || '.' || w.rulename, pg_get_ruledef(w.oid), r.relname, w.rulename,
     'rule', NULL, w.oid, false
   FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'`,
  `SELECT 'forbidden-policy', r.schema, r.relname || '.' || p.polname, 'a row policy; a shop is kept apart by role',
     r.relname, p.polname, 'policy', NULL, p.oid, false
   FROM relations r JOIN pg_policy p ON p.polrelid = r.oid`,
  `SELECT 'forbidden-inheritance', r.schema, r.relname, 'inherits from ' || i.inhparent::regclass, r.relname, NULL,
     CASE WHEN r.relispartition THEN 'partition' ELSE 'inheritance' END, i.inhparent::regclass::text, r.oid, false
   FROM relations r JOIN pg_inherits i ON i.inhrelid = r.oid WHERE r.relkind NOT IN ('i', 'I')`,
];

const RELATIONS = `
  SELECT CASE r.relkind WHEN 'S' THEN 'forbidden-sequence' WHEN 'f' THEN 'forbidden-foreign-table'
      WHEN 'p' THEN 'forbidden-inheritance' WHEN 'c' THEN 'forbidden-object' ELSE 'forbidden-view' END,
    r.schema, r.relname, CASE r.relkind WHEN 'S' THEN 'a sequence' WHEN 'f' THEN 'a foreign table'
      WHEN 'p' THEN 'a partitioned table' WHEN 'c' THEN 'a composite type' WHEN 'm' THEN 'a materialized view'
      ELSE 'a view' END, r.relname, NULL, r.relkind::text, r.oid::regclass::text, r.oid,
    r.relkind <> 'c' AND ${inner(`'pg_class'::regclass`, 'r.oid')}
  FROM relations r WHERE r.relkind IN ('S', 'f', 'p', 'c', 'm', 'v')`;

/** Composite types are told as relations, row types and constraints with their tables. */
const OBJECTS = `
  SELECT CASE WHEN p.prosecdef THEN 'forbidden-security-definer' WHEN p.oid IS NOT NULL THEN 'forbidden-function'
      WHEN t.typtype = 'e' THEN 'forbidden-enum' ELSE 'forbidden-object' END,
    s.schema, replace(coalesce(p.oid::regprocedure::text, i.identity), s.schema || '.', ''), 'a ' || i.type ||
      CASE WHEN p.prosecdef THEN ' that runs with its owner''s rights' ELSE '' END,
    NULL, NULL, i.type, i.identity, d.objid, ${inner('d.classid', 'd.objid')}
  FROM schemas s JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
  WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_default_acl'::regclass)
    AND NOT coalesce(t.typtype = 'c', false)`;

function owners({ owner }: Roles): string {
  const expected = `expected ${owner}, found `;
  const shared = Object.keys(PUBLIC_RIGHTS).map(quoteLiteral).join(', ');
  return `
    SELECT 'wrong-owner', s.schema, 'schema', ${quoteLiteral(expected)} || pg_get_userbyid(n.nspowner), NULL, NULL,
      'schema', NULL, n.oid, false
    FROM schemas s JOIN pg_namespace n ON n.oid = s.oid WHERE pg_get_userbyid(n.nspowner) <> ${quoteLiteral(owner)}
    UNION ALL
    SELECT 'wrong-owner', r.schema, r.relname, ${quoteLiteral(expected)} || pg_get_userbyid(r.relowner), r.relname,
      NULL, r.relkind::text, NULL, r.oid, false
    FROM (SELECT schema, relname, relowner, relkind, oid FROM relations
      UNION ALL SELECT NULL, 'public.' || relname, relowner, relkind, oid FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relname IN (${shared})) r
    WHERE r.relkind NOT IN ('i', 'I', 'c') AND pg_get_userbyid(r.relowner) <> ${quoteLiteral(owner)}`;
}
