import { configuredFiles } from '../../../files/open-target';
import type { EngineClient } from '../../../database/engine-client';
import { TenantFiles } from '../../../tenancy/tenant-files';
import { describeError } from '../../faults';
import type { Tools } from '../operation-kind';
import type { Orphan } from './orphan';

/**
 * Finds files of shops that this installation has removed, or of whose copy nothing came. A folder that no record knows is left
 * out: several installations may share a place.
 */
export async function findOrphanShopFiles(client: EngineClient, { env }: Tools): Promise<Orphan[]> {
  const { rows } = await client.query<{ id: string; shop: string }>(
    `SELECT id, shop FROM (
       SELECT r.id, r.slug AS shop FROM public.removed_shops r WHERE NOT EXISTS (
         SELECT FROM public.operations o WHERE o.id = r.operation_id AND o.state IN ('queued', 'running'))
       UNION SELECT (checkpoint ->> 'tenantId')::uuid, checkpoint ->> 'tenantId' FROM public.operations
         WHERE state IN ('failed', 'cancelled') AND checkpoint @> '{"hasFiles": true}') gone
     WHERE NOT EXISTS (SELECT FROM public.shops s WHERE s.id = gone.id)
       AND NOT EXISTS (SELECT FROM public.held_tenants h WHERE h.shop_id = gone.id) ORDER BY id`,
  );
  if (rows.length === 0) return [];
  const files = new TenantFiles(env);
  const gone = new Map(rows.map(({ id, shop }) => [id, shop]));
  const orphans: Orphan[] = [];
  try {
    for await (const id of files.shops()) {
      const shop = gone.get(id);
      if (shop !== undefined) orphans.push(orphanOf(files, id, shop, configuredFiles(env)));
    }
  } catch (error) {
    const { message: detail } = describeError(error);
    const object = configuredFiles(env);
    const advice = 'make it readable or correct FILES_TARGET';
    orphans.push({ check: 'target-unreadable', shop: null, object, detail, advice, fix: null });
  }
  return orphans;
}

function orphanOf(files: TenantFiles, shopId: string, shop: string, place: string): Orphan {
  const fix = async () => {
    await files.removeAll({ shopId });
    return 'they are removed';
  };
  const detail = `${place} has files of it, and there is no such shop`;
  return { check: 'files-without-shop', shop, object: `shops/${shopId}`, detail, advice: 'remove them', fix };
}
