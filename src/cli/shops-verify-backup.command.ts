import type { Command } from 'commander';
import { AppError } from '../common/app-error';
import { reportOf } from '../common/report';
import { readEnv } from '../config/env';
import { adminOf } from '../database/installation';
import { withClient } from '../database/with-client';
import { BackupInvalid } from '../operations/lifecycle/copy/backup-file';
import { TargetError } from '../files/targets.errors';
import { compareWithRecord, type VerifiedBackup, verifyBackup } from '../operations/lifecycle/verify-backup';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { type CommandContext, print } from './command-context';
import { printTable, sizeText } from './table';

/** Result of the comparison with `public.backups`; `unknown` without a database. */
type RecordState = 'same' | 'none' | 'unknown';

export function addShopsVerifyBackup(program: Command, context: CommandContext): void {
  program
    .command('shops:verify-backup')
    .description('read a whole backup file, and check that it can be restored here; exits 1 if not')
    .argument('<file>', 'path, s3://bucket/prefix/name, or a name in BACKUP_TARGET')
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      '\nExample: npm run cli -- shops:verify-backup corner-shop.20261129T120000.000Z.1f3c9a2b.tar.gz',
    )
    .action(async (file: string, { json }: { json?: boolean }) => {
      try {
        const found = await verifyBackup(file, readEnv(), await TenantMigrations.load());
        const record = await recordOf(context, found);
        if (json) print(JSON.stringify({ isGood: true, ...found, record }));
        else show(found, record);
      } catch (error) {
        if (!json) throw error;
        print(JSON.stringify({ isGood: false, file, error: failureOf(error) }));
        process.exitCode = 1;
      }
    });
}

/** The machine may have the file and the program only: then there is no record to compare with. */
async function recordOf(context: CommandContext, found: VerifiedBackup): Promise<RecordState> {
  try {
    return await context.withUntouchedInstallation((installation) =>
      withClient(adminOf(installation).bootstrapUrl, 'verify backup', async (client) =>
        (await compareWithRecord(client, found)) ? 'same' : 'none',
      ),
    );
  } catch (error) {
    if (error instanceof BackupInvalid) throw error;
    process.stderr.write(`no database to compare with: ${reportOf(error).split('\n')[0]}\n`);
    return 'unknown';
  }
}

const RECORDS: Record<RecordState, string> = {
  same: 'its SHA-256 is the one in public.backups',
  none: 'public.backups has no record of it',
  unknown: 'compared with the migrations of this program only, for want of a database',
};

function show(found: VerifiedBackup, record: RecordState): void {
  const { shop, snapshotAt, version, behind, isEncrypted, bytes, rows, tables, members, sha256 } = found;
  print(`shop      ${shop.slug} (${shop.name}), ${shop.id}, ${members} member(s)`);
  print(`time      ${snapshotAt}`);
  print(`version   ${version}${behind > 0 ? `; a restore adds ${behind} migration(s)` : ', the newest'}`);
  print(`file      ${sizeText(bytes)}${isEncrypted ? ', encrypted' : ''}, SHA-256 ${sha256}`);
  print(`record    ${RECORDS[record]}`);
  print();
  printTable(
    ['table', 'rows', 'bytes'],
    Object.entries(tables).map(([name, table]) => [name, String(table.rows), String(table.bytes)]),
  );
  print(`the file is whole and can be restored: ${rows} rows in ${Object.keys(tables).length} tables`);
}

/** Code and message of what is wrong with the file or its place. @throws any other error */
function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof AppError) return { code: error.kind.code, message: error.message };
  if (error instanceof TargetError) return { code: error.code, message: error.message };
  throw error;
}
