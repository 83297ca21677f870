import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { OperatorError } from '../../../common/report';
import { adminOf } from '../../../database/installation';
import { ACCESS_CACHE_MS } from '../../../tenancy/served-versions';
import { TenantFiles } from '../../../tenancy/tenant-files';
import { describeError } from '../../faults';
import { ReconnectingClient } from '../../reconnecting-client';
import { placeOf } from '../backup-files';
import { type DeletedShop, forgetShop } from '../forget-shop';
import type { OperationKind, OperationRun } from '../operation-kind';
import { removeExports } from '../prune-exports';
import { removeTenant } from '../remove-tenant';
import { saveShop } from '../save-shop';
import { configuredFiles, configuredTarget, openTarget } from '../../../files/open-target';

/** Members may write for this long after the deletion: what processes have cached, and a second for their commits. */
const OUT_MS = ACCESS_CACHE_MS + 1000;

const input = z.object({
  shop: z.uuid(),
  /** Writes a last backup, which retention leaves. */
  isArchived: z.boolean(),
});
type Input = z.infer<typeof input>;

interface Checkpoint {
  /** The shop is out of `public`: there is no way back. */
  gone: { slug: string; archive: string | null };
}

/** A file that could not be removed. */
interface LeftFile {
  file: string;
  message: string;
}

/**
 * Removes a deleted shop for good: a last backup, its rows in `public`, its data and those of before its restores, and its
 * other backups, its exports and its own files. Until its rows are removed, it can be cancelled or the shop undeleted; afterwards it only goes forward.
 */
export const purgeKind: OperationKind<Input, Checkpoint> = {
  name: 'purge',
  input,
  async run(run, wanted, { gone }) {
    const control = new ReconnectingClient(adminOf(run.tools.installation).url, 'purge');
    try {
      const { slug, archive } = gone ?? (await leavePublic(run, control, wanted));
      const objects = await removeData(run, control);
      const leftFiles = await removeBackups(run, control, wanted.shop);
      leftFiles.push(...(await removeExportsOf(run, control, wanted.shop)));
      leftFiles.push(...(await removeFilesOf(run, wanted.shop)));
      return { id: wanted.shop, slug, archive, objects, leftFiles };
    } finally {
      await control.reset();
    }
  },
  async undo(run, { shop }) {
    const control = new ReconnectingClient(adminOf(run.tools.installation).url, 'purge');
    try {
      const { rows } = await (await control.client()).query('SELECT FROM public.shops WHERE id = $1', [shop]);
      if (rows.length > 0) await dropArchive(run, control);
    } finally {
      await control.reset();
    }
  },
  isFinal: ({ gone }) => gone !== undefined,
};

async function leavePublic(
  run: OperationRun,
  control: ReconnectingClient,
  { shop: id, isArchived }: Input,
): Promise<Checkpoint['gone']> {
  const shop = await waitUntilOut(run, control, id);
  const archive = isArchived ? await saveArchive(run, control, shop) : null;
  run.report({ step: 'leave public' });
  const gone = { slug: shop.slug, archive };
  const client = await control.client();
  await forgetShop(client, run, shop, archive, () => run.save({ gone } satisfies Checkpoint, client));
  return gone;
}

/** Waits until no member can write any more. */
async function waitUntilOut(
  run: OperationRun,
  control: ReconnectingClient,
  id: string,
): Promise<DeletedShop> {
  const client = await control.client();
  const { rows } = await client.query<DeletedShop & { ms: number }>(
    `SELECT id, slug, deleted_at::text AS "deletedAt",
       greatest(0, $2 - 1000 * extract(epoch FROM clock_timestamp() - deleted_at))::int AS ms
     FROM public.shops WHERE id = $1 AND status = 'deleted'`,
    [id, OUT_MS],
  );
  const [shop] = rows;
  if (shop === undefined) throw new OperatorError(`No deleted shop has the id ${id}.`);
  run.report({ step: 'members leave' });
  await sleep(shop.ms, undefined, { signal: run.signal });
  return shop;
}

/** Writes the last backup under a name of this operation, unless an earlier runner has. @returns place and name */
async function saveArchive(
  run: OperationRun,
  control: ReconnectingClient,
  { id, slug, deletedAt }: DeletedShop,
): Promise<string> {
  run.report({ step: 'archive' });
  const client = await control.client();
  const { rows } = await client.query<{ target: string; file: string }>(
    `SELECT target, file FROM public.backups
     WHERE operation_id = $1 AND shop_id = $2 AND is_archive AND snapshot_at > $3`,
    [run.operation.id, id, deletedAt],
  );
  if (rows[0] !== undefined) return placeOf(rows[0]);
  await dropArchive(run, control);
  const { env, logger } = run.tools;
  const target = await openTarget(configuredTarget(env), env);
  const isEncrypted = (env.BACKUP_RECIPIENTS ?? []).length > 0;
  const archive = archiveName(slug, run, isEncrypted);
  await target.remove(archive); // by a runner that ended before it was recorded
  const { file, bytes } = await saveShop(run, control, target, id, { isEncrypted, archive });
  logger.info({ event: 'purge.archived', shopId: id, file, bytes });
  return placeOf({ target: target.location, file });
}

function archiveName(slug: string, { operation }: OperationRun, isEncrypted: boolean): string {
  return `${slug}.final.${operation.id}.tar.gz${isEncrypted ? '.age' : ''}`;
}

/** Removes the archive of a purge that does not take place, or of an earlier deletion of the shop. */
async function dropArchive(run: OperationRun, control: ReconnectingClient): Promise<void> {
  const left = await removeFiles(run, control, 'operation_id = $1 AND is_archive', [run.operation.id]);
  if (left[0] !== undefined) throw new OperatorError(`${left[0].file} remains: ${left[0].message}`);
}

/** Removes the tenants that this operation has marked. */
async function removeData(run: OperationRun, control: ReconnectingClient): Promise<number> {
  const client = await control.client();
  const { rows } = await client.query<{ id: string }>(
    'SELECT shop_id AS id FROM public.held_tenants WHERE operation_id = $1 ORDER BY 1',
    [run.operation.id],
  );
  let removed = 0;
  for (const { id } of rows) {
    const onProgress = ({ done, total }: { done: number; total: number }) =>
      run.report({ step: 'remove data', done, total });
    removed += await removeTenant(run.tools.installation, id, { signal: run.signal, onProgress });
  }
  return removed;
}

function removeBackups(run: OperationRun, control: ReconnectingClient, shopId: string): Promise<LeftFile[]> {
  run.report({ step: 'remove backups' });
  const isOther = 'shop_id = $1 AND (NOT is_archive OR operation_id IS DISTINCT FROM $2)';
  return removeFiles(run, control, isOther, [shopId, run.operation.id]);
}

/** The files of exports hold the same data. */
async function removeExportsOf(
  run: OperationRun,
  control: ReconnectingClient,
  shopId: string,
): Promise<LeftFile[]> {
  const client = await control.client();
  const { left } = await removeExports(client, run.tools.env, 'shop_id = $1', [shopId]);
  return left.map(({ file, error }) => ({ file, message: describeError(error).message }));
}

/** Removes the shop's own files, such as images. */
async function removeFilesOf({ tools: { env } }: OperationRun, shopId: string): Promise<LeftFile[]> {
  try {
    await new TenantFiles(env).removeAll({ shopId });
    return [];
  } catch (error) {
    return [{ file: `files of the shop in ${configuredFiles(env)}`, message: describeError(error).message }];
  }
}

/** Removes files, then their rows. A file whose place refuses is named; its row stays. */
async function removeFiles(
  run: OperationRun,
  control: ReconnectingClient,
  condition: string,
  values: unknown[],
): Promise<LeftFile[]> {
  const client = await control.client();
  const { rows } = await client.query<{ id: string; target: string; file: string }>(
    `SELECT id, target, file FROM public.backups WHERE ${condition} ORDER BY target, file`,
    values,
  );
  const left: LeftFile[] = [];
  for (const { id, target, file } of rows) {
    run.signal.throwIfAborted();
    try {
      await (await openTarget(target, run.tools.env)).remove(file);
    } catch (error) {
      left.push({ file: placeOf({ target, file }), message: describeError(error).message });
      continue;
    }
    await client.query('DELETE FROM public.backups WHERE id = $1', [id]);
  }
  return left;
}
