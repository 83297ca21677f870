import { createHash } from 'node:crypto';
import { PassThrough, type Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Env } from '../../config/env';
import { type BackupManifest, readBackup, writeBackup } from './copy/backup-file';
import type { TenantData } from './copy/tenant-data';
import type { FileTarget } from '../../files/file-target';
import { decryptWith, encryptTo, isEncrypted } from './targets/encryption';
import { configuredTarget, openTarget } from '../../files/open-target';
import { TargetError } from '../../files/targets.errors';
import { PROGRAM } from './program';

/** A backup file that was written. */
export interface WrittenBackup extends BackupManifest {
  file: string;
  bytes: number;
  sha256: string;
}

/**
 * Name of a new file: readable, in order of time, and unlike any other of the shop. Two operations can take their snapshots in one
 * millisecond, so the end of the operation's id is in it.
 */
export function backupName(slug: string, snapshotAt: string, operation: string, isSecret: boolean): string {
  const stamp = snapshotAt.replaceAll(/[-:]/g, '');
  return `${slug}.${stamp}.${operation.slice(-8)}.tar.gz${isSecret ? '.age' : ''}`;
}

/**
 * Writes a backup of one shop into a target. The file appears under its name when it is complete.
 * @param recipients age public keys to encrypt for; null for a file that anybody can read
 */
export async function writeBackupFile(
  data: TenantData,
  target: FileTarget,
  recipients: readonly string[] | null,
  onBlock: (table: string, bytes: number) => void,
  file: string,
): Promise<WrittenBackup> {
  const hash = createHash('sha256');
  const { bytes, result } = await target.write(file, async (sink) => {
    const hashed = watcher((chunk) => void hash.update(chunk));
    const stages: [Writable, ...(Writable & Readable)[]] =
      recipients === null ? [hashed] : [await encryptTo(recipients), hashed];
    const first = new PassThrough();
    const written = pipeline([first, ...stages, sink] as never);
    try {
      const [manifest] = await Promise.all([writeBackup(data, first, PROGRAM, onBlock), written]);
      return manifest;
    } catch (error) {
      first.destroy(error as Error);
      await written.catch(() => undefined); // the first error is the one to report
      throw error;
    }
  });
  return { ...result, file, bytes, sha256: hash.digest('hex') };
}

/** Names a file of a target in one text, which `locateBackup` takes apart again. */
export function placeOf({ target, file }: { target: string; file: string }): string {
  return `${target.replace(/\/$/, '')}/${file}`;
}

/**
 * Finds the target and the name of a file.
 * @param location a path, `s3://bucket/prefix/name`, or a name in the configured target
 * @throws TargetError BACKUP_FILE_NAME_INVALID, BACKUP_TARGET_INVALID
 */
export async function locateBackup(
  location: string,
  env: Env,
): Promise<{ target: FileTarget; file: string }> {
  const file = location.slice(location.lastIndexOf('/') + 1);
  if (file.trim() === '' || /^s3:\/\/[^/]*$/i.test(location))
    throw new TargetError(
      'BACKUP_FILE_NAME_INVALID',
      `Name a file: "${location}" has no name of a file at its end.`,
    );
  const folder = location.slice(0, location.length - file.length);
  return { target: await openTarget(folder === '' ? configuredTarget(env) : folder, env), file };
}

/**
 * Reads a backup file, encrypted or not, as data.
 * @param onChunk called with all bytes of the file, as they are stored
 * @throws BackupInvalid, TargetError
 */
export async function readBackupFile<T>(
  location: string,
  env: Env,
  work: (data: TenantData) => Promise<T>,
  onChunk?: (chunk: Buffer) => void,
): Promise<T> {
  const { target, file } = await locateBackup(location, env);
  const stored = await target.read(file);
  const source = onChunk === undefined ? stored : watched(stored, onChunk);
  try {
    return await readBackup(await decrypted(source, env), work);
  } finally {
    source.destroy();
  }
}

/** A stream that hands on what it is given, and shows it. */
function watcher(onChunk: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onChunk(chunk);
      done(null, chunk);
    },
  });
}

function watched(stored: Readable, onChunk: (chunk: Buffer) => void): Readable {
  const watch = watcher(onChunk);
  pipeline(stored, watch).catch((error: unknown) => watch.destroy(error as Error));
  return watch;
}

async function decrypted(source: Readable, env: Env): Promise<Readable> {
  const head = await firstBytes(source);
  if (!isEncrypted(head)) return source;
  const plain = await decryptWith(env.BACKUP_IDENTITY_FILE);
  pipeline(source, plain).catch((error: unknown) => plain.destroy(error as Error));
  return plain;
}

/** Looks at the begin of a stream and puts it back. */
async function firstBytes(source: Readable): Promise<Buffer> {
  for (;;) {
    const chunk = source.read() as Buffer | null;
    if (chunk !== null) {
      source.unshift(chunk);
      return chunk;
    }
    if (source.readableEnded) return Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => {
        source.off('readable', end).off('end', end).off('error', end);
        if (error === undefined) resolve();
        else reject(error);
      };
      source.once('readable', end).once('end', end).once('error', end);
    });
  }
}
