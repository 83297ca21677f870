import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import type { OperationKind } from '../operation-kind';
import { removeTenant } from '../remove-tenant';

const input = z.object({
  /** Shop whose data they were. */
  shop: z.uuid(),
  /** Tenant that holds them; null for all that are kept of the shop. */
  tenant: z.uuid().nullable(),
});

/** Removes data that a restore has replaced. Exclusive for the shop, so that nothing brings them back meanwhile. */
export const dropReplacedKind: OperationKind<z.infer<typeof input>> = {
  name: 'drop-replaced',
  input,
  async run(run, { shop, tenant }) {
    const { installation } = run.tools;
    const held = await withClient(adminOf(installation).url, 'drop replaced', async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `UPDATE public.held_tenants SET reason = 'removing', operation_id = $3
         WHERE ($1::uuid IS NULL OR shop_id = $1) AND of_shop = $2 AND (reason = 'replaced' OR operation_id = $3)
         RETURNING shop_id AS id`,
        [tenant, shop, run.operation.id],
      );
      return rows;
    });
    let objects = 0;
    for (const { id } of held) objects += await removeTenant(installation, id, { signal: run.signal });
    return { id: shop, objects };
  },
};
