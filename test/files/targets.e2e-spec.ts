import { createHash, randomBytes } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileTarget } from '../../src/files/file-target';
import { openTarget } from '../../src/files/open-target';
import type { TargetCode } from '../../src/files/targets.errors';
import { S3Server } from '../support/s3-server';

const MIB = 1024 * 1024;
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

let server: S3Server;
let target: FileTarget;

beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS, { AWS_MAX_ATTEMPTS: '2' });
  server = await S3Server.start('backups', 'crowded');
  target = await open('s3://backups/of/shops');
});
afterEach(() => {
  server.fault = () => false;
});
afterAll(async () => server.close());

const open = (url: string) => openTarget(url, { S3_ENDPOINT: server.url, S3_REGION: undefined });
const refusedWith = (code: TargetCode) => expect.objectContaining({ code });
const content = (text: string) => (sink: Writable) => pipeline(Readable.from([text]), sink);

/** Pieces of a file that is never in memory as a whole, and the digest of those that were taken. */
function randomPieces(bytes: number) {
  const hash = createHash('sha256');
  const piece = randomBytes(MIB);
  async function* pieces() {
    for (let at = 0; at < bytes; at += MIB) {
      piece.writeUInt32LE(at / MIB);
      const copy = Buffer.from(piece.subarray(0, bytes - at));
      hash.update(copy);
      yield copy;
    }
  }
  return { pieces: pieces(), digest: () => hash.digest('hex') };
}

async function digestOf(content: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

async function everything<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a bucket', () => {
  it('takes 100 MB in parts and gives them back', async () => {
    const parts = new Set<string>();
    server.fault = ({ url }) => {
      const part = new URL(url!, server.url).searchParams.get('partNumber');
      if (part !== null) parts.add(part);
      return false;
    };
    const { pieces, digest } = randomPieces(100 * MIB + 5);
    const written = await target.write('large.tar', async (sink) => {
      await pipeline(pieces, sink);
      return 'the result of the writer';
    });
    expect(written).toEqual({ bytes: 100 * MIB + 5, result: 'the result of the writer' });
    expect(parts.size).toBe(7);
    expect(await target.size('large.tar')).toBe(100 * MIB + 5);
    expect(await digestOf(await target.read('large.tar'))).toBe(digest());
    expect(server.keys('backups')).toContain('of/shops/large.tar');
    await target.remove('large.tar');
    await target.remove('large.tar');
    await expect(target.size('large.tar')).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_FOUND'));
  });

  it('goes on reading where the connection broke', async () => {
    const { pieces, digest } = randomPieces(8 * MIB);
    await target.write('broken-off.tar', (sink) => pipeline(pieces, sink));
    const asked: (string | undefined)[] = [];
    server.fault = ({ method, headers, url, socket }, response) => {
      if (method !== 'GET' || !url!.includes('broken-off')) return false;
      asked.push(headers.range);
      if (asked.length > 2) return false;
      let sent = 0;
      const write = response.write.bind(response) as (chunk: Buffer) => boolean;
      response.write = (chunk: Buffer) => {
        if ((sent += chunk.length) > MIB) socket.destroy();
        return write(chunk);
      };
      return false;
    };
    expect(await digestOf(await target.read('broken-off.tar'))).toBe(digest());
    expect(asked).toEqual([
      undefined,
      expect.stringMatching(/^bytes=\d+-$/),
      expect.stringMatching(/^bytes=\d+-$/),
    ]);
  });

  it('shows nothing of a file whose writer failed midway, and keeps no part of it', async () => {
    const failure = new Error('the database went away');
    let uploads: number[] = [];
    const fill = async (sink: Writable) => {
      const { pieces } = randomPieces(40 * MIB);
      await pipeline(pieces, sink, { end: false });
      uploads = server.uploads('backups');
      throw failure;
    };
    await expect(target.write('failed.tar', fill)).rejects.toBe(failure);
    expect(uploads).toEqual([expect.any(Number)]); // an upload had begun
    expect(server.uploads('backups')).toEqual([]);
    expect(server.keys('backups')).not.toContain('of/shops/failed.tar');
  });

  it('ends the writer when the server fails midway', async () => {
    server.fault = ({ url }, response) => {
      if (!url!.includes('partNumber=2')) return false;
      response.writeHead(500).end();
      return true;
    };
    const { pieces } = randomPieces(200 * MIB);
    await expect(target.write('refused.tar', (sink) => pipeline(pieces, sink))).rejects.toEqual(
      refusedWith('BACKUP_TARGET_UNREACHABLE'),
    );
    expect(server.uploads('backups')).toEqual([]);
    expect(server.keys('backups')).not.toContain('of/shops/refused.tar');
  });

  it('lists and removes the uploads of processes that were killed', async () => {
    const { S3Client, CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint: server.url, region: 'us-east-1', forcePathStyle: true });
    for (const Key of ['of/shops/killed.tar', 'of/others/killed.tar'])
      await client.send(new CreateMultipartUploadCommand({ Bucket: 'backups', Key }));
    const leftovers = await everything(target.leftovers());
    expect(leftovers).toMatchObject([{ name: 'killed.tar', startedAt: expect.any(Date) as Date }]);
    await leftovers[0]!.remove();
    expect(await everything(target.leftovers())).toEqual([]);
    expect(server.uploads('backups')).toEqual([0]); // of another prefix
  });

  it('does not overwrite a file', async () => {
    await target.write('once.tar', content('first'));
    let isAsked = false;
    const second = target.write('once.tar', async () => void (isAsked = true));
    await expect(second).rejects.toEqual(refusedWith('BACKUP_FILE_EXISTS'));
    expect(isAsked).toBe(false);
    expect(await target.size('once.tar')).toBe(5);
  });

  it('asks the server itself not to overwrite a file of somebody who was faster', async () => {
    const seen: unknown[] = [];
    server.fault = ({ method, headers }) => {
      if (method === 'PUT') seen.push(headers['if-none-match']);
      return false;
    };
    await target.write('careful.tar', content('small'));
    expect(seen).toEqual(['*']);
  });

  it('lists more than 1,000 files by name, and only those directly below its prefix', async () => {
    const crowded = await open('s3://crowded/deep');
    const names = Array.from({ length: 1003 }, (_, i) => `shop-${String(i).padStart(4, '0')}.tar`);
    for (const name of names) server.put('crowded', `deep/${name}`, name);
    server.put('crowded', 'deep/deeper/another.tar', 'not directly below');
    server.put('crowded', 'above.tar', 'above');
    const listed = await everything(crowded.list());
    expect(listed.map(({ name }) => name)).toEqual(names);
    expect(listed[0]).toEqual({ name: names[0], bytes: 13, modifiedAt: expect.any(Date) as Date });
  });

  it('that does not exist is named by every method', async () => {
    const missing = await open('s3://no-such-bucket/x');
    const refused = refusedWith('BACKUP_BUCKET_NOT_FOUND');
    await expect(missing.write('a.tar', content('a'))).rejects.toEqual(refused);
    await expect(missing.read('a.tar')).rejects.toEqual(refused);
    await expect(missing.size('a.tar')).rejects.toEqual(refused);
    await expect(everything(missing.list())).rejects.toEqual(refused);
    await expect(missing.remove('a.tar')).rejects.toEqual(refused);
  });

  it('names a file that is not there', async () => {
    await expect(target.read('nothing.tar')).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_FOUND'));
  });

  it('that refuses the credentials says so without repeating them', async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'SOMEBODY', AWS_SECRET_ACCESS_KEY: 'hush-hush' });
    try {
      const refused = await everything((await open('s3://backups')).list()).catch((error: unknown) => error);
      expect(refused).toEqual(refusedWith('BACKUP_TARGET_DENIED'));
      expect(JSON.stringify([String(refused), String((refused as Error).cause)])).not.toContain('hush');
    } finally {
      Object.assign(process.env, CREDENTIALS);
    }
  });

  it('on a server that does not answer is unreachable', async () => {
    const nowhere = await openTarget('s3://backups', { S3_ENDPOINT: 'http://127.0.0.1:1', S3_REGION: 'x-1' });
    await expect(nowhere.write('a.tar', content('a'))).rejects.toEqual(
      refusedWith('BACKUP_TARGET_UNREACHABLE'),
    );
  });
});
