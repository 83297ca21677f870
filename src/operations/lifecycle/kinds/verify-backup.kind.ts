import { z } from 'zod';
import { adminOf } from '../../../database/installation';
import { withClient } from '../../../database/with-client';
import type { OperationKind } from '../operation-kind';
import { compareWithRecord, verifyBackup } from '../verify-backup';

const input = z.object({
  /** Path, `s3://bucket/prefix/name`, or a name in the configured target. */
  file: z.string(),
});

/** Reads a whole backup file, and changes nothing. It fails with the code of what is wrong with the file. */
export const verifyBackupKind: OperationKind<z.infer<typeof input>> = {
  name: 'verify-backup',
  input,
  async run(run, { file }) {
    const { installation, env, migrations } = run.tools;
    run.report({ step: 'read' });
    const found = await verifyBackup(file, env, migrations, run.signal);
    const isRecorded = await withClient(adminOf(installation).url, 'verify backup', (client) =>
      compareWithRecord(client, found),
    );
    return { ...found, isRecorded };
  },
};
