import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../common/ids';
import { faultOf } from '../faults';
import type { ReconnectingClient } from '../reconnecting-client';
import { backupName, writeBackupFile, type WrittenBackup } from './backup-files';
import { withSnapshot } from './copy/snapshot';
import type { OperationRun } from './operation-kind';
import type { BackupTarget } from './targets/backup-target';

/** Attempts for a shop whose tables a migration has locked. */
const TRIES = 3;

export interface SaveOptions {
  isEncrypted: boolean;
  /** Name of the last file of a shop, which is kept; by default a name from slug and time. */
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
  target: BackupTarget,
  shopId: string,
  { isEncrypted, archive, signal = run.signal, onBegin, onBytes }: SaveOptions,
): Promise<WrittenBackup> {
  const { installation, env } = run.tools;
  for (let attempt = 1; ; attempt++) {
    try {
      const [header, written] = await withSnapshot(installation, shopId, async (data) => {
        const recipients = isEncrypted ? (env.BACKUP_RECIPIENTS ?? []) : null;
        const { shop, snapshotAt } = data.header;
        const file = archive ?? backupName(shop.slug, snapshotAt, isEncrypted);
        await onBegin?.(file);
        let done = 0;
        const onBlock = (_table: string, bytes: number) => {
          signal.throwIfAborted();
          done += bytes;
          onBytes?.(done, Math.max(data.header.estimatedBytes, done + 1));
        };
        return [data.header, await writeBackupFile(data, target, recipients, onBlock, file)] as const;
      });
      const client = await control.client();
      await client.query(
        `INSERT INTO public.backups (id, shop_id, shop_slug, operation_id, target, file, bytes, rows, sha256, version,
           is_encrypted, is_archive, snapshot_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
        [
          newId(),
          shopId,
          header.shop.slug,
          run.operation.id,
          target.location,
          written.file,
          written.bytes,
          written.rows,
          written.sha256,
          header.history.at(-1)?.version ?? 0,
          isEncrypted,
          archive !== undefined,
          header.snapshotAt,
        ],
      );
      return written;
    } catch (error) {
      if (faultOf(error) !== 'busy' || attempt === TRIES) throw error;
      await sleep(500 * attempt, undefined, { signal });
    }
  }
}
