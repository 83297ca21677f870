import { UnreadableCsv } from './csv-records';
import { type Encoding, findEncodings, toUtf8 } from './text-encoding';

async function* pieces(bytes: Buffer, size = 7): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

const find = (bytes: Buffer) => findEncodings(pieces(bytes));
const utf16 = (text: string, isBig = false) => {
  const bytes = Buffer.from(text, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
};

const TEXT = 'Handle,Title\ncafe,Café Zürich\n';

describe('findEncodings', () => {
  it.each<[string, Buffer, Encoding]>([
    ['UTF-8', Buffer.from(TEXT), 'utf-8'],
    ['ASCII', Buffer.from('Handle\na\n'), 'utf-8'],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${TEXT}`), 'utf-8'],
    ['UTF-16 with a mark', utf16(`\uFEFF${TEXT}`), 'utf-16le'],
    ['big-endian UTF-16 with a mark', utf16(`\uFEFF${TEXT}`, true), 'utf-16be'],
    ['UTF-16 without a mark', utf16(TEXT), 'utf-16le'],
    ['big-endian UTF-16 without a mark', utf16(TEXT, true), 'utf-16be'],
    [
      'Windows-1252 with words that read alike in its neighbours',
      Buffer.from(TEXT, 'latin1'),
      'windows-1252',
    ],
  ])('finds %s', async (_, bytes, encoding) => {
    expect(await find(bytes)).toEqual([encoding]);
  });

  it.each(['\n', '\r', ','])(
    'finds the same however a file with %j between its words is cut',
    async (end) => {
      const bytes = Buffer.from(`Café${end}Größe${end}Zürich${end}`.repeat(50), 'latin1');
      for (const size of [1, 7, 64, 10_000])
        expect(await findEncodings(pieces(bytes, size))).toEqual(['windows-1252']);
    },
  );

  it('finds the encoding of a long text without any end of a word', async () => {
    expect(await findEncodings(pieces(Buffer.alloc(3_000_000, 'é'), 65_536))).toEqual(['utf-8']);
  });

  it('finds two that differ in a word', async () => {
    expect(await find(Buffer.from('Handle,Title\na,ma\xf1ana\n', 'latin1'))).toEqual(
      expect.arrayContaining(['windows-1252', 'windows-1250']),
    );
  });
});

describe('toUtf8', () => {
  it.each<[Encoding, Buffer]>([
    ['utf-8', Buffer.from(TEXT)],
    ['utf-16le', utf16(TEXT)],
    ['utf-16be', utf16(TEXT, true)],
    ['windows-1252', Buffer.from(TEXT, 'latin1')],
  ])('decodes %s however the bytes are cut', async (encoding, bytes) => {
    for (const size of [1, 3, 1000]) {
      const decoded: Buffer[] = [];
      for await (const piece of toUtf8(pieces(bytes, size), encoding)) decoded.push(piece);
      expect(Buffer.concat(decoded).toString()).toBe(TEXT);
    }
  });

  it.each<[Encoding, Buffer]>([
    ['shift_jis', Buffer.from([0x41, 0x81])],
    ['gb18030', Buffer.from([0xff, 0x41])],
    ['utf-16le', utf16(TEXT).subarray(1)],
    ['utf-16be', utf16(TEXT, true).subarray(0, -1)],
  ])('refuses bytes that are no %s', async (encoding, bytes) => {
    const decode = async () => {
      for await (const piece of toUtf8(pieces(bytes), encoding)) expect(piece).toBeInstanceOf(Buffer);
    };
    await expect(decode()).rejects.toBeInstanceOf(UnreadableCsv);
  });
});
