import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { newId } from '../../../common/ids';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { describeError, faultOf } from '../../faults';
import { ReconnectingClient } from '../../reconnecting-client';
import { backupName, writeBackupFile } from '../backup-files';
import { withSnapshot } from '../copy/snapshot';
import type { OperationKind, OperationRun } from '../operation-kind';
import { pruneBackups } from '../prune-backups';
import { removeUnrecorded } from '../remove-unrecorded';
import type { BackupTarget } from '../targets/backup-target';
import { openTarget } from '../targets/open-target';
import { TargetError } from '../targets/targets.errors';

/** Attempts for a shop whose tables a migration has locked. */
const TRIES = 3;

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

interface Checkpoint {
  /** Files that were begun. Those that have no row when no runner writes them are removed. */
  writing: string[];
}

/**
 * Writes one file a shop, several shops at once. A file that is complete has a row in `public.backups`; a next runner skips
 * those shops. A shop that fails is named in the result, and the others go on; a target that takes no file ends the operation.
 */
export const backupKind: OperationKind<Input, Checkpoint> = {
  name: 'backup',
  input,
  async run(run, wanted, { writing = [] }) {
    const target = await openTarget(wanted.target, run.tools.env);
    const control = new ReconnectingClient(adminOf(run.tools.installation).url, 'backup');
    try {
      await removeUnrecorded(await control.client(), target, writing);
      return await saveShops({ run, control, target, wanted, begun: new Set() });
    } finally {
      await control.reset();
    }
  },
  async undo(run, wanted, { writing = [] }) {
    const target = await openTarget(wanted.target, run.tools.env);
    await withClient(adminOf(run.tools.installation).url, 'backup', (client) =>
      removeUnrecorded(client, target, writing),
    );
  },
};

/** One run of a backup. */
interface Saving {
  run: OperationRun;
  control: ReconnectingClient;
  target: BackupTarget;
  wanted: Input;
  /** Names of files that have no row yet. */
  begun: Set<string>;
}

async function saveShops(saving: Saving): Promise<object> {
  const { run, control, target, wanted, begun } = saving;
  const shops = await shopsToSave(control, wanted.shops, run.operation.id);
  let { done } = shops;
  let bytes = 0;
  const failed: Failure[] = [];
  const failing = new AbortController();
  const signal = AbortSignal.any([run.signal, failing.signal]);
  const total = done + shops.left.length;
  const report = () => run.report({ step: 'copy', done, total });
  const saveOne = async ({ id, slug }: { id: string; slug: string }) => {
    try {
      bytes += await saveShop(saving, id, signal);
    } catch (error) {
      if (signal.aborted || faultOf(error) === 'server' || isOfTarget(error)) throw error;
      failed.push({ shopId: id, slug, message: describeError(error).message });
    }
    done++;
    report();
  };
  const work = async () => {
    for (let shop = shops.left.shift(); shop !== undefined; shop = shops.left.shift()) {
      signal.throwIfAborted();
      await saveOne(shop).catch((error: unknown) => {
        failing.abort(error); // the others must have ended before anything is undone
        throw error;
      });
    }
  };
  report();
  await Promise.allSettled(Array.from({ length: wanted.concurrency }, work));
  signal.throwIfAborted();
  await removeUnrecorded(await control.client(), target, [...begun]);
  return { saved: done - failed.length, bytes, failed, target: target.location };
}

/** True when no shop can be saved in the target, whichever it is. */
function isOfTarget(error: unknown): boolean {
  return error instanceof TargetError && !error.code.startsWith('BACKUP_FILE_');
}

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

/** @returns bytes of the file */
async function saveShop(saving: Saving, shopId: string, signal: AbortSignal): Promise<number> {
  const { run, control, target, wanted, begun } = saving;
  let name = '';
  for (let attempt = 1; ; attempt++) {
    try {
      const [header, written] = await withSnapshot(run.tools.installation, shopId, async (data) => {
        const recipients = wanted.isEncrypted ? (run.tools.env.BACKUP_RECIPIENTS ?? []) : null;
        name = backupName(data.header.shop.slug, data.header.snapshotAt, wanted.isEncrypted);
        begun.add(name);
        await run.save({ writing: [...begun] } satisfies Checkpoint);
        const file = await writeBackupFile(data, target, recipients, () => signal.throwIfAborted());
        return [data.header, file] as const;
      });
      const client = await control.client();
      await client.query(
        `INSERT INTO public.backups (id, shop_id, shop_slug, operation_id, target, file, bytes, rows, sha256, version,
           is_encrypted, snapshot_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
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
          wanted.isEncrypted,
          header.snapshotAt,
        ],
      );
      begun.delete(written.file);
      if (wanted.keep !== null) await pruneBackups(client, target, shopId, wanted.keep);
      return written.bytes;
    } catch (error) {
      if (error instanceof TargetError && error.code === 'BACKUP_FILE_EXISTS') begun.delete(name); // another's
      if (faultOf(error) !== 'busy' || attempt === TRIES) throw error;
      await sleep(500 * attempt, undefined, { signal });
    }
  }
}
