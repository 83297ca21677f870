import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';

/** An object of a schema, in the words of DROP. */
export interface SchemaObject {
  kind: string;
  /** Qualified and quoted. */
  name: string;
}

export interface SchemaContents {
  /** Everything that the schema holds, dependents before what they depend on. */
  objects: SchemaObject[];
  /** Descriptions of objects outside the schema that depend on some inside. */
  outside: string[];
}

/** Kinds whose name in the catalogue is not that of DROP. */
const DROP_KINDS: Record<string, string> = {
  'composite type': 'TYPE',
  'statistics object': 'STATISTICS',
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
};

interface Row {
  objects: { key: string; kind: string; name: string }[];
  /** Pairs of keys: the first is dropped before the second. */
  edges: [before: string, after: string][];
  outside: string[];
}

/**
 * Lists whatever a schema holds: not only tables, and not only what tenant migrations create. One query, whose cost
 * depends on the schema and not on the number of tenants.
 */
export async function readContents(client: EngineClient, schema: string): Promise<SchemaContents> {
  await client.exec('BEGIN READ ONLY; SET LOCAL enable_seqscan = off'); // pg_depend has a row for each column of the fleet
  try {
    const { rows } = await client.query<Row>(contentsSql(schema));
    const { objects, edges, outside } = rows[0]!; // no table, so one row
    return { objects: inOrder(objects, edges), outside };
  } finally {
    await client.exec('COMMIT').catch(() => undefined); // the connection is gone
  }
}

/**
 * The objects of the schema are roots. What PostgreSQL drops together with a root (indexes, constraints, rules, row types,
 * owned sequences) is a part of it. An object that depends on a part is dropped first, and so is a partition.
 */
function contentsSql(schema: string): string {
  return `
    WITH RECURSIVE roots AS MATERIALIZED (
      SELECT d.classid, d.objid, d.classid || '.' || d.objid AS root FROM pg_depend d
      WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace(${quoteLiteral(schema)})
        AND d.deptype = 'n' AND NOT EXISTS (SELECT FROM pg_depend e
          WHERE e.classid = d.classid AND e.objid = d.objid AND e.objsubid = 0 AND e.deptype IN ('e', 'i'))),
    parts AS (
      SELECT classid, objid, root FROM roots
      UNION
      SELECT d.classid, d.objid, p.root FROM parts p JOIN pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
      WHERE d.deptype IN ('i', 'a', 'e', 'P', 'S')),
    dependents AS MATERIALIZED (
      SELECT DISTINCT d.classid, d.objid, d.objsubid, p.root FROM parts p
      JOIN pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid WHERE d.deptype = 'n'),
    edges AS (
      SELECT q.root AS before, d.root AS after FROM dependents d JOIN parts q USING (classid, objid)
      UNION
      SELECT CASE WHEN i.inhrelid IS NULL THEN p.root ELSE r.root END, CASE WHEN i.inhrelid IS NULL THEN r.root ELSE p.root END
      FROM roots r JOIN parts p USING (classid, objid)
      LEFT JOIN pg_inherits i ON i.inhrelid = r.objid AND r.classid = 'pg_class'::regclass)
    SELECT
      (SELECT coalesce(json_agg(json_build_object('key', root, 'kind', i.type, 'name', i.identity) ORDER BY objid DESC), '[]')
       FROM roots, pg_identify_object(classid, objid, 0) i WHERE i.identity IS NOT NULL) AS objects,
      (SELECT coalesce(json_agg(json_build_array(before, after)), '[]') FROM edges WHERE before <> after) AS edges,
      (SELECT coalesce(json_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)), '[]')
       FROM dependents d LEFT JOIN parts q USING (classid, objid) WHERE q.root IS NULL) AS outside`;
}

/** Sorts dependents before what they depend on. In a circle, such as two tables that refer to each other, one comes first. */
function inOrder(objects: Row['objects'], edges: Row['edges']): SchemaObject[] {
  const earlier = new Map<string, string[]>();
  for (const [before, after] of edges) earlier.set(after, [...(earlier.get(after) ?? []), before]);
  const left = new Map(objects.map((object) => [object.key, object]));
  const ordered: SchemaObject[] = [];
  const add = (key: string) => {
    const object = left.get(key);
    if (object === undefined) return;
    left.delete(key);
    earlier.get(key)?.forEach(add);
    ordered.push({ kind: DROP_KINDS[object.kind] ?? object.kind.toUpperCase(), name: object.name });
  };
  for (const { key } of objects) add(key);
  return ordered;
}
