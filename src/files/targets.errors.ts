import { OperatorError } from '../common/report';

/**
 * Codes of what can be wrong with files, their place or the keys of backups; docs/backups.md explains each. All begin with
 * BACKUP, as when only backups were stored: scripts compare them.
 */
export const TARGET_CODES = [
  'BACKUP_TARGET_INVALID',
  'BACKUP_TARGET_UNREACHABLE',
  'BACKUP_TARGET_FULL',
  'BACKUP_TARGET_DENIED',
  'BACKUP_TARGET_FAILED',
  'BACKUP_BUCKET_NOT_FOUND',
  'BACKUP_REGION_WRONG',
  'BACKUP_FILE_NAME_INVALID',
  'BACKUP_FILE_NOT_FOUND',
  'BACKUP_FILE_EXISTS',
  'BACKUP_FILE_TOO_LARGE',
  'BACKUP_FILE_CHANGED',
  'BACKUP_FILE_NOT_ENCRYPTED',
  'BACKUP_FILE_DAMAGED',
  'BACKUP_KEY_MISSING',
  'BACKUP_KEY_INVALID',
  'BACKUP_KEY_WRONG',
  'BACKUP_KEEP_INVALID',
] as const;

export type TargetCode = (typeof TARGET_CODES)[number];

/** An error of a place of files. Its message begins with the code, for commands print messages. It holds no key and no credential. */
export class TargetError extends OperatorError {
  constructor(
    readonly code: TargetCode,
    /** The message without the code. */
    readonly text: string,
    cause?: unknown,
  ) {
    super(`${code}: ${text}`, { cause });
  }
}
