import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { newId } from '../../src/common/ids';
import { TenantFiles } from '../../src/tenancy/tenant-files';
import { S3Server } from '../support/s3-server';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER', AWS_MAX_ATTEMPTS: '2' };
const MIB = 1_048_576;
const folder = mkdtempSync(path.join(tmpdir(), 'files-'));
let server: S3Server;

beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS);
  server = await S3Server.start('shared');
});
afterEach(() => {
  server.fault = () => false;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const filesIn = (target: string, keepFreeMb = 0) =>
  new TenantFiles({
    ...{ FILES_TARGET: target, FILES_KEEP_FREE_MB: keepFreeMb, DATA_DIR: folder },
    ...{ S3_ENDPOINT: server.url, S3_REGION: undefined },
  });
const source = (text: string) => Readable.from([Buffer.from(text)]);
const refusedWith = (code: string) =>
  expect.objectContaining({ kind: expect.objectContaining({ code }) as unknown });

async function everything<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const textOf = async (content: Promise<Readable>) => String(Buffer.concat(await everything(await content)));

/** Keys of all that is stored. */
const keys = {
  folder: () =>
    (existsSync(path.join(folder, 'kept')) ? readdirSync(path.join(folder, 'kept'), { recursive: true }) : [])
      .map(String)
      .filter((name) => name.split('/').length > 3)
      .toSorted(),
  bucket: () => server.keys('shared').map((key) => key.replace(/^kept\//, '')),
};

describe.each(['folder', 'bucket'] as const)('files of shops in a %s', (place) => {
  const [a, b] = [{ shopId: newId() }, { shopId: newId() }];
  let files: TenantFiles;
  beforeAll(() => {
    files = filesIn(place === 'folder' ? path.join(folder, 'kept') : 's3://shared/kept');
  });
  afterEach(() => Promise.all([files.removeAll(a), files.removeAll(b)]));

  it('lie below the id of the shop', async () => {
    expect(await files.of(a, 'images').write('tee.png', source('of A'), 10)).toBe(4);
    expect(await files.of(a, 'imports').write('tee.png', source('import'), 10)).toBe(6);
    expect(await files.of(b, 'images').write('tee.png', source('of B!'), 10)).toBe(5);
    expect(keys[place]()).toEqual(
      [
        `shops/${a.shopId}/images/tee.png`,
        `shops/${a.shopId}/imports/tee.png`,
        `shops/${b.shopId}/images/tee.png`,
      ].toSorted(),
    );
    expect(await textOf(files.of(a, 'images').read('tee.png'))).toBe('of A');
    expect(await textOf(files.of(b, 'images').read('tee.png'))).toBe('of B!');
    expect(await files.of(b, 'images').size('tee.png')).toBe(5);
  });

  it('are seen, listed and removed in their shop only', async () => {
    await files.of(a, 'images').write('a.png', source('a'), 10);
    const foreign = files.of(b, 'images');
    expect(await everything(foreign.list())).toEqual([]);
    await expect(foreign.read('a.png')).rejects.toEqual(refusedWith('FILE_NOT_FOUND'));
    await expect(foreign.size('a.png')).rejects.toEqual(refusedWith('FILE_NOT_FOUND'));
    await foreign.remove('a.png');
    await files.removeAll(b);
    expect(await everything(files.of(a, 'images').list())).toMatchObject([{ name: 'a.png', bytes: 1 }]);
    expect(await everything(files.shops())).toEqual([a.shopId]);
  });

  it('are all removed with their shop, again and again', async () => {
    for (const name of ['1.png', '2.png', '3.png']) await files.of(a, 'images').write(name, source('a'), 10);
    await files.of(a, 'imports').write('all.zip', source('a'), 10);
    await files.of(b, 'images').write('b.png', source('b'), 10);
    for (let time = 1; time <= 2; time++) await files.removeAll(a);
    expect(keys[place]()).toEqual([`shops/${b.shopId}/images/b.png`]);
    expect(await everything(files.shops())).toEqual([b.shopId]);
  });

  it.each([
    ...['..', '../a.png', '..%2fa.png', '%2e%2e', '.hidden', 'a/b.png', 'a\\b.png', '/etc/passwd', ''],
    ...['a.png\0.gif', 'a.png\n', 'a b', 'ä.png', '／a', 'x'.repeat(201), 'a.partial'],
  ])('have no name %j', async (name) => {
    const refused = refusedWith('FILE_NAME_INVALID');
    const images = files.of(a, 'images');
    const content = source('a');
    await expect(images.write(name, content, 10)).rejects.toEqual(refused);
    expect(content.destroyed).toBe(true);
    await expect(images.read(name)).rejects.toEqual(refused);
    await expect(images.size(name)).rejects.toEqual(refused);
    await expect(images.remove(name)).rejects.toEqual(refused);
    expect(keys[place]()).toEqual([]);
  });

  it('are not overwritten, also when several write one at once', async () => {
    const images = files.of(a, 'images');
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((i) => images.write('a.png', source(`${i}`), 10)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0); // s3rver looks only before
    await expect(images.write('a.png', source('late'), 10)).rejects.toEqual(refusedWith('FILE_EXISTS'));
    expect(await images.size('a.png')).toBe(1);
  });

  it('are not there at all when they are too large, or their source breaks', async () => {
    const images = files.of(a, 'images');
    await expect(images.write('a.png', source('12345'), 4)).rejects.toEqual(refusedWith('BODY_TOO_LARGE'));
    const failure = new Error('the sender has gone');
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('begin');
        await Promise.reject(failure);
      })(),
    );
    await expect(images.write('b.png', broken, 10)).rejects.toBe(failure);
    expect(await everything(images.list())).toEqual([]);
    expect(await everything(images.leftovers())).toEqual([]);
  });
});

describe('files of shops', () => {
  it.each(['', '..', 'tea-house', '../0198c0de-0000-7000-8000-000000000000'])(
    'belong to no shop %j',
    (shopId) => {
      const files = filesIn(folder);
      expect(() => files.of({ shopId }, 'images')).toThrow('a tenant is named by a UUID');
      expect(() => files.removeAll({ shopId })).toThrow('a tenant is named by a UUID');
    },
  );

  it('are named alike in large and small letters', async () => {
    const files = filesIn(path.join(folder, 'letters'));
    const shopId = newId();
    await files.of({ shopId: shopId.toUpperCase() }, 'images').write('a.png', source('a'), 1);
    expect(await files.of({ shopId }, 'images').size('a.png')).toBe(1);
  });

  it('leave space free on the disk of a folder, and a bucket has as much as it has', async () => {
    const { bavail, bsize } = await statfs(folder);
    const freeMb = Math.floor((bavail * bsize) / MIB);
    const shop = { shopId: newId() };
    const imagesIn = (target: string, keepFreeMb: number) => filesIn(target, keepFreeMb).of(shop, 'images');
    const guarded = path.join(folder, 'guarded');
    await imagesIn(guarded, Math.floor(freeMb / 2)).write('a.png', source('a'), MIB);
    const content = source('b');
    const tooLarge = imagesIn(guarded, Math.floor(freeMb / 2)).write('b.png', content, freeMb * MIB);
    await expect(tooLarge).rejects.toMatchObject({
      kind: { code: 'STORAGE_FULL' },
      details: { retryAfter: 30, cause: { code: 'BACKUP_TARGET_FULL' } },
    });
    expect(content.destroyed).toBe(true);
    const images = imagesIn(guarded, freeMb * 2);
    await expect(images.write('b.png', source('b'), 1)).rejects.toEqual(refusedWith('STORAGE_FULL'));
    expect(await everything(images.leftovers())).toEqual([]);
    expect(await everything(images.list())).toMatchObject([{ name: 'a.png' }]);
    await images.remove('a.png');
    expect(await imagesIn('s3://shared/guarded', freeMb * 2).write('a.png', source('a'), 1)).toBe(1);
  });

  it('cannot be reached while their bucket does not answer', async () => {
    server.fault = (_request, response) => {
      response.destroy();
      return true;
    };
    const unavailable = filesIn('s3://shared/kept').of({ shopId: newId() }, 'images').size('a.png');
    await expect(unavailable).rejects.toMatchObject({
      kind: { code: 'FILES_UNAVAILABLE' },
      details: { retryAfter: 30, cause: { code: 'BACKUP_TARGET_UNREACHABLE' } },
    });
  });
});
