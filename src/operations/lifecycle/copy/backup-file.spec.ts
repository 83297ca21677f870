import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { writeBackup } from './backup-file';
import type { TenantData } from './tenant-data';

const TABLE = { name: 'products', columns: ['name'], refersTo: [] };

function someData(): TenantData {
  return {
    header: {
      shop: { id: '', slug: 'a', name: 'A', currency: 'USD', status: 'active', createdAt: '' },
      ...{
        members: [],
        history: [],
        snapshotAt: new Date().toISOString(),
        estimatedBytes: 0,
        tables: [TABLE],
      },
    },
    tables: (async function* () {
      yield { ...TABLE, rows: rows() };
      await turn();
    })(),
  };
}

async function* rows(): AsyncGenerator<Buffer> {
  for (let i = 0; i < 30; i++) {
    await turn();
    yield Buffer.from(`${randomBytes(20_000).toString('hex')}\n`);
  }
}

/** A disk with room for so many bytes. */
function disk(bytes: number): Writable {
  let left = bytes;
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      setImmediate(() => done(left < 0 ? new Error('full') : null));
    },
  });
}

describe('writeBackup', () => {
  /** An error that nobody handles fails the file, as it would end the process. */
  it('fails with the error of the sink, wherever it comes, and throws none beside that', async () => {
    for (let room = 0; room < 500_000; room += 25_000)
      await expect(writeBackup(someData(), disk(room), 'test')).rejects.toThrow('full');
    await turn();
  });
});
