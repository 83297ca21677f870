import { z } from 'zod';
import { OperatorError } from '../../../common/report';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { describeError, faultOf } from '../../faults';
import { readBackupFile } from '../backup-files';
import { type LoadCheckpoint, loadTenant } from '../load-tenant';
import type { OperationKind, OperationRun } from '../operation-kind';
import { inspectScratch } from '../rehearsal';
import { removeTenant } from '../remove-tenant';

const input = z.object({
  /** Number of shops, those whose newest backup is most recent. */
  newest: z.number().int().min(1).max(10_000),
});

interface Chosen {
  shopId: string;
  slug: string;
  /** Place and name of the file. */
  file: string;
  snapshotAt: string;
}

/** Result of one restored backup. */
export interface Rehearsed extends Chosen {
  isGood: boolean;
  /** Reason why it could not be restored, or what is wrong with it; null if it is good. */
  message: string | null;
  rows: number;
  /** From the file to a shop that is ready to serve: read, load, verify, migrate. Null if it could not be restored. */
  recoverySeconds: number | null;
  /** Age of the data when the restore began. */
  ageSeconds: number;
}

interface Checkpoint {
  chosen: Chosen[];
  finished: Rehearsed[];
  /** Tenant that the backup at hand is restored as. */
  tenantId: string | null;
}

/**
 * Restores the newest backup of some shops as scratch tenants that nobody can enter, inspects each and removes it. A backup
 * that is not good is named in the result, and the others follow. A next runner removes the scratch tenant of the one
 * before, and restores that backup again from its begin: half a measurement is none.
 */
export const rehearseKind: OperationKind<z.infer<typeof input>, Checkpoint> = {
  name: 'rehearse',
  input,
  async run(run, { newest }, checkpoint) {
    const chosen = checkpoint.chosen ?? (await chooseNewest(run, newest));
    const finished = [...(checkpoint.finished ?? [])];
    await removeScratch(run, checkpoint);
    for (const backup of chosen.slice(finished.length)) {
      run.report({ step: backup.slug, done: finished.length, total: chosen.length });
      const save = (tenantId: string | null, client?: Parameters<OperationRun['save']>[1]) =>
        run.save({ chosen, finished, tenantId } satisfies Checkpoint, client);
      let scratch: string | null = null;
      const inner: OperationRun = {
        ...run,
        report: () => undefined, // the progress counts backups
        save: (loading: Partial<LoadCheckpoint>, client) =>
          save((scratch = loading.tenantId ?? null), client),
      };
      const result = await rehearse(inner, backup);
      if (scratch !== null) await removeScratch(run, { tenantId: scratch });
      finished.push(result);
      run.report({ done: finished.length });
      await save(null);
    }
    return summaryOf(finished);
  },
  undo: (run, _wanted, checkpoint) => removeScratch(run, checkpoint),
};

async function chooseNewest(run: OperationRun, newest: number): Promise<Chosen[]> {
  const chosen = await withClient(adminOf(run.tools.installation).url, 'rehearse', async (client) => {
    const { rows } = await client.query<Chosen & { at: Date }>(
      `SELECT shop_id AS "shopId", shop_slug AS slug, rtrim(target, '/') || '/' || file AS file, snapshot_at AS at
       FROM (SELECT DISTINCT ON (shop_id) * FROM public.backups ORDER BY shop_id, snapshot_at DESC) newest
       ORDER BY snapshot_at DESC, shop_id LIMIT $1`,
      [newest],
    );
    return rows.map(({ at, ...backup }) => ({ ...backup, snapshotAt: at.toISOString() }));
  });
  if (chosen.length === 0) throw new OperatorError('No backup is recorded: run shops:backup first.');
  return chosen;
}

async function rehearse(run: OperationRun, backup: Chosen): Promise<Rehearsed> {
  const begun = Date.now();
  const result: Rehearsed = {
    ...backup,
    isGood: false,
    message: null,
    rows: 0,
    recoverySeconds: null,
    ageSeconds: Math.round((begun - Date.parse(backup.snapshotAt)) / 1000),
  };
  try {
    const { tenantId, loaded } = await loadTenant(
      run,
      {},
      (work) => readBackupFile(backup.file, run.tools.env, work),
      backup.shopId,
    );
    result.recoverySeconds = (Date.now() - begun) / 1000;
    result.rows = Object.values(loaded.tables).reduce((sum, { rows }) => sum + rows, 0);
    await inspectScratch(run.tools, tenantId, loaded);
    return { ...result, isGood: true };
  } catch (error) {
    if (run.signal.aborted || faultOf(error) === 'server') throw error;
    return { ...result, message: describeError(error).message };
  }
}

async function removeScratch(run: OperationRun, { tenantId }: Partial<Checkpoint>): Promise<void> {
  if (tenantId != null) await removeTenant(run.tools.installation, tenantId, { signal: run.signal });
}

function summaryOf(finished: readonly Rehearsed[]): object {
  const most = (values: (number | null)[]) => values.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  return {
    backups: finished,
    worstRecoverySeconds: most(finished.map(({ recoverySeconds }) => recoverySeconds)),
    worstAgeSeconds: most(finished.map(({ ageSeconds }) => ageSeconds)),
    failed: finished.flatMap(({ shopId, slug, isGood, message }) =>
      isGood ? [] : [{ shopId, slug, message }],
    ),
  };
}
