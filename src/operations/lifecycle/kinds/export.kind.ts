import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import { EXPORT_DAYS } from '../prune-exports';
import { withSnapshot } from '../copy/snapshot';
import { writeExport } from '../export/export-file';
import { recordOperationAudit } from '../operation-audit';
import type { OperationKind, OperationRun } from '../operation-kind';
import type { BackupTarget } from '../targets/backup-target';
import { configuredTarget, openTarget } from '../targets/open-target';

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

/** Writes everything of a shop into a zip. The name follows from the operation, so a next runner replaces what is there. */
export const exportKind: OperationKind<Input, { result: ExportResult }> = {
  name: 'export',
  input,
  async run(run, wanted, checkpoint): Promise<ExportResult> {
    if (checkpoint.result !== undefined) return checkpoint.result;
    const { target, file } = await placeOf(run, wanted);
    if (wanted.out === null) await target.remove(file); // of a runner that died before it could say so
    run.report({ step: 'export', done: 0, total: 0 });
    const { bytes, result } = await target.write(file, (sink) =>
      withSnapshot(run.tools.installation, wanted.shop, async (data) => {
        const sum = await writeExport(data, sink, (done) => {
          run.signal.throwIfAborted();
          run.report({ step: 'export', done });
        });
        return { ...sum, snapshotAt: data.header.snapshotAt };
      }),
    );
    const expires = new Date(Date.now() + EXPORT_DAYS * 86_400_000).toISOString();
    const place = { target: target.location, file, expiresAt: wanted.out === null ? expires : null };
    const exported = { ...place, bytes, ...result };
    await withClient(adminOf(run.tools.installation).url, 'export', async (client) => {
      await client.exec('BEGIN');
      await recordOperationAudit(client, run.operation, 'shop.exported', wanted.shop);
      await run.save({ result: exported }, client);
      await client.exec('COMMIT');
    });
    return exported;
  },
  async undo(run, wanted, checkpoint) {
    if (wanted.out !== null || checkpoint.result !== undefined) return; // an incomplete file has no name, and a complete one may be somebody else's
    const { target, file } = await placeOf(run, wanted);
    await target.remove(file);
  },
};

async function placeOf(
  { operation, tools: { env } }: OperationRun,
  { out }: Input,
): Promise<{ target: BackupTarget; file: string }> {
  const stamp = operation.createdAt.toISOString().replaceAll(/[-:]/g, '');
  return out === null
    ? {
        target: await openTarget(configuredTarget(env), env),
        file: `export.${operation.shopSlug}.${stamp}.zip`,
      }
    : { target: await openTarget(out.target, env), file: out.file };
}
