import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { DirectoryTarget } from './directory-target';
import { configuredFiles, configuredTarget, openTarget } from './open-target';

const parent = mkdtempSync(path.join(tmpdir(), 'targets-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

let folder: string;
let target: DirectoryTarget;
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(parent, 'test-')), 'below', 'backups');
  target = new DirectoryTarget(folder);
});

const refusedWith = (code: string) => expect.objectContaining({ code });
const content = (text: string) => (sink: Writable) => pipeline(Readable.from([text]), sink);
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

async function everything<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a directory of backups', () => {
  it('is created with its files for this user alone', async () => {
    const written = await target.write('a.tar', async (sink) => {
      await content('12345')(sink);
      return 7;
    });
    expect(written).toEqual({ bytes: 5, result: 7 });
    expect(modeOf(folder)).toBe('700');
    expect(modeOf(path.join(folder, 'a.tar'))).toBe('600');
    expect(await target.size('a.tar')).toBe(5);
    expect(String(Buffer.concat(await everything(await target.read('a.tar'))))).toBe('12345');
  });

  it('ends a file that its writer has not ended', async () => {
    await target.write('a.tar', async (sink) => {
      sink.write('one');
      await Promise.resolve();
    });
    expect(readFileSync(path.join(folder, 'a.tar'), 'utf8')).toBe('one');
  });

  it('shows a file when it is complete, and only as a leftover before', async () => {
    await target.write('a.tar', async (sink) => {
      sink.write('half');
      expect(await everything(target.list())).toEqual([]);
      const [leftover] = await everything(target.leftovers());
      expect(leftover!.name).toMatch(/^a\.tar\.[0-9a-f]{12}\.partial$/);
    });
    expect(await everything(target.list())).toMatchObject([{ name: 'a.tar', bytes: 4 }]);
    expect(await everything(target.leftovers())).toEqual([]);
  });

  it.each(['before', 'after'])('keeps nothing of a writer that fails %s it has written', async (when) => {
    const failure = new Error('the database went away');
    const fill = async (sink: Writable) => {
      if (when === 'after') await pipeline(Readable.from(['x'.repeat(3_000_000)]), sink, { end: false });
      throw failure;
    };
    await expect(target.write('a.tar', fill)).rejects.toBe(failure);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps nothing of a writer whose source fails', async () => {
    const failure = new Error('no more rows');
    const source = async function* () {
      yield 'rows';
      await Promise.reject(failure);
    };
    await expect(target.write('a.tar', (sink) => pipeline(source(), sink))).rejects.toBe(failure);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that the disk is full, also when the stream before it tells first that it has ended', async () => {
    const fill = async (sink: Writable) => {
      const before = new PassThrough();
      sink.once('error', () => before.destroy());
      sink.destroy(Object.assign(new Error('no space left on device'), { code: 'ENOSPC', syscall: 'write' }));
      await finished(before);
    };
    await expect(target.write('a.tar', fill)).rejects.toEqual(refusedWith('BACKUP_TARGET_FULL'));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not overwrite a file, also when twenty write it at once', async () => {
    const attempts = Array.from({ length: 20 }, (_, i) => target.write('a.tar', content(`writer ${i}`)));
    const outcomes = await Promise.allSettled(attempts);
    const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.map(({ reason }) => reason as unknown)).toEqual(
      Array(19).fill(refusedWith('BACKUP_FILE_EXISTS')),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(readFileSync(path.join(folder, 'a.tar'), 'utf8')).toBe(`writer ${winner}`);
    expect(readdirSync(folder)).toEqual(['a.tar']);
  });

  it('lists its files by name, without folders, hidden and unfinished ones', async () => {
    for (const name of ['c.tar', 'a.tar', 'b.tar']) await target.write(name, content(name));
    mkdirSync(path.join(folder, 'folder'));
    for (const name of ['.hidden', 'd.tar.0123.partial']) writeFileSync(path.join(folder, name), '');
    expect((await everything(target.list())).map(({ name }) => name)).toEqual(['a.tar', 'b.tar', 'c.tar']);
  });

  it('removes files and leftovers, and forgives a second time', async () => {
    await target.write('a.tar', content('a'));
    writeFileSync(path.join(folder, 'b.tar.0123.partial'), 'half');
    const [leftover] = await everything(target.leftovers());
    for (let time = 1; time <= 2; time++) {
      await target.remove('a.tar');
      await leftover!.remove();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that does not exist yet is empty', async () => {
    expect(await everything(target.list())).toEqual([]);
    expect(await everything(target.leftovers())).toEqual([]);
    await target.remove('a.tar');
    await expect(target.read('a.tar')).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_FOUND'));
    await expect(target.size('a.tar')).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_FOUND'));
  });

  it.each(['../a.tar', '/etc/passwd', 'a/b', '', '.hidden', 'a.partial', 'a\0b', 'a b', 'a'.repeat(201)])(
    'refuses the name %j in every method',
    async (name) => {
      const refused = refusedWith('BACKUP_FILE_NAME_INVALID');
      await expect(target.write(name, content('a'))).rejects.toEqual(refused);
      await expect(target.read(name)).rejects.toEqual(refused);
      await expect(target.size(name)).rejects.toEqual(refused);
      await expect(target.remove(name)).rejects.toEqual(refused);
    },
  );

  it.each(['/proc/x', '/proc/x/y'])('that cannot be created fails at once: %s', async (name) => {
    const impossible = new DirectoryTarget(name);
    await expect(impossible.prepare()).rejects.toEqual(refusedWith('BACKUP_TARGET_FAILED'));
    await expect(impossible.write('a.tar', content('a'))).rejects.toThrow(
      'The folder /proc/x cannot be created',
    );
  });

  it('is created once by several at a time', async () => {
    await Promise.all(Array.from({ length: 10 }, () => new DirectoryTarget(folder).prepare()));
    expect(modeOf(path.dirname(folder))).toBe('700');
    expect(modeOf(folder)).toBe('700');
  });

  it('below a file is refused', async () => {
    writeFileSync(path.join(path.dirname(path.dirname(folder)), 'below'), '');
    await expect(target.prepare()).rejects.toEqual(refusedWith('BACKUP_TARGET_INVALID'));
  });

  it('that is a file is named', async () => {
    mkdirSync(path.dirname(folder), { recursive: true });
    writeFileSync(folder, '');
    const refused = refusedWith('BACKUP_TARGET_INVALID');
    await expect(target.write('a.tar', content('a'))).rejects.toEqual(refused);
    await expect(everything(target.list())).rejects.toEqual(refused);
  });
});

describe('a folder below a directory', () => {
  const below = () => target.below('shops', 'a');
  const write = (to: DirectoryTarget, name: string) => to.write(name, content(name));

  it('has files of its own, and the directory lists it and none of them', async () => {
    await write(target, 'own.txt');
    await write(below(), 'a.txt');
    expect(readFileSync(path.join(folder, 'shops', 'a', 'a.txt'), 'utf8')).toBe('a.txt');
    expect(await everything(target.list())).toMatchObject([{ name: 'own.txt' }]);
    expect(await everything(target.folders())).toEqual(['shops']);
    expect(await everything(target.below('shops').folders())).toEqual(['a']);
  });

  it.each(['..', '.', '', '/', 'a/b', 'a\0', 'a%2f', 'x'.repeat(201)])('is not named %j', (name) => {
    expect(() => target.below('shops', name)).toThrow(refusedWith('BACKUP_FILE_NAME_INVALID'));
  });

  it('is removed with all below it, and nothing else', async () => {
    for (const name of ['a', 'b']) await write(target.below('shops', name, 'images'), 'x.png');
    writeFileSync(path.join(folder, 'shops', 'a', 'images', 'y.png.0123.partial'), 'half');
    for (let time = 1; time <= 2; time++) await below().removeAll();
    expect(readdirSync(path.join(folder, 'shops'))).toEqual(['b']);
    expect(await target.below('shops', 'b', 'images').size('x.png')).toBe(5);
  });

  it.each(['a', 'shops'])('is refused by every method where a link %s leads elsewhere', async (linked) => {
    const elsewhere = mkdtempSync(path.join(parent, 'elsewhere-'));
    mkdirSync(path.join(elsewhere, 'a'));
    const secret = path.join(elsewhere, linked === 'a' ? '' : 'a', 'secret.txt');
    writeFileSync(secret, 'secret');
    await target.below('shops').prepare();
    if (linked === 'shops') rmSync(path.join(folder, 'shops'), { recursive: true });
    symlinkSync(elsewhere, path.join(folder, ...(linked === 'a' ? ['shops', 'a'] : ['shops'])));
    const refused = refusedWith('BACKUP_TARGET_INVALID');
    await expect(below().read('secret.txt')).rejects.toEqual(refused);
    await expect(below().size('secret.txt')).rejects.toEqual(refused);
    await expect(below().remove('secret.txt')).rejects.toEqual(refused);
    await expect(below().removeAll()).rejects.toEqual(refused);
    await expect(write(below(), 'new.txt')).rejects.toEqual(refused);
    await expect(everything(below().list())).rejects.toEqual(refused);
    expect([existsSync(secret), existsSync(path.join(path.dirname(secret), 'new.txt'))]).toEqual([
      true,
      false,
    ]);
  });

  it('does not follow a link in place of a file', async () => {
    const secret = path.join(parent, 'secret.txt');
    writeFileSync(secret, 'secret');
    await below().prepare();
    symlinkSync(secret, path.join(folder, 'shops', 'a', 'link.txt'));
    await expect(below().read('link.txt')).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_FOUND'));
    await expect(below().size('link.txt')).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_FOUND'));
    await expect(write(below(), 'link.txt')).rejects.toEqual(refusedWith('BACKUP_FILE_EXISTS'));
    expect(await everything(below().list())).toEqual([]);
    expect(readFileSync(secret, 'utf8')).toBe('secret');
  });

  it('may lie in a directory that is a link itself', async () => {
    await target.prepare();
    const link = path.join(parent, 'link-to-directory');
    symlinkSync(folder, link);
    await write(new DirectoryTarget(link).below('shops'), 'a.txt');
    expect(readFileSync(path.join(folder, 'shops', 'a.txt'), 'utf8')).toBe('a.txt');
  });
});

describe('opening a target', () => {
  const settings = { S3_ENDPOINT: undefined, S3_REGION: undefined };

  it('tells folders from buckets', async () => {
    expect((await openTarget('some/folder', settings)).location).toBe(path.resolve('some/folder'));
    expect((await openTarget('s3://bucket/a/b', settings)).location).toBe('s3://bucket/a/b/');
    await expect(openTarget('ftp://server/secret', settings)).rejects.toEqual(
      refusedWith('BACKUP_TARGET_INVALID'),
    );
  });

  it.each(['', ' '])('refuses the name %j, which would be the current folder', async (name) => {
    await expect(openTarget(name, settings)).rejects.toEqual(refusedWith('BACKUP_TARGET_INVALID'));
  });

  it('without a setting is for a folder in DATA_DIR', () => {
    expect(configuredTarget({ DATA_DIR: '/data', BACKUP_TARGET: undefined })).toBe('/data/backups');
    expect(configuredTarget({ DATA_DIR: '/data', BACKUP_TARGET: 's3://b-b' })).toBe('s3://b-b');
    expect(configuredFiles({ DATA_DIR: '/data', FILES_TARGET: undefined })).toBe('/data/files');
  });
});
