import type { Client } from 'pg';
import { IS_ABANDONED, IS_LEFT } from '../../open-operations';
import type { Observation } from '../findings';

/** An operation that nobody runs for this long is a fault, unless others are running. Minutes. */
const QUEUED_MINUTES = 10;
/** A removal by hand has no operation; one that has not ended for this long was cut short. Minutes. */
const HELD_MINUTES = 60;

/** SQL of the schema of a tenant's id. */
const schemaOf = (id: string) => `'shop_' || replace(${id}::text, '-', '')`;

/** Finds operations whose runner is gone, and queued ones that no process takes. Their object is the operation's id. */
export async function findInterruptedOperations(client: Client): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `WITH open AS (SELECT *, ${IS_ABANDONED} AS is_abandoned FROM public.operations WHERE state IN ('queued', 'running'))
     SELECT 'operation-interrupted' AS check, ${schemaOf('o.shop_id')} AS schema, o.id AS object,
       o.kind || CASE WHEN is_abandoned THEN ' lost its runner ' ELSE ' waits for a runner since ' END
         || to_char(coalesce(o.seen_at, o.created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' AS detail
     FROM open o
     WHERE is_abandoned OR state = 'queued' AND coalesce(seen_at, created_at) < now() - interval '${QUEUED_MINUTES} minutes'
       AND NOT EXISTS (SELECT FROM open r WHERE r.state = 'running' AND NOT r.is_abandoned)
     ORDER BY o.created_at`,
  );
  return rows;
}

/** Finds tenants of no shop that no operation will use or remove any more. */
export async function findLeftHolds(client: Client): Promise<Observation[]> {
  const { rows } = await client.query<Observation>(
    `SELECT 'held-tenant-left' AS check, ${schemaOf('h.shop_id')} AS schema, ${schemaOf('h.shop_id')} AS object,
       CASE WHEN reason = 'replaced' THEN 'the shop whose data of before a restore they are is gone'
         ELSE 'the operation that held it (' || reason || ') has ended' END AS detail
     FROM public.held_tenants h
     WHERE ${IS_LEFT} AND CASE WHEN reason = 'replaced' THEN NOT EXISTS (SELECT FROM public.shops s WHERE s.id = h.of_shop)
       ELSE operation_id IS NOT NULL OR held_at < now() - interval '${HELD_MINUTES} minutes' END
     ORDER BY h.held_at`,
  );
  return rows;
}
