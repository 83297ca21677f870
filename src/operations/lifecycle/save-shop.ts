import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../common/ids';
import { faultOf } from '../faults';
import type { ReconnectingClient } from '../reconnecting-client';
import { backupName, writeBackupFile, type WrittenBackup } from './backup-files';
import { withSnapshot } from './copy/snapshot';
import type { TenantHeader } from './copy/tenant-data';
import type { OperationRun } from './operation-kind';
import type { FileTarget } from '../../files/file-target';

/** Attempts for a shop whose tables a migration has locked. */
const TRIES = 3;

export interface SaveOptions {
  isEncrypted: boolean;
  /** Name of the last file of a shop, which is kept; by default a name from slug, time and operation. */
  archive?: string;
  /** By default that of the run. */
  signal?: AbortSignal;
  /** Called after each block with the bytes so far, and an estimate of all. */
  onBytes?: (done: number, total: number) => void;
  /** Called with the name of the file before it is begun. */
  onBegin?: (file: string) => Promise<void>;
}

/** Writes the backup of one shop and then its row in `public.backups`. */
export async function saveShop(
  run: OperationRun,
  control: ReconnectingClient,
  target: FileTarget,
  shopId: string,
  { isEncrypted, archive, signal = run.signal, onBegin, onBytes }: SaveOptions,
): Promise<WrittenBackup> {
  const { installation, env } = run.tools;
  for (let attempt = 1; ; attempt++) {
    try {
      const [header, written] = await withSnapshot(installation, shopId, async (data) => {
        const recipients = isEncrypted ? (env.BACKUP_RECIPIENTS ?? []) : null;
        const { shop, snapshotAt } = data.header;
        const file = archive ?? backupName(shop.slug, snapshotAt, run.operation.id, isEncrypted);
        await onBegin?.(file);
        let done = 0;
        const onBlock = (_table: string, bytes: number) => {
          signal.throwIfAborted();
          done += bytes;
          onBytes?.(done, Math.max(data.header.estimatedBytes, done + 1));
        };
        return [data.header, await writeBackupFile(data, target, recipients, onBlock, file)] as const;
      });
      await record(run, control, { header, written, target, isEncrypted, isArchive: archive !== undefined });
      return written;
    } catch (error) {
      if (faultOf(error) !== 'busy' || attempt === TRIES) throw error;
      await sleep(500 * attempt, undefined, { signal });
    }
  }
}

interface Saved {
  header: TenantHeader;
  written: WrittenBackup;
  target: FileTarget;
  isEncrypted: boolean;
  isArchive: boolean;
}

/**
 * Records the file, and in the shop's audit log that somebody has a copy of its data. The schedule has no entries there, nor has
 * a purge, which has one of its own. One statement: others use the connection at the same time.
 */
async function record(
  { operation: { id, byKind, byId } }: OperationRun,
  control: ReconnectingClient,
  { header, written, target, isEncrypted, isArchive }: Saved,
): Promise<void> {
  const { shop, history, snapshotAt } = header;
  const client = await control.client();
  await client.query(
    `WITH entry AS (
       INSERT INTO public.audit_log (id, action, actor_id, shop_id, request_id, details)
       SELECT $14, 'shop.backed_up', $15, $2, NULL, $16 WHERE $17)
     INSERT INTO public.backups (id, shop_id, shop_slug, operation_id, target, file, bytes, rows, sha256, version,
       is_encrypted, is_archive, snapshot_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      ...[newId(), shop.id, shop.slug, id, target.location, written.file, written.bytes, written.rows],
      ...[written.sha256, history.at(-1)?.version ?? 0, isEncrypted, isArchive, snapshotAt],
      ...[
        newId(),
        byId,
        { by: byKind, operation: id, file: written.file },
        byKind !== 'schedule' && !isArchive,
      ],
    ],
  );
}
