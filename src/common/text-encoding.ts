import { isAscii, isUtf8 } from 'node:buffer';
import { UnreadableCsv } from './csv-records';

/** Encodings that a text file may have, by the names of the WHATWG Encoding Standard. */
export const ENCODINGS = [
  ...['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'windows-1250', 'windows-1251', 'macintosh'],
  ...['iso-8859-2', 'iso-8859-15', 'gb18030', 'shift_jis', 'euc-kr', 'big5'],
] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** One byte for each character; every sequence of bytes fits several of them. */
const SINGLE_BYTE: readonly Encoding[] = [
  'windows-1252',
  'windows-1250',
  'windows-1251',
  'macintosh',
  'iso-8859-15',
];
/** Distinct words with bytes above 127 that are compared; more prove no more. */
const MAX_WORDS = 2000;
const MAX_WORD = 100;
/** LF, CR and the signs between cells. */
const WORD_ENDS = [0x0a, 0x0d, 0x2c, 0x3b, 0x09, 0x7c];
const MAX_UNCUT = 1_000_000;
const BOMS: readonly [Encoding, readonly number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/**
 * Finds the encoding of a file from all of its bytes. A byte order mark, zero bytes or valid UTF-8 decide; otherwise the file
 * is read in each encoding of one byte a character, and those that give implausible words (two scripts in one word, a capital
 * within a word, a sign between letters) are left out.
 * @returns the encodings that remain; they differ in at least one word. None remain for a file that is not text
 */
export async function findEncodings(source: AsyncIterable<Buffer>): Promise<Encoding[]> {
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
  if (marked !== undefined) return [marked[0]];
  const wide = wideEncoding(head);
  if (wide !== null) return [wide];
  if (isUtf8File && isUtf8(rest)) return ['utf-8'];
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

/** Words with a byte above 127, as strings of one character a byte. */
function collectWords(bytes: Buffer, words: Set<string>): void {
  if (words.size >= MAX_WORDS || isAscii(bytes)) return;
  for (const word of bytes.toString('latin1').split(/[^A-Za-z0-9\x80-\xff]+/)) {
    if (/[\x80-\xff]/.test(word)) words.add(word.slice(0, MAX_WORD));
    if (words.size >= MAX_WORDS) return;
  }
}

function plausible(words: readonly string[]): Encoding[] {
  const readings = SINGLE_BYTE.map((encoding) => {
    const decoder = new TextDecoder(encoding);
    return { encoding, texts: words.map((word) => decoder.decode(Buffer.from(word, 'latin1'))) };
  }).filter(({ texts }) => texts.every(isPlausible));
  const distinct = new Map(readings.toReversed().map(({ encoding, texts }) => [texts.join('\n'), encoding]));
  return [...distinct.values()].toReversed();
}

const SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

function isPlausible(word: string): boolean {
  if (SCRIPTS.filter((script) => script.test(word)).length > 1) return false;
  return !/[\p{Cc}\uFFFD]|\p{Ll}\p{Lu}|\p{L}[\p{S}\p{Ps}\p{Pe}\p{Po}\p{No}]\p{L}/u.test(word);
}
