import type { Client } from 'pg';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { PUBLIC_RIGHTS } from '../../database/public-rights';
import type { Observation } from './findings';
import { TENANT_SCHEMAS } from './fleet';

/**
 * Things that no tenant schema may hold, whatever its version, and things that belong to somebody else than the
 * owner. What lies in a schema is found by what depends on the schema, so no kind of object is forgotten.
 */
export async function findConstructs(client: Client, roles: Roles): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `WITH schemas AS MATERIALIZED (SELECT * FROM ${TENANT_SCHEMAS} s),
     relations AS MATERIALIZED (
       SELECT s.schema, c.* FROM schemas s JOIN pg_class c ON c.relnamespace = s.oid)
     ${[...ON_TABLES, RELATIONS, OBJECTS, owners(roles)].join(' UNION ALL ')}`,
    [Object.keys(PUBLIC_RIGHTS)],
  );
  return rows;
}

const ON_TABLES = [
  `SELECT 'forbidden-identity' AS check, r.schema, r.relname || '.' || a.attname AS object,
     'an identity column; ids are UUIDs made by the program' AS detail
   FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attidentity <> '' AND NOT a.attisdropped`,
  `SELECT 'forbidden-trigger', r.schema, r.relname || '.' || t.tgname, pg_get_triggerdef(t.oid)
   FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal`,
  `SELECT 'forbidden-rule', r.schema, r.relname || '.' || w.rulename, pg_get_ruledef(w.oid)
   FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'`,
  `SELECT 'forbidden-policy', r.schema, r.relname || '.' || p.polname, 'a row policy; a shop is kept apart by role'
   FROM relations r JOIN pg_policy p ON p.polrelid = r.oid`,
  `SELECT 'forbidden-inheritance', r.schema, r.relname, 'inherits from ' || i.inhparent::regclass
   FROM relations r JOIN pg_inherits i ON i.inhrelid = r.oid WHERE r.relkind NOT IN ('i', 'I')`,
];

const RELATIONS = `
  SELECT CASE r.relkind WHEN 'S' THEN 'forbidden-sequence' WHEN 'f' THEN 'forbidden-foreign-table'
      WHEN 'p' THEN 'forbidden-inheritance' WHEN 'c' THEN 'forbidden-object' ELSE 'forbidden-view' END,
    r.schema, r.relname, CASE r.relkind WHEN 'S' THEN 'a sequence' WHEN 'f' THEN 'a foreign table'
      WHEN 'p' THEN 'a partitioned table' WHEN 'c' THEN 'a composite type' WHEN 'm' THEN 'a materialized view'
      ELSE 'a view' END
  FROM relations r WHERE r.relkind IN ('S', 'f', 'p', 'c', 'm', 'v')`;

/** Composite types are told as relations, row types and constraints with their tables. */
const OBJECTS = `
  SELECT CASE WHEN p.prosecdef THEN 'forbidden-security-definer' WHEN p.oid IS NOT NULL THEN 'forbidden-function'
      WHEN t.typtype = 'e' THEN 'forbidden-enum' ELSE 'forbidden-object' END,
    s.schema, replace(coalesce(p.oid::regprocedure::text, i.identity), s.schema || '.', ''), 'a ' || i.type ||
      CASE WHEN p.prosecdef THEN ' that runs with its owner''s rights' ELSE '' END
  FROM schemas s JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
  WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_default_acl'::regclass)
    AND NOT coalesce(t.typtype = 'c', false)`;

function owners({ owner }: Roles): string {
  const expected = `expected ${owner}, found `;
  return `
    SELECT 'wrong-owner', s.schema, 'schema', ${quoteLiteral(expected)} || pg_get_userbyid(n.nspowner)
    FROM schemas s JOIN pg_namespace n ON n.oid = s.oid WHERE pg_get_userbyid(n.nspowner) <> ${quoteLiteral(owner)}
    UNION ALL
    SELECT 'wrong-owner', r.schema, r.relname, ${quoteLiteral(expected)} || pg_get_userbyid(r.relowner)
    FROM (SELECT schema, relname, relowner, relkind FROM relations
      UNION ALL SELECT NULL, 'public.' || relname, relowner, relkind FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($1)) r
    WHERE r.relkind NOT IN ('i', 'I', 'c') AND pg_get_userbyid(r.relowner) <> ${quoteLiteral(owner)}`;
}
