import { createHash } from 'node:crypto';
import path from 'node:path';
import type { ClientBase } from 'pg';
import type { Env } from '../../config/env';
import type { TenantMigrations } from '../../tenancy/tenant-migrations';
import { locateBackup, readBackupFile } from './backup-files';
import { BackupInvalid } from './copy/backup-file';
import { TableCounter, type TableSum, type TenantHeader } from './copy/tenant-data';
import { migrationsLike } from './held-tenants';
import { isEncrypted } from './targets/encryption';

/** A backup file that was read to its end, found whole, and can be restored by this program. */
export interface VerifiedBackup {
  /** Place of the file: a folder or `s3://bucket/prefix`. */
  target: string;
  file: string;
  /** Size and checksum of the file as it is stored, encryption included. */
  bytes: number;
  sha256: string;
  isEncrypted: boolean;
  shop: Pick<TenantHeader['shop'], 'id' | 'slug' | 'name'>;
  members: number;
  snapshotAt: string;
  /** Newest migration of the data. */
  version: number;
  /** Migrations that a restore by this program would add. */
  behind: number;
  rows: number;
  tables: Record<string, TableSum>;
}

/**
 * Reads a whole backup file, and needs no database: compares each table with the manifest, and the migrations of the data
 * with those of this program.
 * @param location as for `locateBackup`
 * @throws BackupInvalid, VersionUnknown, TargetError
 */
export async function verifyBackup(
  location: string,
  env: Env,
  migrations: TenantMigrations,
  signal?: AbortSignal,
): Promise<VerifiedBackup> {
  const { target, file } = await locateBackup(location, env);
  const stored = await target.size(file);
  const hash = createHash('sha256');
  let head: Buffer | undefined;
  let bytes = 0;
  const onChunk = (chunk: Buffer) => {
    head ??= chunk;
    hash.update(chunk);
    bytes += chunk.length;
  };
  const { header, tables } = await readBackupFile(
    location,
    env,
    async (data) => {
      migrationsLike(data.header, migrations);
      const sums: Record<string, TableSum> = {};
      for await (const { name, rows } of data.tables) {
        const counter = new TableCounter();
        for await (const block of rows) {
          signal?.throwIfAborted();
          counter.add(block);
        }
        sums[name] = counter.sum();
      }
      return { header: data.header, tables: sums };
    },
    onChunk,
  );
  if (bytes !== stored)
    throw new BackupInvalid({ detail: `The file has ${stored} bytes, and its backup ends after ${bytes}.` });
  const { shop, members, snapshotAt, history } = header;
  return {
    target: target.location,
    file,
    bytes,
    sha256: hash.digest('hex'),
    isEncrypted: head !== undefined && isEncrypted(head),
    shop: { id: shop.id, slug: shop.slug, name: shop.name },
    members: members.length,
    snapshotAt,
    version: history.at(-1)?.version ?? 0,
    behind: migrations.list.length - history.length,
    rows: Object.values(tables).reduce((sum, table) => sum + table.rows, 0),
    tables,
  };
}

/**
 * Compares a file with what was recorded when it was written. A file that was moved is found by its name and shop.
 * @returns false when nothing is recorded
 * @throws BackupInvalid when the file is not the one that was written
 */
export async function compareWithRecord(client: ClientBase, found: VerifiedBackup): Promise<boolean> {
  const { rows } = await client.query<{ target: string; sha256: string }>(
    'SELECT target, sha256 FROM public.backups WHERE file = $1 AND shop_id = $2',
    [path.posix.basename(found.file), found.shop.id],
  );
  const here = rows.filter(({ target }) => target === found.target);
  const records = here.length > 0 ? here : rows;
  if (records.length === 0) return false;
  if (records.some(({ sha256 }) => sha256 === found.sha256)) return true;
  throw new BackupInvalid({
    detail:
      'The file is whole, but not the one that was written: its SHA-256 differs from that in public.backups.',
  });
}
