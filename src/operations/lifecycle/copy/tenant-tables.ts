import type { ClientBase } from 'pg';
import { VERSION_TABLE } from '../../../database/schema-migrations';
import type { TableShape } from './tenant-data';

/** Tables whose rows the program makes from others, whenever they are missing: no part of a backup, copy or export. */
export const DERIVED_TABLES: readonly string[] = ['product_embeddings'];

/**
 * Lists the tables of a schema in the order of foreign keys, with the columns that COPY takes. The version table is left
 * out, because its rows come from the migrations themselves, and so are derived tables.
 * @param client admin login, which may read the catalogue
 */
export async function listTables(client: ClientBase, schema: string): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape>(
    `SELECT c.relname AS name,
       array(SELECT a.attname::text FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         ORDER BY a.attnum) AS columns,
       array(SELECT DISTINCT f.relname::text FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
         WHERE k.conrelid = c.oid AND k.contype = 'f' ORDER BY 1) AS "refersTo"
     FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
     WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> ALL ($2) ORDER BY c.relname`,
    [schema, [VERSION_TABLE, ...DERIVED_TABLES]],
  );
  return inOrder(rows);
}

/** Tables that refer to one another in a circle come in the order of their names. */
function inOrder(tables: readonly TableShape[]): TableShape[] {
  const ordered = new Map<string, TableShape>();
  const byName = new Map(tables.map((table) => [table.name, table]));
  const visiting = new Set<string>();
  const visit = (table: TableShape) => {
    if (ordered.has(table.name) || visiting.has(table.name)) return;
    visiting.add(table.name);
    for (const name of table.refersTo) {
      const other = byName.get(name);
      if (other !== undefined) visit(other);
    }
    ordered.set(table.name, table);
  };
  for (const table of tables) visit(table);
  return [...ordered.values()];
}
