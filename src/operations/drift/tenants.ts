import type { Client } from 'pg';
import { isId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import { VERSION_TABLE } from '../../database/schema-migrations';
import { type Tenant as FleetTenant, TENANTS, unionOf } from './fleet';

export interface Tenant extends FleetTenant {
  /** What operators call it: slug of the shop; its id while it has no shop. */
  shop: string;
  /** Version by public.tenants; null when that has no row. */
  index: number | null;
  hasSchema: boolean;
  hasRole: boolean;
  /** Whether the schema can be asked for its version. */
  hasVersions: boolean;
}

/** Tenants whose version rows are read with one statement, which locks all their tables. */
const BATCH = 200;

/**
 * Tenants of shops and spare ones, as they are now.
 * @param only slugs and ids of those wanted; all when absent
 * @throws OperatorError naming those that there are not
 */
export async function listTenants(client: Client, only?: readonly string[]): Promise<Tenant[]> {
  const wanted = only?.map((name) => (isId(name) ? name.toLowerCase() : name));
  const { rows } = await client.query<Tenant>(
    `SELECT t.shop_id AS "shopId", t.schema, coalesce(s.slug, t.shop_id::text) AS shop, i.version AS index,
       n.oid IS NOT NULL AS "hasSchema",
       EXISTS (SELECT FROM pg_roles r WHERE r.rolname = t.schema) AS "hasRole",
       EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'version'
         WHERE c.relnamespace = n.oid AND c.relname = $2 AND c.relkind = 'r' AND NOT a.attisdropped) AS "hasVersions"
     FROM ${TENANTS} t LEFT JOIN public.shops s ON s.id = t.shop_id
     LEFT JOIN public.tenants i ON i.shop_id = t.shop_id LEFT JOIN pg_namespace n ON n.nspname = t.schema
     WHERE $1::text[] IS NULL OR s.slug = ANY ($1) OR t.shop_id::text = ANY ($1)
     ORDER BY t.shop_id`,
    [wanted ?? null, VERSION_TABLE],
  );
  const found = new Set(rows.flatMap(({ shop, shopId }) => [shop, shopId]));
  const unknown = wanted?.filter((name) => !found.has(name)) ?? [];
  if (unknown.length > 0) throw new OperatorError(`No shop has the slug or id ${unknown.join(', ')}.`);
  return rows;
}

/**
 * Versions that the rows inside each schema say, oldest first, by schema. Each statement is a transaction of its
 * own, so that nobody waits for the locks on all of them.
 */
export async function readVersions(
  client: Client,
  tenants: readonly Tenant[],
): Promise<Map<string, number[]>> {
  const readable = tenants.filter(({ hasVersions }) => hasVersions);
  const versions = new Map<string, number[]>();
  for (let i = 0; i < readable.length; i += BATCH) {
    const { rows } = await client.query<{ schema: string; versions: string[] }>(
      unionOf(
        readable.slice(i, i + BATCH),
        VERSION_TABLE,
        (table, { schema }) =>
          `SELECT '${schema}' AS schema, array(SELECT version::bigint FROM ${table} ORDER BY 1) AS versions`,
      ),
    );
    for (const row of rows) versions.set(row.schema, row.versions.map(Number)); // pg gives them as text
  }
  return versions;
}
