import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { describeError, faultOf } from '../../faults';
import { ReconnectingClient } from '../../reconnecting-client';
import type { OperationKind } from '../operation-kind';
import { pruneBackups } from '../prune-backups';
import { saveShop } from '../save-shop';
import { openTarget } from '../targets/open-target';

const input = z.object({
  /** Ids of shops; null for all. */
  shops: z.array(z.uuid()).nullable(),
  /** Directory or `s3://bucket/prefix`. */
  target: z.string(),
  /** Retention, such as `7d4w`; null keeps everything. */
  keep: z.string().nullable(),
  isEncrypted: z.boolean(),
  /** Shops at once: each holds locks on its tables and two connections. */
  concurrency: z.number().int().min(1).max(16),
});
type Input = z.infer<typeof input>;

interface Failure {
  shopId: string;
  slug: string;
  message: string;
}

/**
 * Writes one file a shop, several shops at once. A file that is complete has a row in `public.backups`; a next runner skips
 * those shops. A shop that fails is named in the result, and the others go on.
 */
export const backupKind: OperationKind<Input> = {
  name: 'backup',
  input,
  async run(run, wanted) {
    const { installation, env } = run.tools;
    const target = await openTarget(wanted.target, env);
    const control = new ReconnectingClient(adminOf(installation).url, 'backup');
    try {
      const shops = await shopsToSave(control, wanted.shops, run.operation.id);
      let { done } = shops;
      let bytes = 0;
      const failed: Failure[] = [];
      const report = () => run.report({ step: 'copy', done, total: shops.done + shops.left.length });
      const work = async () => {
        for (let shop = shops.left.shift(); shop !== undefined; shop = shops.left.shift()) {
          run.signal.throwIfAborted();
          try {
            bytes += (await saveShop(run, control, target, shop.id, wanted)).bytes;
            if (wanted.keep !== null)
              await pruneBackups(await control.client(), target, shop.id, wanted.keep);
          } catch (error) {
            if (run.signal.aborted || faultOf(error) === 'server') throw error;
            failed.push({ shopId: shop.id, slug: shop.slug, message: describeError(error).message });
          }
          done++;
          report();
        }
      };
      const total = shops.left.length;
      run.report({ step: 'copy', done, total: done + total });
      await Promise.all(Array.from({ length: wanted.concurrency }, work));
      return { saved: done - failed.length, bytes, failed, target: target.location };
    } finally {
      await control.reset();
    }
  },
};

async function shopsToSave(
  control: ReconnectingClient,
  ids: string[] | null,
  operationId: string,
): Promise<{ done: number; left: { id: string; slug: string }[] }> {
  const client = await control.client();
  const { rows } = await client.query<{ id: string; slug: string; isSaved: boolean }>(
    `SELECT s.id, s.slug, EXISTS (SELECT FROM public.backups b WHERE b.operation_id = $2 AND b.shop_id = s.id) AS "isSaved"
     FROM public.shops s WHERE $1::uuid[] IS NULL OR s.id = ANY ($1) ORDER BY s.id`,
    [ids, operationId],
  );
  return { done: rows.filter(({ isSaved }) => isSaved).length, left: rows.filter(({ isSaved }) => !isSaved) };
}
