import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A file that is read twice; unpacked as it is read when its first bytes say gzip. */
export class HistoryFile {
  /** By all readings so far, packed. */
  bytesRead = 0;

  private constructor(
    private readonly path: string,
    readonly size: number,
    private readonly isPacked: boolean,
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
    source.pause(); // a listener alone would make it flow before anybody reads
    if (!this.isPacked) return source;
    return pipeline(source, createGunzip(), () => undefined); // the reader gets the error
  }
}
