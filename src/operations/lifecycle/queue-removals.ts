import { adminOf } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { OperationInProgress } from './lifecycle.errors';
import type { Tools } from './operation-kind';
import { type NewOperation, queueOperation } from './operation-store';

/** Days for which the data of before a restore are kept. */
export const REPLACED_DAYS = 30;

/** Records the purge of every shop that was deleted more than DELETED_DAYS ago. @returns ids of the operations */
export function purgeDeleted(tools: Tools): Promise<string[]> {
  return queueForEach(
    tools,
    `SELECT id AS "shopId", slug FROM public.shops
     WHERE status = 'deleted' AND deleted_at < now() - make_interval(days => $1) ORDER BY deleted_at`,
    tools.env.DELETED_DAYS,
    ({ shopId }) => ({ kind: 'purge', input: { shop: shopId, isArchived: true } }),
  );
}

/** Records the removal of data that restores have replaced more than 30 days ago. @returns ids of the operations */
export function dropReplaced(tools: Tools): Promise<string[]> {
  return queueForEach(
    tools,
    `SELECT h.of_shop AS "shopId", s.slug, h.shop_id AS "tenantId"
     FROM public.held_tenants h JOIN public.shops s ON s.id = h.of_shop
     WHERE h.reason = 'replaced' AND h.held_at < now() - make_interval(days => $1) ORDER BY h.held_at`,
    REPLACED_DAYS,
    ({ shopId, tenantId }) => ({ kind: 'drop-replaced', input: { shop: shopId, tenant: tenantId } }),
  );
}

interface Found {
  shopId: string;
  slug: string;
  tenantId?: string;
}

/** A shop on which another operation is open is left to the next call. */
async function queueForEach(
  tools: Tools,
  sql: string,
  days: number,
  wantedFor: (found: Found) => Pick<NewOperation, 'kind' | 'input'>,
): Promise<string[]> {
  return withClient(adminOf(tools.installation).url, 'removals', async (client) => {
    const { rows } = await client.query<Found>(sql, [days]);
    const ids: string[] = [];
    for (const found of rows) {
      const shop = { id: found.shopId, slug: found.slug };
      const by = { kind: 'schedule', id: null } as const;
      try {
        ids.push(await queueOperation(client, { ...wantedFor(found), shop, by, isExclusive: true }));
      } catch (error) {
        if (!(error instanceof OperationInProgress)) throw error;
      }
    }
    return ids;
  });
}
