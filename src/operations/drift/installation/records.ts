import type { Client } from 'pg';
import { IS_CLOSED } from '../../../tenancy/tenant-registry';
import type { TenantMigrations } from '../../../tenancy/tenant-migrations';
import type { Observation } from '../findings';
import type { Env } from '../../../config/env';
import { longestInterval } from '../../../config/cron';
import { batchesWith, type Tenant, unionOf } from '../fleet';

/**
 * Compares memberships with the members inside shops: without a row of the same role there, orders cannot name who
 * took them. A member without a membership is no fault: the row stays for the orders that name it.
 */
export async function compareMembers(client: Client, tenants: readonly Tenant[]): Promise<Observation[]> {
  const observations: Observation[] = [];
  const wanted = tenants.filter(({ isWanted }) => isWanted);
  for await (const batch of batchesWith(client, wanted, 'members', ['user_id', 'role'])) {
    const missing = unionOf(
      batch,
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

export async function findShopsWithoutOwner(client: Client): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'shop-without-owner' AS check, 'shop_' || replace(id::text, '-', '') AS schema,
       'public.memberships' AS object, 'no membership has the role owner' AS detail
     FROM public.shops s
     WHERE NOT EXISTS (SELECT FROM public.memberships m WHERE m.shop_id = s.id AND m.role = 'owner')`,
  );
  return rows;
}

/** A backup takes its time, so the next one may be late by half an interval. */
const LATE = 1.5;

/** Finds shops without a backup of the time that the schedule says; a new shop has that time too. */
export async function findOldBackups(client: Client, { BACKUP_SCHEDULE }: Env): Promise<Observation[]> {
  const interval = BACKUP_SCHEDULE === undefined ? null : longestInterval(BACKUP_SCHEDULE);
  if (interval === null) return [];
  const seconds = Math.round((interval * LATE) / 1000);
  const { rows } = await client.query<Observation>(
    `SELECT 'backup-old' AS check, 'shop_' || replace(s.id::text, '-', '') AS schema, 'public.backups' AS object,
       format('expected a backup of the last %s hours, found %s', round($1::numeric / 3600, 1),
         CASE WHEN b.at IS NULL THEN 'none' ELSE 'older ones only' END) AS detail
     FROM public.shops s
       LEFT JOIN (SELECT shop_id, max(snapshot_at) AS at FROM public.backups GROUP BY shop_id) b ON b.shop_id = s.id
     WHERE greatest(b.at, s.created_at) < now() - $1 * interval '1 second'`,
    [seconds],
  );
  return rows;
}

/** Finds tenants whose last migration failed, except those that have all migrations by now. */
export async function findFailedMigrations(
  client: Client,
  { checksum }: TenantMigrations,
): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'migration-failed' AS check, 'shop_' || replace(shop_id::text, '-', '') AS schema,
       'public.tenants' AS object, 'the last attempt failed: ' || last_error AS detail
     FROM public.tenants t WHERE status <> 'ready' AND checksum <> $1 AND NOT ${IS_CLOSED}`,
    [checksum],
  );
  return rows;
}
