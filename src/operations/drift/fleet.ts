import type { Client } from 'pg';
import { quoteIdent } from '../../database/identifiers';

/** Tenants there have to be: those of shops, and those made in advance. */
export const TENANT_IDS =
  'SELECT id AS shop_id FROM public.shops UNION SELECT shop_id FROM public.spare_tenants';

/** The same as a table of (shop_id, schema), in SQL: the naming of TenantLocator, for all of them at once. */
export const TENANTS = `(SELECT shop_id, 'shop_' || replace(shop_id::text, '-', '') AS schema FROM (${TENANT_IDS}) ids)`;

/** Names of tenant schemas and of their roles, as a literal for `~`. */
export const TENANT_NAME = `'^shop_[0-9a-f]{32}$'`;

/** Every schema that looks like a tenant's, as a table of (oid, schema): those without a shop too. */
export const TENANT_SCHEMAS = `(SELECT oid, nspname::text AS schema FROM pg_namespace WHERE nspname ~ ${TENANT_NAME})`;

/** Roles made ahead for tenants to come, as a table of (schema): the name of role and schema. */
export const SPARE_ROLES = `(SELECT 'shop_' || replace(shop_id::text, '-', '') AS schema FROM public.spare_roles)`;

export interface Tenant {
  shopId: string;
  schema: string;
}

/**
 * What lies in rows of each schema cannot be read without naming the schema; so many go into one statement.
 * Each is a transaction of its own: it locks every table it reads until it ends.
 */
const BATCH = 200;

/**
 * Goes through tenants whose schema has the table with these columns, some at a time; a table that lacks them is
 * the structure's business.
 */
export async function* tenantsWith(
  client: Client,
  table: string,
  columns: readonly string[],
): AsyncGenerator<Tenant[]> {
  for (let last = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await client.query<Tenant>(
      `SELECT t.shop_id AS "shopId", t.schema
       FROM ${TENANTS} t JOIN pg_namespace n ON n.nspname = t.schema
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $1 AND c.relkind = 'r'
       WHERE t.shop_id > $2 AND $4 = (SELECT count(*) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attname = ANY($3) AND NOT a.attisdropped)
       ORDER BY t.shop_id LIMIT ${BATCH}`,
      [table, last, columns, columns.length],
    );
    if (rows.length === 0) return;
    yield rows;
    last = rows.at(-1)!.shopId; // not empty
  }
}

/** One SELECT over a table of several tenants. `select` gets the quoted table. */
export function unionOf(
  tenants: Tenant[],
  table: string,
  select: (name: string, tenant: Tenant) => string,
): string {
  return tenants
    .map((tenant) => select(`${quoteIdent(tenant.schema)}.${quoteIdent(table)}`, tenant))
    .join('\nUNION ALL ');
}
