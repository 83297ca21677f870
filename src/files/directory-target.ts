import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { types } from 'node:util';
import {
  type StoredFile,
  type FileTarget,
  checkFileName,
  type Fill,
  fileExists,
  fileNotFound,
  isFileName,
  type Leftover,
  PARTIAL,
  type WriteOptions,
} from './file-target';
import { TargetError } from './targets.errors';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Files in one directory, readable by the user of the program alone. */
export class DirectoryTarget implements FileTarget {
  /** @param root folder that no symbolic link may lead out of; by default links are followed */
  constructor(
    readonly location: string,
    private readonly root?: string,
  ) {}

  /** Without `recursive`: Node's own loops for ever where a folder exists and mkdir answers ENOENT, as in /proc. */
  async prepare(): Promise<void> {
    const missing: string[] = [];
    for (let at = this.location; !(await this.#access(() => isFolder(at))); at = path.dirname(at))
      missing.unshift(at);
    for (const folder of missing) await this.#access(() => createFolder(folder));
  }

  async write<T>(
    name: string,
    fill: Fill<T>,
    { expectedBytes = 0, keepFreeBytes = 0 }: WriteOptions = {},
  ): Promise<{ bytes: number; result: T }> {
    checkFileName(name);
    await this.prepare();
    await this.#assertInside();
    if (keepFreeBytes > 0) await this.#requireFree(expectedBytes + keepFreeBytes);
    if ((await this.#find(name)) !== null) throw fileExists(name, this.location);
    const partial = path.join(this.location, `${name}.${randomBytes(6).toString('hex')}${PARTIAL}`);
    const handle = await this.#access(() => open(partial, 'wx', 0o600));
    try {
      const written = await this.#fill(handle, fill);
      await this.#publish(partial, name);
      return written;
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async read(name: string): Promise<Readable> {
    checkFileName(name);
    await this.#assertInside();
    const flags = constants.O_RDONLY | (this.root === undefined ? 0 : constants.O_NOFOLLOW);
    const handle = await this.#access(() => open(this.#path(name), flags), name);
    return handle.createReadStream({ highWaterMark: 256 * 1024 });
  }

  async size(name: string): Promise<number> {
    checkFileName(name);
    await this.#assertInside();
    const file = await this.#find(name);
    if (file === null) throw fileNotFound(name, this.location);
    return file.bytes;
  }

  async *list(): AsyncGenerator<StoredFile> {
    for (const name of (await this.#names()).filter(isFileName)) {
      const file = await this.#find(name); // null: removed meanwhile, or a folder
      if (file !== null) yield file;
    }
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    await this.#assertInside();
    await this.#access(() => rm(this.#path(name), { force: true }));
    await this.#access(() => this.#sync());
  }

  async *leftovers(): AsyncGenerator<Leftover> {
    for (const name of (await this.#names()).filter((each) => each.endsWith(PARTIAL))) {
      const file = await this.#find(name);
      if (file === null) continue;
      const remove = () => this.#access(() => rm(this.#path(name), { force: true }));
      yield { name, startedAt: file.createdAt, remove };
    }
  }

  below(...folders: string[]): DirectoryTarget {
    folders.forEach(checkFileName);
    return new DirectoryTarget(path.join(this.location, ...folders), this.root ?? this.location);
  }

  async *folders(): AsyncGenerator<string> {
    for (const name of (await this.#names()).filter(isFileName))
      if (await this.#access(async () => (await lstat(this.#path(name))).isDirectory())) yield name;
  }

  async removeAll(): Promise<void> {
    await this.#assertInside();
    await this.#access(() => rm(this.location, { recursive: true, force: true }));
  }

  /** @throws TargetError BACKUP_TARGET_INVALID if a symbolic link below the root leads elsewhere */
  async #assertInside(): Promise<void> {
    const { root, location } = this;
    if (root === undefined) return;
    try {
      const inside = path.join(await realpath(root), path.relative(root, location));
      if ((await realpath(location)) === inside) return;
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return; // nothing is there yet
      throw this.#explain(error);
    }
    throw new TargetError('BACKUP_TARGET_INVALID', `A symbolic link leads ${location} elsewhere.`);
  }

  /** @throws TargetError BACKUP_TARGET_FULL. Some file systems of a network have no size: nothing is required of them. */
  async #requireFree(bytes: number): Promise<void> {
    const { blocks, bavail, bsize } = await this.#access(() => statfs(this.location));
    if (blocks === 0 || bavail * bsize >= bytes) return;
    throw new TargetError('BACKUP_TARGET_FULL', `Too little space would be left free in ${this.location}.`);
  }

  /** Writes and syncs the content. The file is closed whatever happens. */
  async #fill<T>(handle: FileHandle, fill: Fill<T>): Promise<{ bytes: number; result: T }> {
    const sink = handle.createWriteStream({ flush: true, highWaterMark: 1024 * 1024 });
    const closed = new Promise<void>((resolve) => void sink.once('close', resolve));
    sink.on('error', () => {}); // reported below; an error without a listener would end the process
    try {
      const result = await fill(sink);
      if (!sink.writableEnded) sink.end();
      await finished(sink);
      return { bytes: sink.bytesWritten, result };
    } catch (error) {
      const first = sink.errored ?? error; // the streams before it may tell sooner that they were ended
      throw isSystemError(first) && FULL.has(first.code) ? this.#explain(first) : error;
    } finally {
      sink.destroy();
      await closed;
    }
  }

  /** Gives the file its name. A link refuses a name that exists; where a file system has no links, a question comes first. */
  async #publish(partial: string, name: string): Promise<void> {
    await this.#access(async () => {
      try {
        await link(partial, this.#path(name));
        await unlink(partial);
      } catch (error) {
        if (!isSystemError(error) || !NO_HARD_LINKS.has(error.code)) throw error;
        if ((await this.#find(name)) !== null) throw fileExists(name, this.location, error);
        await rename(partial, this.#path(name));
      }
      await this.#sync();
    }, name);
  }

  /** Makes new and removed names survive a power cut. */
  async #sync(): Promise<void> {
    const directory = await open(this.location, 'r').catch((error: unknown) => {
      if (isSystemError(error) && error.code === 'ENOENT') return null;
      throw error;
    });
    try {
      await directory?.sync();
    } finally {
      await directory?.close();
    }
  }

  async #names(): Promise<string[]> {
    await this.#assertInside();
    try {
      return (await readdir(this.location)).toSorted();
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return []; // the first file creates it
      throw this.#explain(error);
    }
  }

  async #find(name: string): Promise<(StoredFile & { createdAt: Date }) | null> {
    try {
      const found = await (this.root === undefined ? stat : lstat)(this.#path(name));
      if (!found.isFile()) return null;
      return { name, bytes: found.size, modifiedAt: found.mtime, createdAt: found.birthtime };
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return null;
      throw this.#explain(error, name);
    }
  }

  #path(name: string): string {
    return path.join(this.location, name);
  }

  async #access<T>(work: () => Promise<T>, name?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#explain(error, name);
    }
  }

  #explain(error: unknown, name?: string): unknown {
    if (!isSystemError(error)) return error;
    if ((error.code === 'ENOENT' || error.code === 'ELOOP') && name !== undefined)
      return fileNotFound(name, this.location, error);
    if (error.code === 'EEXIST' && name !== undefined) return fileExists(name, this.location, error);
    if (FULL.has(error.code))
      return new TargetError('BACKUP_TARGET_FULL', `No space is left in ${this.location}.`, error);
    if (DENIED.has(error.code))
      return new TargetError(
        'BACKUP_TARGET_DENIED',
        `The user of this program may not use ${this.location}.`,
        error,
      );
    if (error.code === 'ENOTDIR' || error.code === 'EEXIST')
      return new TargetError('BACKUP_TARGET_INVALID', `${this.location} is no folder.`, error);
    return new TargetError(
      'BACKUP_TARGET_FAILED',
      `${this.location} cannot be used: ${error.message}.`,
      error,
    );
  }
}

/** @returns false when there is nothing of that name */
async function isFolder(name: string): Promise<boolean> {
  try {
    if ((await stat(name)).isDirectory()) return true;
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT' && path.dirname(name) !== name) return false;
    throw error;
  }
  throw new TargetError('BACKUP_TARGET_INVALID', `${name} is no folder.`);
}

/** Creates one folder in a folder that exists. */
async function createFolder(name: string): Promise<void> {
  try {
    await mkdir(name, { mode: 0o700 });
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST') return; // another program was faster
    if (isSystemError(error) && error.code === 'ENOENT')
      throw new TargetError(
        'BACKUP_TARGET_FAILED',
        `The folder ${name} cannot be created: ${path.dirname(name)} takes no new folders.`,
        error,
      );
    throw error;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return types.isNativeError(error) && 'syscall' in error && 'code' in error;
}
