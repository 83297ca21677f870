import { gzipSync } from 'node:zlib';
import { UnreadableCsv } from './csv-records';
import { type Encoding, findEncodings, toUtf8 } from './text-encoding';

async function* pieces(bytes: Buffer, size = 7): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

const find = async (bytes: Buffer) => (await findEncodings(pieces(bytes))).map(({ encoding }) => encoding);
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
        expect(await findEncodings(pieces(bytes, size))).toEqual([{ encoding: 'windows-1252', sample: '' }]);
    },
  );

  it('finds the encoding of a long text without any end of a word', async () => {
    expect(await findEncodings(pieces(Buffer.alloc(3_000_000, 'é'), 65_536))).toEqual([
      { encoding: 'utf-8', sample: '' },
    ]);
  });

  it.each<[string, string]>([
    ['German', 'Gr\xf6\xdfe,f\xfcr \x96 \xe4hnlich 50 \x80'],
    ['a word in quotes', 'the \x93Best\x94 caf\xe9'],
  ])('finds Windows-1252 in %s with signs that Node 20 reads as control characters', async (_, text) => {
    expect(await find(Buffer.from(text, 'latin1'))).toEqual(['windows-1252']);
  });

  it('finds Windows-1250 in Polish', async () => {
    expect(await find(Buffer.from('Z\xb3ota \xb3y\xbfka', 'latin1'))).toEqual(['windows-1250']);
  });

  // Each pair of bytes of these texts also is a character in another encoding.
  it.each<[string, string, Encoding]>([
    ['French with a dash', 'Cr\xe8me br\xfbl\xe9e \x96 50 \x80', 'windows-1252'],
    ['French with an apostrophe', 'L\x92\xe9t\xe9 \xe0 Paris', 'windows-1252'],
    ['Spanish', 'Ni\xf1o \x96 camiseta', 'windows-1252'],
    ['Portuguese', 'P\xe3o de a\xe7\xfacar \x96 n\xe3o', 'windows-1252'],
    ['Danish', 'R\xf8dgr\xf8d \x96 \xe6ble', 'windows-1252'],
    ['Greek', '\xd4\xf3\xdc\xe9', 'windows-1253'],
    ['Korean', '\xb3\xec\xc2\xf7', 'euc-kr'],
    ['Chinese', '\xc2\xcc\xb2\xe8', 'gb18030'],
    ['Japanese', '\x97\xce\x92\x83\x81AT\x83V\x83\x83\x83c', 'shift_jis'],
  ])('offers the true encoding of %s, and does not choose', async (_, text, encoding) => {
    const found = await find(Buffer.from(text, 'latin1'));
    expect(found).toContain(encoding);
    expect(found.length).toBeGreaterThan(1);
  });

  it('shows a word that the encodings read differently, the likeliest first', async () => {
    const found = await findEncodings(pieces(Buffer.from('caf\xe9,ma\xf1ana', 'latin1')));
    expect(found.slice(0, 2)).toEqual([
      { encoding: 'windows-1252', sample: 'mañana' },
      { encoding: 'windows-1250', sample: 'mańana' },
    ]);
  });

  it('finds no encoding of bytes that are no text', async () => {
    expect(await find(gzipSync(TEXT))).toEqual([]);
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
