import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import type { OperationKind } from '../operation-kind';
import { removeTenant } from '../remove-tenant';

const input = z.object({
  /** Shop whose data they were. */
  shop: z.uuid(),
  /** Tenant that holds them. */
  tenant: z.uuid(),
});

/** Removes data that a restore has replaced. Exclusive for the shop, so that nothing brings them back meanwhile. */
export const dropReplacedKind: OperationKind<z.infer<typeof input>> = {
  name: 'drop-replaced',
  input,
  async run(run, { shop, tenant }) {
    const { installation } = run.tools;
    const isHeld = await withClient(adminOf(installation).url, 'drop replaced', async (client) => {
      const { rows } = await client.query(
        `UPDATE public.held_tenants SET reason = 'removing', operation_id = $3
         WHERE shop_id = $1 AND of_shop = $2 AND (reason = 'replaced' OR operation_id = $3) RETURNING 1`,
        [tenant, shop, run.operation.id],
      );
      return rows.length > 0;
    });
    const objects = isHeld ? await removeTenant(installation, tenant, { signal: run.signal }) : 0;
    return { id: shop, objects };
  },
};
