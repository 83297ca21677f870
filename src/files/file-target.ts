import type { Readable, Writable } from 'node:stream';
import { TargetError } from './targets.errors';

/** A complete file of a target. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/**
 * The trace of a write that has not ended: its process was killed, or it runs still. The caller knows which operations run,
 * and removes only those that belong to none.
 */
export interface Leftover {
  readonly name: string;
  readonly startedAt: Date;
  remove(): Promise<void>;
}

/** Fills a file. It writes to the sink and may end it; its result is handed on. */
export type Fill<T> = (sink: Writable) => Promise<T>;

export interface WriteOptions {
  /** Size of the file at most, if the caller can tell; S3 needs it for files above 156 GiB. */
  readonly expectedBytes?: number;
  /** Bytes that a folder's file system must have free after the file; else BACKUP_TARGET_FULL. */
  readonly keepFreeBytes?: number;
}

/** A place of files: a directory or a bucket. All methods stream, and throw TargetError for what the place refuses. */
export interface FileTarget {
  /** The place as it is shown to people: a path, or `s3://bucket/prefix/`. */
  readonly location: string;
  /** Fails if the place takes no files. A folder is created; of a bucket nothing is changed. */
  prepare(): Promise<void>;
  /**
   * Writes a file, which appears under its name when it is complete; after an error there is none.
   * @throws TargetError BACKUP_FILE_EXISTS instead of overwriting; errors of `fill` as they are
   */
  write<T>(name: string, fill: Fill<T>, options?: WriteOptions): Promise<{ bytes: number; result: T }>;
  /** The content of a file; an error after the first byte arrives on the stream. */
  read(name: string): Promise<Readable>;
  size(name: string): Promise<number>;
  /** All complete files, by name. */
  list(): AsyncIterable<StoredFile>;
  /** Removes a file; one that is not there is no error, so that a repeated removal ends well. */
  remove(name: string): Promise<void>;
  leftovers(): AsyncIterable<Leftover>;
  /**
   * The place one or more folders further down. Its files do not belong to this one, and no link in a folder leads out of it.
   * @throws TargetError BACKUP_FILE_NAME_INVALID for a name that is none of a folder
   */
  below(...folders: string[]): FileTarget;
  /** Names of the folders directly below that have files. */
  folders(): AsyncIterable<string>;
  /** Removes all files, also those that are being written and those of folders below. Safe to repeat. */
  removeAll(): Promise<void>;
}

/** End of the name of a file that is being written. */
export const PARTIAL = '.partial';

/** True for a name that is safe in every place: letters, digits, `.`, `_` and `-`, no folder, no unfinished file. */
export function isFileName(name: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,199}$/.test(name) && !name.endsWith(PARTIAL);
}

/** @throws TargetError for a name that could lead out of the target */
export function checkFileName(name: string): void {
  if (isFileName(name)) return;
  throw new TargetError(
    'BACKUP_FILE_NAME_INVALID',
    'Names of files have letters, digits, dots, - and _, at most 200, and do not end in .partial.',
  );
}

export const fileNotFound = (name: string, location: string, cause?: unknown): TargetError =>
  new TargetError('BACKUP_FILE_NOT_FOUND', `There is no file ${name} in ${location}.`, cause);

export const fileExists = (name: string, location: string, cause?: unknown): TargetError =>
  new TargetError(
    'BACKUP_FILE_EXISTS',
    `${location} already has a file ${name}; it is not overwritten.`,
    cause,
  );

export function isFileMissing(error: unknown): boolean {
  return error instanceof TargetError && error.code === 'BACKUP_FILE_NOT_FOUND';
}
