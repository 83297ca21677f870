import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { EXPORT_DAYS, pruneOlderExports } from '../prune-exports';
import { withSnapshot } from '../copy/snapshot';
import { writeExport } from '../export/export-file';
import { recordOperationAudit } from '../operation-audit';
import type { OperationKind, OperationRun } from '../operation-kind';
import { removeParts } from '../remove-unrecorded';
import { type FileTarget, isFileMissing } from '../../../files/file-target';
import { configuredTarget, openTarget } from '../../../files/open-target';

const input = z.object({
  /** Shop to export. */
  shop: z.uuid(),
  /** Place of the file; null for the configured one, where it is kept for some days. */
  out: z.object({ target: z.string(), file: z.string() }).nullable(),
});
type Input = z.infer<typeof input>;

/** Result of an export. */
export interface ExportResult {
  target: string;
  file: string;
  bytes: number;
  tables: number;
  rows: number;
  snapshotAt: string;
  /** Time after which the file is removed; null for a file that stays. */
  expiresAt: string | null;
}

type Written = Pick<ExportResult, 'tables' | 'rows' | 'snapshotAt'>;

interface Checkpoint {
  /** A runner has begun to write: what it left is removed. */
  isBegun: true;
  /** Content of the file, which is about to get its name: one that is there now is this one. */
  written: Written;
  result: ExportResult;
}

/** Writes everything of a shop into a zip. A next runner removes what the one before it has begun, and keeps a whole file. */
export const exportKind: OperationKind<Input, Checkpoint> = {
  name: 'export',
  input,
  async run(run, wanted, checkpoint): Promise<ExportResult> {
    if (checkpoint.result !== undefined) return checkpoint.result;
    const { target, file } = await placeOf(run, wanted);
    if (checkpoint.isBegun) await removeParts(target, [file]);
    else await run.save({ isBegun: true } satisfies Partial<Checkpoint>);
    const { bytes, ...content } =
      (await findWritten(target, file, checkpoint)) ?? (await write(run, wanted, target, file));
    const expires = new Date(Date.now() + EXPORT_DAYS * 86_400_000).toISOString();
    const place = { target: target.location, file, expiresAt: wanted.out === null ? expires : null };
    const exported = { ...place, bytes, ...content };
    await withClient(adminOf(run.tools.installation).url, 'export', async (client) => {
      await client.exec('BEGIN');
      await recordOperationAudit(client, run.operation, 'shop.exported', wanted.shop);
      await run.save({ result: exported } satisfies Partial<Checkpoint>, client);
      await client.exec('COMMIT');
      if (wanted.out !== null) return;
      for (const { file: older, error } of await pruneOlderExports(client, run.tools.env, run.operation))
        run.tools.logger.warn({ event: 'export.not_removed', file: older, err: error });
    });
    return exported;
  },
  async undo(run, wanted, checkpoint) {
    if (checkpoint.isBegun === undefined || checkpoint.result !== undefined) return;
    const { target, file } = await placeOf(run, wanted);
    await removeParts(target, [file]);
    if (wanted.out === null) await target.remove(file); // a whole file that somebody named may be another's
    await run.save({}); // so that a retry does not take such a file for its own
  },
};

/** Finds the file of a runner that was killed before it could say that it had written it. */
async function findWritten(
  target: FileTarget,
  file: string,
  { written }: Partial<Checkpoint>,
): Promise<(Written & { bytes: number }) | null> {
  if (written === undefined) return null;
  try {
    return { ...written, bytes: await target.size(file) };
  } catch (error) {
    if (isFileMissing(error)) return null;
    throw error;
  }
}

async function write(
  run: OperationRun,
  wanted: Input,
  target: FileTarget,
  file: string,
): Promise<Written & { bytes: number }> {
  const described = await run.tools.describedTables();
  run.report({ step: 'export', done: 0, total: 0 });
  const { bytes, result } = await target.write(file, (sink) =>
    withSnapshot(run.tools.installation, wanted.shop, async (data) => {
      const sum = await writeExport(data, described, sink, (done) => {
        run.signal.throwIfAborted();
        run.report({ step: 'export', done });
      });
      const written: Written = { ...sum, snapshotAt: data.header.snapshotAt };
      await run.save({ isBegun: true, written } satisfies Partial<Checkpoint>);
      return written;
    }),
  );
  return { ...result, bytes };
}

async function placeOf(
  { operation, tools: { env } }: OperationRun,
  { out }: Input,
): Promise<{ target: FileTarget; file: string }> {
  const stamp = operation.createdAt.toISOString().replaceAll(/[-:]/g, '');
  return out === null
    ? {
        target: await openTarget(configuredTarget(env), env),
        file: `export.${operation.shopSlug}.${stamp}.zip`,
      }
    : { target: await openTarget(out.target, env), file: out.file };
}
