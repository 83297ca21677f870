import { randomUUID } from 'node:crypto';
import fs, { createReadStream, createWriteStream, type ReadStream, type WriteStream } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

/**
 * Temporary file that is unlinked as soon as it is open, so that nothing is left when it is closed or the process is
 * killed. The packages `tmp` and `tempy` unlink at exit, which SIGKILL skips; Node does not know O_TMPFILE.
 */
export class NamelessFile {
  private readonly streams: (Readable | Writable)[] = [];

  private constructor(private readonly handle: FileHandle) {}

  static async open(): Promise<NamelessFile> {
    const file = path.join(os.tmpdir(), `stoa-${randomUUID()}`);
    const handle = await open(file, 'wx+', 0o600);
    await unlink(file);
    return new NamelessFile(handle);
  }

  writer(): WriteStream {
    return this.track(createWriteStream('', { fd: this.handle.fd, fs: { ...fs, close: keepOpen } }));
  }

  reader(): ReadStream {
    return this.track(createReadStream('', { fd: this.handle.fd, start: 0, fs: { ...fs, close: keepOpen } }));
  }

  /** Bytes that a writer has finished writing. */
  async read(position: number, length: number): Promise<Buffer> {
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead < length) throw new Error('a temporary file is shorter than what was written to it');
    return buffer;
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  /**
   * Waits for the streams first: a pending write would go to the file or socket that gets the same descriptor next,
   * perhaps another shop's.
   */
  async close(): Promise<void> {
    for (const stream of this.streams) {
      stream.destroy();
      if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
    }
    await this.handle.close();
  }

  private track<T extends Readable | Writable>(stream: T): T {
    (stream as Readable | Writable).on('error', () => undefined); // the user of the stream gets it too
    this.streams.push(stream);
    return stream;
  }
}

/** Stands in for `fs.close` in the streams: only the owner closes the file, once. */
function keepOpen(_fd: number, done?: (error: null) => void): void {
  done?.(null);
}
