import { Inject, Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AppErrorClass } from '../common/app-error';
import { atMost } from '../common/at-most';
import { StorageFull } from '../common/common.errors';
import { isId } from '../common/ids';
import { ENV, type Env } from '../config/env';
import type { FileTarget, Leftover, StoredFile } from '../files/file-target';
import { configuredFiles, openTarget } from '../files/open-target';
import { type TargetCode, TargetError } from '../files/targets.errors';
import { FileExists, FileNameInvalid, FileNotFound, FilesUnavailable } from './tenancy.errors';
import type { TenantAccess } from './tenant';

/** Purposes of files; each has a folder of its own in that of the shop. */
export type FileArea = 'images' | 'imports';

type Tenant = Pick<TenantAccess, 'shopId'>;
type Settings = Pick<Env, 'FILES_TARGET' | 'FILES_KEEP_FREE_MB' | 'DATA_DIR' | 'S3_ENDPOINT' | 'S3_REGION'>;

/** Folder of all shops, in FILES_TARGET. */
const SHOPS = 'shops';
const RETRY_SECONDS = 30;
const MIB = 1_048_576;

/**
 * `TenantFiles` is the only way to the files of a shop, in a folder or a bucket. Ask for the files of the tenant that a request
 * is in (`request.tenant`), never for an id that a client has sent.
 */
@Injectable()
export class TenantFiles {
  #place: Promise<FileTarget> | undefined;

  constructor(@Inject(ENV) private readonly settings: Settings) {}

  /** Files of one shop for one purpose. Nothing is opened until a method is called. */
  of({ shopId }: Tenant, area: FileArea): ShopFiles {
    const folder = folderOf(shopId);
    const keepFreeBytes = this.settings.FILES_KEEP_FREE_MB * MIB;
    return new ShopFiles(async () => (await this.#open()).below(SHOPS, folder, area), keepFreeBytes);
  }

  /** Removes all files of a shop. Safe to repeat. @throws FilesUnavailable */
  removeAll({ shopId }: Tenant): Promise<void> {
    const folder = folderOf(shopId);
    return explained(async () => (await this.#open()).below(SHOPS, folder).removeAll());
  }

  /** Ids of the shops that have files. @throws FilesUnavailable */
  async *shops(): AsyncGenerator<string> {
    for await (const name of each(async () => (await this.#open()).below(SHOPS).folders()))
      if (isId(name)) yield name;
  }

  #open(): Promise<FileTarget> {
    return (this.#place ??= openTarget(configuredFiles(this.settings), this.settings));
  }
}

/**
 * Folder of a shop's files. It is named after the id: slugs change, and another shop may get them.
 * @throws Error when `shopId` is not a UUID: a defect in the caller
 */
function folderOf(shopId: string): string {
  if (!isId(shopId)) throw new Error('a tenant is named by a UUID');
  return shopId.toLowerCase();
}

/**
 * Files of one shop for one purpose, by names of letters, digits, `.`, `_` and `-`: no name leads to another folder. All methods
 * throw FileNameInvalid, StorageFull and FilesUnavailable.
 */
export class ShopFiles {
  constructor(
    private readonly open: () => Promise<FileTarget>,
    private readonly keepFreeBytes: number,
  ) {}

  /**
   * Writes a file, which appears under its name when it is complete; after an error there is none. The source is destroyed if it
   * cannot be read to its end.
   * @returns its size
   * @param maxBytes its size, or the most that it may have
   * @throws StorageFull also if a folder would have less than FILES_KEEP_FREE_MB free; FileExists instead of overwriting; BodyTooLarge;
   *   errors of the source as they are
   */
  async write(name: string, source: Readable, maxBytes: number): Promise<number> {
    try {
      return await explained(async () => {
        const target = await this.open();
        const { bytes } = await target.write(name, (sink) => pipeline(source, atMost(maxBytes), sink), {
          expectedBytes: maxBytes,
          keepFreeBytes: this.keepFreeBytes,
        });
        return bytes;
      });
    } catch (error) {
      source.destroy();
      throw error;
    }
  }

  /** Content of a file; an error after the first byte arrives on the stream. @throws FileNotFound */
  read(name: string): Promise<Readable> {
    return explained(async () => (await this.open()).read(name));
  }

  /** @throws FileNotFound */
  size(name: string): Promise<number> {
    return explained(async () => (await this.open()).size(name));
  }

  /** All complete files, by name. */
  list(): AsyncGenerator<StoredFile> {
    return each(async () => (await this.open()).list());
  }

  /** Removes a file; one that is not there is no error. */
  remove(name: string): Promise<void> {
    return explained(async () => (await this.open()).remove(name));
  }

  /** Traces of writes that have not ended: their process was killed, or they go on still. */
  leftovers(): AsyncGenerator<Leftover> {
    return each(async () => (await this.open()).leftovers());
  }
}

const ERRORS: Partial<Record<TargetCode, AppErrorClass>> = {
  BACKUP_FILE_NAME_INVALID: FileNameInvalid,
  BACKUP_FILE_NOT_FOUND: FileNotFound,
  BACKUP_FILE_EXISTS: FileExists,
  BACKUP_TARGET_FULL: StorageFull,
};

/** Turns errors of the place into those of the API. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(error);
  }
}

async function* each<T>(open: () => Promise<AsyncIterable<T>>): AsyncGenerator<T> {
  try {
    yield* await open();
  } catch (error) {
    throw explain(error);
  }
}

function explain(error: unknown): unknown {
  if (!(error instanceof TargetError)) return error;
  const Known = ERRORS[error.code] ?? FilesUnavailable;
  return new Known({ cause: error, ...(Known.kind.status === 503 && { retryAfter: RETRY_SECONDS }) });
}
