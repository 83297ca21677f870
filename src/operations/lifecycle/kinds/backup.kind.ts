import type { ClientBase } from 'pg';
import { z } from 'zod';
import { severalAtOnce } from '../../../common/several-at-once';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { describeError, faultOf } from '../../faults';
import { ReconnectingClient } from '../../reconnecting-client';
import type { OperationKind, OperationRun } from '../operation-kind';
import { pruneBackups } from '../prune-backups';
import { removeUnrecorded } from '../remove-unrecorded';
import { saveShop } from '../save-shop';
import type { BackupTarget } from '../targets/backup-target';
import { openTarget } from '../targets/open-target';
import { TargetError } from '../targets/targets.errors';

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
      await target.prepare(); // fails before anything is begun, so that there is nothing to undo
      await removeUnrecorded(await control.client(), target, writing);
      return await saveShops({ run, control, target, wanted, begun: new Set() });
    } finally {
      await control.reset();
    }
  },
  async undo(run, wanted, { writing = [] }) {
    if (writing.length === 0) return;
    const target = await openTarget(wanted.target, run.tools.env);
    await withClient(adminOf(run.tools.installation).url, 'backup', (client) =>
      removeUnrecorded(client, target, writing),
    );
  },
};

const GONE = 'the shop was removed for good since the backup was requested';

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
  const failed: Failure[] = shops.gone.map((id) => ({ shopId: id, slug: id, message: GONE }));
  let done = shops.done + failed.length;
  let [bytes, removed] = [0, 0];
  const failing = new AbortController();
  const signal = AbortSignal.any([run.signal, failing.signal]);
  const total = done + shops.left.length;
  const report = () => run.report({ step: 'copy', done, total });
  const isSingle = total === 1;
  const reportBytes = (done: number, all: number) => run.report({ step: 'copy', done, total: all });
  const saveOne = async ({ id, slug }: { id: string; slug: string }) => {
    try {
      const saved = await save(saving, id, signal, isSingle ? reportBytes : undefined);
      bytes += saved.bytes;
      removed += saved.removed;
    } catch (error) {
      if (signal.aborted || faultOf(error) === 'server' || isOfTarget(error)) throw error;
      failed.push({ shopId: id, slug, message: describeError(error).message });
    }
    done++;
    report();
  };
  report();
  await severalAtOnce(shops.left, wanted.concurrency, async (shop) => {
    signal.throwIfAborted();
    await saveOne(shop).catch((error: unknown) => {
      failing.abort(error);
      throw error;
    });
  });
  const client = await control.client();
  await removeUnrecorded(client, target, [...begun]);
  const files = wanted.shops === null ? undefined : await filesOf(client, run.operation.id);
  return { saved: done - failed.length, bytes, removed, files, failed, target: target.location };
}

/** Files of all runners of the operation, for shops that were named: of all shops, they are too many for a result. */
async function filesOf(client: ClientBase, operationId: string): Promise<string[]> {
  const { rows } = await client.query<{ file: string }>(
    'SELECT file FROM public.backups WHERE operation_id = $1 ORDER BY file',
    [operationId],
  );
  return rows.map(({ file }) => file);
}

/** True when no shop can be saved in the target, whichever it is. */
function isOfTarget(error: unknown): boolean {
  return error instanceof TargetError && !error.code.startsWith('BACKUP_FILE_');
}

async function shopsToSave(
  control: ReconnectingClient,
  ids: string[] | null,
  operationId: string,
): Promise<{ done: number; left: { id: string; slug: string }[]; gone: string[] }> {
  const client = await control.client();
  const { rows } = await client.query<{ id: string; slug: string; isSaved: boolean }>(
    `SELECT s.id, s.slug, EXISTS (SELECT FROM public.backups b WHERE b.operation_id = $2 AND b.shop_id = s.id) AS "isSaved"
     FROM public.shops s WHERE $1::uuid[] IS NULL OR s.id = ANY ($1) ORDER BY s.id`,
    [ids, operationId],
  );
  const found = new Set(rows.map(({ id }) => id));
  return {
    done: rows.filter(({ isSaved }) => isSaved).length,
    left: rows.filter(({ isSaved }) => !isSaved),
    gone: (ids ?? []).filter((id) => !found.has(id)),
  };
}

/** @returns bytes of the file, and the number of older files that were removed */
async function save(
  saving: Saving,
  shopId: string,
  signal: AbortSignal,
  onBytes?: (done: number, total: number) => void,
): Promise<{ bytes: number; removed: number }> {
  const { run, control, target, wanted, begun } = saving;
  let name = '';
  try {
    const { file, bytes } = await saveShop(run, control, target, shopId, {
      isEncrypted: wanted.isEncrypted,
      signal,
      ...(onBytes && { onBytes }),
      onBegin: async (begin) => {
        begun.add((name = begin));
        await run.save({ writing: [...begun] } satisfies Checkpoint);
      },
    });
    begun.delete(file);
    if (wanted.keep === null) return { bytes, removed: 0 };
    return { bytes, removed: await pruneBackups(await control.client(), target, shopId, wanted.keep) };
  } catch (error) {
    if (error instanceof TargetError && error.code === 'BACKUP_FILE_EXISTS') begun.delete(name); // another's
    throw error;
  }
}
