/** Stands for schema and role of a tenant in what is compared across tenants. */
export const SHOP = '<shop>';

/**
 * SQL that lists what schemas are made of as (schema, kind, tbl, object, value), one row a thing, the value as
 * PostgreSQL itself spells it, with the schema's own name replaced. Needs `search_path = pg_catalog`: names
 * are spelled with their schema then.
 *
 * NOT NULL is told with its column: PostgreSQL 18 knows a constraint for it too. An index that stands behind
 * a constraint is told with that.
 * @param schemas a table (oid, schema)
 */
export function structureSql(schemas: string): string {
  const things = [TABLES, COLUMNS, INDEXES, CONSTRAINTS].map((from) => from.replace(':schemas', schemas));
  return `SELECT schema, kind, tbl::text, object::text, replace(value, schema, '${SHOP}') AS value
    FROM (${things.join(' UNION ALL ')}) things`;
}

const TABLES = `
  SELECT s.schema, 'table' AS kind, c.relname AS tbl, c.relname AS object, concat_ws(' ',
    CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END,
    CASE WHEN c.relrowsecurity THEN 'row security' END, c.reloptions::text) AS value
  FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid WHERE c.relkind IN ('r', 'p')`;

const COLUMNS = `
  SELECT s.schema, 'column', c.relname, c.relname || '.' || a.attname, concat_ws(' ',
    format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
    'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attgenerated, ''),
    CASE WHEN a.attcollation NOT IN (0, 100) THEN 'COLLATE ' || a.attcollation::regcollation END)
  FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE c.relkind IN ('r', 'p')`;

const INDEXES = `
  SELECT s.schema, 'index', t.relname, c.relname, pg_get_indexdef(i.indexrelid) ||
    CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' INVALID' END
  FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid
  JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
  WHERE c.relkind IN ('i', 'I') AND NOT (i.indisvalid AND EXISTS (SELECT FROM pg_constraint k
    WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')))`;

const CONSTRAINTS = `
  SELECT s.schema, 'constraint', c.relname, c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
  FROM :schemas s JOIN pg_constraint k ON k.connamespace = s.oid JOIN pg_class c ON c.oid = k.conrelid
  WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') OR NOT k.convalidated`;

/**
 * SQL that lists rights as (schema, kind, object, grantee, rights), one row for each thing and grantee, with
 * what the access lists themselves say. The owner of a thing and `owner` are left out.
 * @param schemas a table (oid, schema)
 * @param owner quoted literal
 */
export function grantsSql(schemas: string, owner: string): string {
  return `SELECT schema, kind, object, grantee,
      string_agg(privilege || CASE WHEN grantable THEN ' with grant option' ELSE '' END, ', '
        ORDER BY privilege COLLATE "C") AS rights
    FROM (SELECT a.schema, a.kind, a.object, x.privilege_type AS privilege, x.is_grantable AS grantable,
        CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
      FROM (${ACCESS_LISTS.map((list) => list.replace(':schemas', schemas)).join(' UNION ALL ')}) a,
        aclexplode(a.acl) x
      WHERE x.grantee <> a.owner) rights
    WHERE grantee <> ${owner} GROUP BY schema, kind, object, grantee`;
}

const ACCESS_LISTS = [
  `SELECT s.schema, 'schema' AS kind, 'schema' AS object, n.nspowner AS owner, n.nspacl AS acl
   FROM :schemas s JOIN pg_namespace n ON n.oid = s.oid`,
  `SELECT s.schema, 'table', c.relname, c.relowner, c.relacl
   FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid`,
  `SELECT s.schema, 'column', c.relname || '.' || a.attname, c.relowner, a.attacl
   FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE a.attacl IS NOT NULL`,
  `SELECT s.schema, 'default', 'new ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
     WHEN 'f' THEN 'functions' ELSE 'objects' END || ' of ' || pg_get_userbyid(d.defaclrole),
     d.defaclrole, d.defaclacl
   FROM :schemas s JOIN pg_default_acl d ON d.defaclnamespace = s.oid`,
];
