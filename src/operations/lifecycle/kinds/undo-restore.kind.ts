import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { forgetCached } from '../forget-cached';
import { RestoreNotKept } from '../lifecycle.errors';
import { migrateHeld } from '../load-tenant';
import { recordOperationAudit } from '../operation-audit';
import type { OperationKind, OperationRun } from '../operation-kind';
import { swapTenants } from '../swap-tenants';

const input = z.object({ shop: z.uuid() });

interface Checkpoint {
  result: object;
}

/** Exchanges a shop's data with those that its last restore replaced. Repeated, it brings the restored data back. */
export const undoRestoreKind: OperationKind<z.infer<typeof input>, Checkpoint> = {
  name: 'undo-restore',
  input,
  async run(run, { shop }, checkpoint) {
    const result = checkpoint.result ?? (await exchange(run, shop));
    await forgetCached(run.tools, shop);
    return result;
  },
};

async function exchange(run: OperationRun, shop: string): Promise<object> {
  const { installation } = run.tools;
  return withClient(adminOf(installation).url, 'undo restore', async (client) => {
    const { rows } = await client.query<{ heldId: string; heldAt: Date }>(
      `SELECT shop_id AS "heldId", held_at AS "heldAt" FROM public.held_tenants
       WHERE of_shop = $1 AND reason = 'replaced' ORDER BY held_at DESC LIMIT 1`,
      [shop],
    );
    const [kept] = rows;
    if (kept === undefined) throw new RestoreNotKept();
    const { heldId } = kept;
    run.report({ step: 'migrate' });
    await migrateHeld(run, heldId);
    run.report({ step: 'swap' });
    const done = { id: shop, replacedAt: kept.heldAt.toISOString() };
    const save = async () => {
      await recordOperationAudit(client, run.operation, 'shop.restore_undone', shop);
      await run.save({ result: done } satisfies Checkpoint, client);
    };
    const waitedMs = await swapTenants(client, installation.roles, shop, heldId, save, run.signal);
    return { ...done, waitedMs };
  });
}
