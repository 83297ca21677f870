import type { Client } from 'pg';
import { isId } from '../../common/ids';
import { quoteIdent, quoteLiteral } from '../../database/identifiers';
import { findShopIds, shopNotFound } from '../../tenancy/named-shops';
import { IS_CLOSED } from '../../tenancy/tenant-registry';

/** Ids of all complete tenants that should exist: those of shops, spare ones, and those that operations keep. */
export const TENANT_IDS = `SELECT id AS shop_id FROM public.shops UNION SELECT shop_id FROM public.spare_tenants
  UNION SELECT t.shop_id FROM public.held_tenants t WHERE NOT ${IS_CLOSED}`;

/** These tenants as a table (shop_id, schema): the naming of TenantLocator in SQL. */
export const TENANTS = `(SELECT shop_id, 'shop_' || replace(shop_id::text, '-', '') AS schema FROM (${TENANT_IDS}) ids)`;

/** Names of tenant schemas and of their roles, as a literal for `~`. */
export const TENANT_NAME = `'^shop_[0-9a-f]{32}$'`;

/** Every schema named as a tenant's, as a table (oid, schema), including those without a shop. */
export const TENANT_SCHEMAS = `(SELECT oid, nspname::text AS schema FROM pg_namespace WHERE nspname ~ ${TENANT_NAME})`;

/** Spare roles, as a table (schema): the name of role and schema. */
export const SPARE_ROLES = `(SELECT 'shop_' || replace(shop_id::text, '-', '') AS schema FROM public.spare_roles)`;

/** Tenants that an operation fills or removes, so that they are incomplete by right, as a table (schema). */
export const CLOSED_TENANTS = `(SELECT 'shop_' || replace(shop_id::text, '-', '') AS schema
  FROM public.held_tenants t WHERE ${IS_CLOSED})`;

export interface Tenant {
  shopId: string;
  schema: string;
  /** Name for operators: slug of the shop; the id if there is no shop. */
  shop: string;
  /** True when a shop or a spare tenant should have this schema. */
  isWanted: boolean;
  /** Slug of the shop whose data these were before a restore replaced them: nobody is served by them. Else null. */
  keptFor: string | null;
  hasShop: boolean;
  hasSchema: boolean;
  hasRole: boolean;
  /** Version in public.tenants; null if there is no row. */
  registered: number | null;
}

/**
 * Lists the tenants of shops, spare tenants, those that operations keep, and schemas named as a tenant's that belong to none
 * of them. Closed tenants are left out.
 * @param only slugs and ids of shops and spare tenants; all if absent
 * @throws ShopNotFound naming those that do not exist
 */
export async function listTenants(client: Client, only?: readonly string[]): Promise<Tenant[]> {
  const ids = only === undefined ? null : await idsOf(client, only);
  const { rows } = await client.query<Tenant>(
    `SELECT coalesce(t.shop_id, substr(schema, 6)::uuid) AS "shopId", schema,
       coalesce(s.slug, t.shop_id::text, substr(schema, 6)::uuid::text) AS shop,
       t.shop_id IS NOT NULL AS "isWanted", o.slug AS "keptFor", s.id IS NOT NULL AS "hasShop", n.oid IS NOT NULL AS "hasSchema",
       EXISTS (SELECT FROM pg_roles r WHERE r.rolname = schema) AS "hasRole", i.version AS registered
     FROM ${TENANTS} t FULL JOIN ${TENANT_SCHEMAS} n USING (schema)
     LEFT JOIN public.shops s ON s.id = t.shop_id LEFT JOIN public.tenants i ON i.shop_id = t.shop_id
     LEFT JOIN public.held_tenants k ON k.shop_id = t.shop_id AND k.reason = 'replaced'
     LEFT JOIN public.shops o ON o.id = k.of_shop
     WHERE ($1::uuid[] IS NULL OR t.shop_id = ANY ($1))
       AND schema NOT IN (SELECT c.schema FROM ${CLOSED_TENANTS} c)
     ORDER BY 1`,
    [ids],
  );
  const found = new Set(rows.map(({ shopId }) => shopId));
  const unknown = only?.filter((_, i) => !found.has(ids?.[i] ?? ''));
  if (unknown !== undefined && unknown.length > 0) throw shopNotFound(...unknown);
  return rows;
}

/** Ids of shops and of spare tenants, which have no slug; null for an unknown slug. */
async function idsOf(client: Client, names: readonly string[]): Promise<(string | null)[]> {
  const found = await findShopIds(async (sql, values) => (await client.query(sql, values)).rows, names);
  return names.map((name, i) => found[i] ?? (isId(name) ? name.toLowerCase() : null));
}

/** Schemas as a table (oid, schema, set) in SQL; those that no longer exist are left out. */
export function schemasSql(schemas: readonly { schema: string; set: number | null }[]): string {
  const arrayOf = (values: unknown[]) => quoteLiteral(`{${values.join(',')}}`);
  const names = arrayOf(schemas.map(({ schema }) => schema));
  const sets = arrayOf(schemas.map(({ set }) => set ?? 'NULL'));
  // PostgreSQL knows the length of a constant array; it plans JSON for a hundred rows.
  return `(SELECT n.oid, t.schema, t.set FROM unnest(${names}::text[], ${sets}::int[]) AS t(schema, set)
    JOIN pg_namespace n ON n.nspname = t.schema)`;
}

/**
 * Schemas a statement. Rows inside a schema cannot be read without naming it. Each statement is a transaction of its
 * own, because it locks every table that it reads until it ends.
 */
const BATCH = 200;

/** Yields batches of those tenants whose schema has the table with all these columns. */
export async function* batchesWith(
  client: Client,
  tenants: readonly Tenant[],
  table: string,
  columns: readonly string[],
): AsyncGenerator<Tenant[]> {
  for (let i = 0; i < tenants.length; i += BATCH) {
    const batch = tenants.slice(i, i + BATCH);
    const { rows } = await client.query<{ schema: string }>(
      `SELECT n.nspname AS schema FROM pg_namespace n
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2 AND c.relkind = 'r'
       WHERE n.nspname = ANY ($1) AND $4 = (SELECT count(*) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attname = ANY ($3) AND NOT a.attisdropped)`,
      [batch.map(({ schema }) => schema), table, columns, columns.length],
    );
    const readable = new Set(rows.map(({ schema }) => schema));
    if (readable.size > 0) yield batch.filter(({ schema }) => readable.has(schema));
  }
}

/** One SELECT over a table of several tenants. `select` gets the quoted table. */
export function unionOf(
  tenants: readonly Tenant[],
  table: string,
  select: (name: string, tenant: Tenant) => string,
): string {
  return tenants
    .map((tenant) => select(`${quoteIdent(tenant.schema)}.${quoteIdent(table)}`, tenant))
    .join('\nUNION ALL ');
}
