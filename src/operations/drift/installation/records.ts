import type { Client } from 'pg';
import type { Observation } from '../findings';
import { tenantsWith, unionOf } from '../fleet';

/**
 * Who works in a shop by `public.memberships` has a row with the same role inside it: without one, orders
 * cannot name who took them. The other way round is no fault: a row stays for the orders that name it.
 */
export async function compareMembers(client: Client): Promise<Observation[]> {
  const observations = await findShopsWithoutOwner(client);
  for await (const tenants of tenantsWith(client, 'members', ['user_id', 'role'])) {
    const missing = unionOf(
      tenants,
      'members',
      (table, { shopId, schema }) => `SELECT '${schema}' AS schema, m.user_id, m.role, t.role::text AS inside
        FROM public.memberships m LEFT JOIN ${table} t ON t.user_id::text = m.user_id::text
        WHERE m.shop_id = '${shopId}' AND t.role::text IS DISTINCT FROM m.role`,
    );
    const { rows } = await client.query<Observation>(
      `SELECT 'member-missing' AS check, schema, 'members ' || user_id AS object,
         'expected the role ' || role || ', found ' || coalesce(inside, 'no row') AS detail
       FROM (${missing}) m`,
    );
    observations.push(...rows);
  }
  return observations;
}

async function findShopsWithoutOwner(client: Client): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'shop-without-owner' AS check, 'shop_' || replace(id::text, '-', '') AS schema,
       'public.memberships' AS object, 'nobody is its owner' AS detail
     FROM public.shops s
     WHERE NOT EXISTS (SELECT FROM public.memberships m WHERE m.shop_id = s.id AND m.role = 'owner')`,
  );
  return rows;
}
