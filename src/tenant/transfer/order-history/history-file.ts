import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file that is read twice, and decompressed on the fly if it begins as gzip does. */
export class HistoryFile {
  /** Total of all passes, before decompression. */
  bytesRead = 0;

  private constructor(
    private readonly path: string,
    readonly size: number,
    private readonly isGzip: boolean,
  ) {}

  static async open(path: string): Promise<HistoryFile> {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const { buffer } = await handle.read({ buffer: Buffer.alloc(2), position: 0 });
      return new HistoryFile(path, size, buffer.readUInt16BE() === 0x1f8b);
    } finally {
      await handle.close();
    }
  }

  read(): Readable {
    const source = createReadStream(this.path);
    source.on('data', (chunk) => (this.bytesRead += chunk.length));
    source.pause(); // a listener alone would start the stream before its reader
    if (!this.isGzip) return source;
    return pipeline(source, createGunzip(), () => undefined); // the reader receives the error
  }
}
