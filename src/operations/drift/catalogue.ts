/** Placeholder for a tenant's schema and role in values that are compared across tenants. */
export const SHOP = '<shop>';

/** One kind of element that a schema consists of, in SQL. */
interface Kind {
  /** Table that it belongs to. */
  tbl: string;
  /** Name in findings. */
  object: string;
  /** Definition as PostgreSQL spells it, for comparisons. */
  value: string;
  /** Components of the definition as JSON, for building statements: repair/component.ts. */
  components: string;
  from: string;
}

/**
 * SQL that lists the elements of schemas as (schema, kind, tbl, object, value), with the schema's own name replaced.
 * Needs `search_path = pg_catalog`, so that PostgreSQL spells names with their schema.
 *
 * NOT NULL belongs to its column, although PostgreSQL 18 has a constraint for it too. The index of a constraint belongs
 * to the constraint, unless it is invalid.
 * @param schemas a table (oid, schema)
 * @param as `components`: the value is JSON, which costs more
 */
export function structureSql(schemas: string, as: 'value' | 'components' = 'value'): string {
  const elements = Object.entries(KINDS).map(
    ([kind, { tbl, object, from, ...spelled }]) => `
      SELECT s.schema, '${kind}' AS kind, ${tbl} AS tbl, ${object} AS object, (${spelled[as]})::text AS value
      FROM ${schemas} s ${from}`,
  );
  return `SELECT schema, kind, tbl::text, object::text, replace(value, schema, '${SHOP}') AS value
    FROM (${elements.join(' UNION ALL ')}) elements`;
}

/** PostgreSQL checks foreign keys by internal triggers, which a superuser can disable. */
const DISABLED_TRIGGER = `EXISTS (SELECT FROM pg_trigger g
  WHERE g.tgrelid = c.oid AND g.tgisinternal AND g.tgenabled IN ('D', 'R'))`;

const KINDS: Record<'table' | 'column' | 'index' | 'constraint', Kind> = {
  table: {
    tbl: 'c.relname',
    object: 'c.relname',
    value: `concat_ws(' ', CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END,
      CASE WHEN c.relrowsecurity THEN 'row security' END,
      CASE WHEN c.relforcerowsecurity THEN 'forced row security' END,
      CASE WHEN ${DISABLED_TRIGGER} THEN 'foreign keys not checked' END, c.reloptions::text)`,
    components: `json_build_object('unlogged', c.relpersistence = 'u', 'rowSecurity', c.relrowsecurity,
      'forced', c.relforcerowsecurity, 'unchecked', ${DISABLED_TRIGGER},
      'options', coalesce(c.reloptions, '{}'))`,
    from: `JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p')`,
  },
  column: {
    tbl: 'c.relname',
    object: `c.relname || '.' || a.attname`,
    value: `concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
      'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attgenerated, ''),
      CASE WHEN a.attcollation NOT IN (0, 100) THEN 'COLLATE ' || a.attcollation::regcollation END)`,
    components: `json_build_object('position', a.attnum, 'type', format_type(a.atttypid, a.atttypmod),
      'notNull', a.attnotnull, 'expression', pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated,
      'collation', CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation::text END)`,
    from: `JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p')
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum`,
  },
  index: {
    tbl: 't.relname',
    object: 'c.relname',
    value: `pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' INVALID' END`,
    components: `json_build_object('definition', pg_get_indexdef(i.indexrelid), 'unique', i.indisunique,
      'backsConstraint', EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')))`,
    from: `JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('i', 'I')
      JOIN pg_index i ON i.indexrelid = c.oid AND NOT (i.indisvalid AND EXISTS (SELECT FROM pg_constraint k
        WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')))
      JOIN pg_class t ON t.oid = i.indrelid`,
  },
  constraint: {
    tbl: 'c.relname',
    object: `c.relname || '.' || k.conname`,
    value: 'pg_get_constraintdef(k.oid)',
    components: `json_build_object('definition', pg_get_constraintdef(k.oid), 'type', k.contype,
      'columns', array(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)),
      'refersTo', (SELECT f.relname FROM pg_class f WHERE f.oid = k.confrelid AND f.relnamespace = s.oid))`,
    from: `JOIN pg_constraint k ON k.connamespace = s.oid
        AND (k.contype IN ('p', 'u', 'f', 'c', 'x') OR NOT k.convalidated)
      JOIN pg_class c ON c.oid = k.conrelid`,
  },
};

/**
 * SQL that lists rights as (schema, kind, tbl, name, object, grantee, rights), one row for each object and grantee,
 * read from the access lists. The owner of an object and `owner` are left out. For default privileges, `tbl` is the
 * kind of new objects and `name` the role that creates them.
 * @param schemas a table (oid, schema)
 * @param owner quoted literal
 */
export function grantsSql(schemas: string, owner: string): string {
  return `SELECT schema, kind, tbl::text, name::text, object, grantee,
      string_agg(privilege || CASE WHEN grantable THEN ' with grant option' ELSE '' END, ', '
        ORDER BY privilege COLLATE "C") AS rights
    FROM (SELECT a.schema, a.kind, a.tbl, a.name, a.object, x.privilege_type AS privilege, x.is_grantable AS grantable,
        CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
      FROM (${ACCESS_LISTS.map((list) => list.replace(':schemas', schemas)).join(' UNION ALL ')}) a,
        aclexplode(a.acl) x
      WHERE x.grantee <> a.owner) rights
    WHERE grantee <> ${owner} GROUP BY schema, kind, tbl, name, object, grantee`;
}

const ACCESS_LISTS = [
  `SELECT s.schema, 'schema' AS kind, NULL::name AS tbl, NULL::name AS name, 'schema' AS object,
     n.nspowner AS owner, n.nspacl AS acl
   FROM :schemas s JOIN pg_namespace n ON n.oid = s.oid`,
  `SELECT s.schema, 'table', c.relname, NULL, c.relname, c.relowner, c.relacl
   FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid`,
  `SELECT s.schema, 'column', c.relname, a.attname, c.relname || '.' || a.attname, c.relowner, a.attacl
   FROM :schemas s JOIN pg_class c ON c.relnamespace = s.oid JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE a.attacl IS NOT NULL`,
  `SELECT schema, 'default', objects, creator, 'new ' || objects || ' of ' || creator, defaclrole, defaclacl
   FROM (SELECT s.schema, d.*, pg_get_userbyid(d.defaclrole) AS creator,
       CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
         ELSE 'objects' END AS objects
     FROM :schemas s JOIN pg_default_acl d ON d.defaclnamespace = s.oid) d`,
];
