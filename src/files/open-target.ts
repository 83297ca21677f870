import path from 'node:path';
import { parseTarget, TARGET_PROBLEM } from '../config/backups';
import type { Env } from '../config/env';
import type { FileTarget } from './file-target';
import { DirectoryTarget } from './directory-target';
import { openS3Target } from './s3-target';
import { TargetError } from './targets.errors';

/** The configured place of backups. */
export function configuredTarget(env: Pick<Env, 'BACKUP_TARGET' | 'DATA_DIR'>): string {
  return env.BACKUP_TARGET ?? path.join(env.DATA_DIR, 'backups');
}

/** The configured place of the files of shops. */
export function configuredFiles(env: Pick<Env, 'FILES_TARGET' | 'DATA_DIR'>): string {
  return env.FILES_TARGET ?? path.join(env.DATA_DIR, 'files');
}

/**
 * Opens a directory or `s3://bucket/prefix`. Nothing is created or asked until the first call of a method. Only a bucket
 * loads the client of S3.
 * @throws TargetError BACKUP_TARGET_INVALID
 */
export async function openTarget(
  url: string,
  settings: Pick<Env, 'S3_ENDPOINT' | 'S3_REGION'>,
): Promise<FileTarget> {
  const place = parseTarget(url);
  if (place === null) throw new TargetError('BACKUP_TARGET_INVALID', `The place ${TARGET_PROBLEM}.`);
  if (place.kind === 'directory') return new DirectoryTarget(path.resolve(place.directory));
  return openS3Target(place, settings);
}
