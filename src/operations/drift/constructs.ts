import type { Client } from 'pg';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import type { Observation } from './findings';

/** A forbidden object, or one of a wrong owner, with all that a statement about it has to name. */
export interface Construct extends Observation {
  /** The relation, or the table that it is on. */
  tbl: string | null;
  /** Its own name there. */
  name: string | null;
  /** `pg_class.relkind` of a relation, else the name that PostgreSQL has for such objects. */
  type: string;
  /** The parent of a table that inherits, else the object itself; qualified and quoted by PostgreSQL. */
  identity: string | null;
  /** Newer objects have higher ones, except after a wraparound. */
  oid: number;
  /** Created and dropped with another object: the sequence of an identity column, a member of an extension. */
  inner: boolean;
}

/**
 * Finds objects that no tenant schema may hold, whatever its version, and objects that the owner does not own. The
 * search follows dependencies on the schema, so it covers every kind of object.
 * @param schemas a table (oid, schema)
 */
export async function findConstructs(client: Client, roles: Roles, schemas: string): Promise<Construct[]> {
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

/** SQL condition: the object is created and dropped with another. */
const inner = (catalogue: string, oid: string) => `EXISTS (SELECT FROM pg_depend i
  WHERE i.classid = ${catalogue} AND i.objid = ${oid} AND i.objsubid = 0 AND i.deptype IN ('i', 'e'))`;

const ON_TABLES = [
  `SELECT 'forbidden-identity' AS check, r.schema, r.relname || '.' || a.attname AS object,
     'an identity column; ids are UUIDs that the program makes' AS detail, r.relname::text AS tbl,
     a.attname::text AS name, 'identity' AS type, NULL AS identity, r.oid, false AS inner
   FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attidentity <> '' AND NOT a.attisdropped`,
  `SELECT 'forbidden-trigger', r.schema, r.relname || '.' || t.tgname, pg_get_triggerdef(t.oid), r.relname,
     t.tgname, 'trigger', NULL, t.oid, false
   FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal`,
  `SELECT 'forbidden-rule', r.schema, r.relname || '.' || w.rulename, pg_get_ruledef(w.oid), r.relname, w.rulename,
     'rule', NULL, w.oid, false
   FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'`,
  `SELECT 'forbidden-policy', r.schema, r.relname || '.' || p.polname, 'a row policy; shops are separated by role',
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

/** Objects except relations, among them composite types, and except row types and constraints, which belong to tables. */
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

function owners(roles: Roles): string {
  const owner = quoteLiteral(roles.owner);
  return `
    SELECT 'wrong-owner', s.schema, 'schema', 'expected ' || ${owner} || ', found ' || pg_get_userbyid(n.nspowner),
      NULL, NULL, 'schema', NULL, n.oid, false
    FROM schemas s JOIN pg_namespace n ON n.oid = s.oid WHERE pg_get_userbyid(n.nspowner) <> ${owner}
    UNION ALL
    SELECT 'wrong-owner', r.schema, r.relname, 'expected ' || ${owner} || ', found ' || pg_get_userbyid(r.relowner),
      r.relname, NULL, r.relkind::text, NULL, r.oid, false
    FROM relations r
    WHERE r.relkind NOT IN ('i', 'I', 'c') AND pg_get_userbyid(r.relowner) <> ${owner}`;
}
