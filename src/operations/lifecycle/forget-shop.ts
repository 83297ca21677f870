import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../common/report';
import type { EngineClient } from '../../database/engine-client';
import { faultOf } from '../faults';
import { IS_LEFT } from '../open-operations';
import { recordOperationAudit } from './operation-audit';
import type { OperationRun } from './operation-kind';

/** How long a row may stay locked before the operation gives up, milliseconds. */
const PATIENCE_MS = 60_000;
const LOCK_MS = 200;
const REST_MS = 300;

/** A shop that is deleted for its members, and since when: it must be the same deletion until the end. */
export interface DeletedShop {
  id: string;
  slug: string;
  /** As PostgreSQL writes it, with microseconds. */
  deletedAt: string;
}

/**
 * Removes a deleted shop from `public` in one transaction that locks single rows, and marks its tenant, and the data that
 * restores have replaced, for removal. Sessions stay without the shop, and so does the audit log.
 * @param save stores the checkpoint, in this transaction
 * @throws OperatorError if the shop was undeleted meanwhile; the server's error if a row stays locked
 */
export async function forgetShop(
  client: EngineClient,
  run: OperationRun,
  shop: DeletedShop,
  archive: string | null,
  save: () => Promise<void>,
): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    run.signal.throwIfAborted();
    try {
      await client.exec(`BEGIN; SET LOCAL lock_timeout = ${LOCK_MS}`);
      await removeRows(client, run, shop, archive);
      await save();
      run.signal.throwIfAborted();
      await client.exec('COMMIT');
      return;
    } catch (error) {
      await client.exec('ROLLBACK').catch(() => undefined); // the connection is gone, and its transaction with it
      if (faultOf(error) !== 'busy' || Date.now() >= end) throw error;
    }
    await sleep(REST_MS * (0.5 + Math.random()));
  }
}

async function removeRows(
  client: EngineClient,
  run: OperationRun,
  { id, slug, deletedAt }: DeletedShop,
  archive: string | null,
): Promise<void> {
  const leaveSessions = () =>
    client.query('UPDATE public.refresh_tokens SET shop_id = NULL WHERE shop_id = $1', [id]);
  await leaveSessions(); // before the shop's row: whoever renews a token locks them in this order
  const { rows } = await client.query(
    `SELECT FROM public.shops WHERE id = $1 AND status = 'deleted' AND deleted_at = $2 FOR UPDATE`,
    [id, deletedAt],
  );
  if (rows.length === 0) throw new OperatorError(`The shop ${slug} is not deleted any more.`);
  await leaveSessions(); // no new ones from here on; the foreign key would end those sessions
  await client.query('DELETE FROM public.memberships WHERE shop_id = $1', [id]);
  await client.query('DELETE FROM public.former_slugs WHERE shop_id = $1', [id]);
  await client.query('DELETE FROM public.tenant_jobs WHERE shop_id = $1', [id]);
  await client.query(
    `UPDATE public.operations SET result = result - 'report', error = error - 'errors', checkpoint = checkpoint - 'result'
     WHERE shop_id = $1 AND kind = 'products-import'`,
    [id],
  );
  await client.query(
    `INSERT INTO public.held_tenants (shop_id, reason, of_shop, operation_id) VALUES ($1, 'removing', $1, $2)`,
    [id, run.operation.id],
  );
  await client.query(
    `UPDATE public.held_tenants h SET reason = 'removing', operation_id = $2
     WHERE of_shop = $1 AND shop_id <> $1 AND (reason = 'replaced' OR ${IS_LEFT})`,
    [id, run.operation.id],
  );
  await client.query(
    `INSERT INTO public.removed_shops (id, slug, name, created_at, archive, operation_id)
     SELECT id, slug, name, created_at, $2, $3 FROM public.shops WHERE id = $1`,
    [id, archive, run.operation.id],
  );
  await client.query('DELETE FROM public.shops WHERE id = $1', [id]);
  await recordOperationAudit(client, run.operation, 'shop.purged', id, archive === null ? {} : { archive });
}
