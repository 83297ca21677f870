import { isAscii, isUtf8 } from 'node:buffer';
import { UnreadableCsv } from './csv-records';

/** Encodings that a text file may have, by the names of the WHATWG Encoding Standard; the likeliest of each kind first. */
export const ENCODINGS = [
  ...['utf-8', 'utf-16le', 'utf-16be'],
  ...['windows-1252', 'windows-1250', 'windows-1251', 'windows-1253', 'windows-1254', 'windows-1257'],
  ...['iso-8859-2', 'iso-8859-15', 'macintosh', 'shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr'],
] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** A way to read a file, with a word that the other ways read differently. */
export interface Reading {
  encoding: Encoding;
  sample: string;
}

const MARKED: readonly Encoding[] = ['utf-8', 'utf-16le', 'utf-16be'];
/** Distinct words with bytes above 127 that are compared; more prove no more. */
const MAX_WORDS = 2000;
/** LF, CR and the signs between cells, but for the bar, which is the second byte of characters in some encodings. */
const WORD_ENDS = [0x0a, 0x0d, 0x2c, 0x3b, 0x09];
const MAX_UNCUT = 1_000_000;
const MAX_WORD_BYTES = 200;
const BOMS: readonly [Encoding, readonly number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/**
 * Finds the encoding of a file from all of its bytes. A byte order mark, zero bytes or valid UTF-8 decide; otherwise the file
 * is read in each other encoding, and those that give implausible words (two scripts in one word, a capital within a word, a
 * sign between letters) are left out, as are those that read like one before them.
 * @returns the readings that remain; none for a file that is not text
 */
export async function findEncodings(source: AsyncIterable<Buffer>): Promise<Reading[]> {
  const words = new Set<string>();
  let head = Buffer.alloc(0);
  let rest = Buffer.alloc(0);
  let isUtf8File = true;
  for await (const piece of source) {
    if (head.length < 4096) head = Buffer.concat([head, piece.subarray(0, 4096)]);
    const bytes = Buffer.concat([rest, piece]);
    const end = endOfWords(bytes);
    collectWords(bytes.subarray(0, end), words);
    isUtf8File &&= isUtf8(bytes.subarray(0, end));
    rest = bytes.subarray(end);
  }
  collectWords(rest, words);
  const marked = BOMS.find(([, mark]) => mark.every((byte, i) => head[i] === byte));
  if (marked !== undefined) return [{ encoding: marked[0], sample: '' }];
  const wide = wideEncoding(head);
  if (wide !== null) return [{ encoding: wide, sample: '' }];
  if (isUtf8File && isUtf8(rest)) return [{ encoding: 'utf-8', sample: '' }];
  return plausible([...words]);
}

/**
 * Decodes to UTF-8. UTF-8 itself passes through, so that its faults keep their place.
 * @throws UnreadableCsv for bytes that are no text in the encoding
 */
export async function* toUtf8(source: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  if (encoding === 'utf-8') return yield* source;
  const decoder = new TextDecoder(encoding, { fatal: true });
  const decode = (piece?: Buffer) => {
    try {
      return Buffer.from(decoder.decode(piece, { stream: piece !== undefined }));
    } catch (cause) {
      throw new UnreadableCsv(`The file is not text in ${encoding}.`, null, { cause });
    }
  };
  for await (const piece of source) yield decode(piece);
  yield decode();
}

/**
 * The end of the last whole word. No encoding of one byte, nor UTF-8, has such a byte inside a character. Bytes without an end,
 * which are no table, are cut anywhere: they would be copied again with each piece of the file.
 */
function endOfWords(bytes: Buffer): number {
  const end = Math.max(...WORD_ENDS.map((byte) => bytes.lastIndexOf(byte))) + 1;
  return end === 0 && bytes.length > MAX_UNCUT ? bytes.length : end;
}

/** UTF-16 without a mark: in a file of columns every other byte of the first characters is zero. */
function wideEncoding(head: Buffer): Encoding | null {
  const zeros = [0, 0];
  for (const [i, byte] of head.entries()) if (byte === 0) zeros[i % 2]!++; // i % 2 is 0 or 1
  const [even = 0, odd = 0] = zeros;
  if (odd > head.length / 4 && even < odd / 10) return 'utf-16le';
  return even > head.length / 4 && odd < even / 10 ? 'utf-16be' : null;
}

/**
 * Pieces with a byte above 127, as strings of one character a byte. They are cut at bytes that are no part of a character in
 * any encoding: most bytes from 0x40 may be the second one of a character.
 */
function collectWords(bytes: Buffer, words: Set<string>): void {
  if (words.size >= MAX_WORDS || isAscii(bytes)) return;
  for (const word of bytes.toString('latin1').split(/[^0-9\x40-\xff]+/)) {
    if (/[\x80-\xff]/.test(word)) words.add(word.slice(0, MAX_WORD_BYTES));
    if (words.size >= MAX_WORDS) return;
  }
}

function plausible(words: readonly string[]): Reading[] {
  const readings = new Map<string, { encoding: Encoding; texts: string[] }>();
  for (const encoding of ENCODINGS) {
    if (MARKED.includes(encoding)) continue;
    const texts = words.map((word) => readWord(word, encoding));
    if (!texts.every(isPlausible) || readings.has(texts.join('\n'))) continue;
    readings.set(texts.join('\n'), { encoding, texts });
  }
  const found = [...readings.values()];
  const differing = words.findIndex((_, i) => new Set(found.map(({ texts }) => texts[i])).size > 1);
  return found.map(({ encoding, texts }) => ({ encoding, sample: texts[differing] ?? '' }));
}

/** Bytes that are no character, or end within one, become U+FFFD. */
function readWord(word: string, encoding: Encoding): string {
  const decoder = new TextDecoder(encoding);
  // Node 20 reads 0x80 to 0x9f of windows-1252 as control characters, except in a stream.
  const text = decoder.decode(Buffer.from(word, 'latin1'), { stream: true });
  return word.length < MAX_WORD_BYTES ? text + decoder.decode() : text;
}

const ALPHABETS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];
const LETTER = '[\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}]';
const EAST_ASIAN = '[\\p{Script=Han}\\p{Script=Hangul}\\p{Script=Hiragana}\\p{Script=Katakana}]';
const SIGN = '[\\p{Sm}\\p{Sk}\\u02C6\\u02C7]';
/** Shapes of words that a wrong encoding gives: 'Größe' is 'GrцЯe', 'Grˆﬂe' or 'Gr鲞e'. 'Nike®' and 'Tシャツ' are words. */
const IMPLAUSIBLE = new RegExp(
  [
    '[\\p{Cc}\\p{Co}\\p{Cn}\\uFFFD]',
    '\\p{Ll}\\p{Lu}',
    `${LETTER}[\\p{S}\\p{Ps}\\p{Pe}\\p{Pi}\\p{Po}\\p{No}]${LETTER}`,
    `${LETTER}${SIGN}|${SIGN}${LETTER}`,
    `\\p{Ll}${EAST_ASIAN}|${EAST_ASIAN}\\p{Ll}`,
    '[A-Z][\\uFF61-\\uFF9F]|[\\uFF61-\\uFF9F][A-Z]',
  ].join('|'),
  'u',
);

function isPlausible(piece: string): boolean {
  return piece
    .split(/[\x40\x5b-\x60\x7b-\x7f]+/) // signs of ASCII, which may be bytes of a character before it is read
    .every((word) => ALPHABETS.filter((one) => one.test(word)).length < 2 && !IMPLAUSIBLE.test(word));
}
