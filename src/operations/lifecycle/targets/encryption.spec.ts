import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decryptWith, encryptTo, isEncrypted } from './encryption';

/** Made by `age-keygen` for this file alone. */
const PUBLIC_KEY = 'age1taaqhcyym923mqw7cwty8hjmepwyrz3yjawee2l47klgae20x3qqlfe2su';
const IDENTITY = 'AGE-SECRET-KEY-12KLNJLVHA5R02Y7XHPYR6FRTGQCHVTAXZ2CL7UQLSTLGH3QQJG9S8S5N5M';

/** Written by `age` 1.1.1 for that key. */
const OF_THE_TOOL = Buffer.from(
  'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAyWFJHYStwUk9XczFDRDJLTGJ1ckV2YzFVR1R5OHZZWTdSQjNkbUY2bkFBCkJ5dGtBelZOWlVs' +
    'SFV4M29TM2NVKytieEdJWG9hTkZoY1h5RWRkNTcxUTgKLS0tIG93UEFFY1VCNGh1S09vU3U5ZUQyVER4clpGV1BVWFZvamdLMEdhaStEb2cKZMO480eg' +
    'CXFzhk3GeQQzhRGVgeH+WXF+ohLbBUwkxc9t+X8NkUuvDS0OlsUj4Gvv0w9pBsETQi0=',
  'base64',
);

const CHUNK = 64 * 1024;
const folder = mkdtempSync(path.join(tmpdir(), 'age-'));
const identityFile = fileWith('identity.txt', `# created: today\n# public key: ${PUBLIC_KEY}\n${IDENTITY}\n`);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const refusedWith = (code: string) => expect.objectContaining({ code });

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function encrypted(content: Buffer, ...others: string[]): Promise<Buffer> {
  const encryption = await encryptTo([...others, PUBLIC_KEY]);
  const [bytes] = await Promise.all([collect(encryption), pipeline(Readable.from([content]), encryption)]);
  return bytes;
}

async function decrypted(
  source: Iterable<Buffer> | AsyncIterable<Buffer>,
  file = identityFile,
): Promise<Buffer> {
  const decryption = await decryptWith(file);
  const [bytes] = await Promise.all([collect(decryption), pipeline(Readable.from(source), decryption)]);
  return bytes;
}

describe('encryption', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK])('gives %d bytes back', async (length) => {
    const content = Buffer.alloc(length, 'abc');
    const file = await encrypted(content);
    expect(isEncrypted(file)).toBe(true);
    expect(isEncrypted(content)).toBe(false);
    expect(await decrypted([file])).toEqual(content);
  });

  it('reads a file of the age tool, however it is cut into pieces', async () => {
    const bytes = [...OF_THE_TOOL].map((byte) => Buffer.from([byte]));
    expect(String(await decrypted(bytes))).toBe('written by the age tool\n');
  });

  it('is for each of several keys', async () => {
    const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const other = await generateX25519Identity();
    const file = await encrypted(Buffer.from('for both'), await identityToRecipient(other));
    expect(String(await decrypted([file]))).toBe('for both');
    expect(String(await decrypted([file], fileWith('other.txt', other)))).toBe('for both');
  });

  it('refuses to begin without a key, or with one that has a typo', async () => {
    await expect(encryptTo([])).rejects.toEqual(refusedWith('BACKUP_KEY_MISSING'));
    const typo = PUBLIC_KEY.replace('taaq', 'taap');
    await expect(encryptTo([PUBLIC_KEY, typo])).rejects.toEqual(refusedWith('BACKUP_KEY_INVALID'));
  });
});

describe('decryption', () => {
  const content = Buffer.alloc(3 * CHUNK, 'content ');

  it('names the wrong key', async () => {
    const { generateX25519Identity } = await import('age-encryption');
    const file = fileWith('wrong.txt', await generateX25519Identity());
    await expect(decrypted([OF_THE_TOOL], file)).rejects.toEqual(refusedWith('BACKUP_KEY_WRONG'));
  });

  it.each([
    ['in its header', 130],
    ['in the random begin of its payload', 175],
    ['in its first chunk', 300],
    ['in its last byte', -1],
  ])('finds a byte that was altered %s', async (_where, at) => {
    const file = await encrypted(content);
    const index = at < 0 ? file.length + at : at;
    file[index] = file[index]! ^ 1;
    await expect(decrypted([file])).rejects.toEqual(refusedWith('BACKUP_FILE_DAMAGED'));
  });

  it('calls a file whose header names other keys by accident a matter of keys', async () => {
    const file = await encrypted(content);
    file[100] = file[100] === 65 ? 66 : 65;
    await expect(decrypted([file])).rejects.toEqual(refusedWith('BACKUP_KEY_WRONG'));
  });

  it.each([30, 180, 220, 1000, -1, -(CHUNK + 16), -(CHUNK + 17)])(
    'finds a file cut at byte %d',
    async (at) => {
      const file = await encrypted(content);
      await expect(decrypted([file.subarray(0, at)])).rejects.toEqual(refusedWith('BACKUP_FILE_DAMAGED'));
    },
  );

  it('finds bytes that were added at the end', async () => {
    const file = await encrypted(content);
    await expect(decrypted([file, Buffer.from('!')])).rejects.toEqual(refusedWith('BACKUP_FILE_DAMAGED'));
  });

  it.each(['', 'age', 'PK plain content without a line break '.repeat(100)])(
    'refuses a file that is not encrypted',
    async (text) => {
      await expect(decrypted([Buffer.from(text)])).rejects.toEqual(refusedWith('BACKUP_FILE_NOT_ENCRYPTED'));
    },
  );

  it('hands on the failure of its source', async () => {
    const failure = new Error('the disk cannot be read');
    const source = async function* () {
      yield OF_THE_TOOL.subarray(0, 250);
      await Promise.reject(failure);
    };
    await expect(decrypted(source())).rejects.toBe(failure);
  });

  it.each([
    ['there is none', undefined, 'BACKUP_KEY_MISSING'],
    ['the file is not there', path.join(folder, 'nowhere.txt'), 'BACKUP_KEY_MISSING'],
    ['the file has only comments', fileWith('empty.txt', '# nothing\n\n'), 'BACKUP_KEY_INVALID'],
    ['the identity has a typo', fileWith('typo.txt', IDENTITY.replace('2KLN', '2KLM')), 'BACKUP_KEY_INVALID'],
    ['the file has a public key', fileWith('public.txt', PUBLIC_KEY), 'BACKUP_KEY_INVALID'],
  ])('says what is wrong with the identity if %s', async (_what, file, code) => {
    const error = await decryptWith(file).catch((thrown: unknown) => thrown);
    expect(error).toEqual(refusedWith(code));
    expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('AGE-SECRET-KEY-12');
  });
});
