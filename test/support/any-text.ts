import fc from 'fast-check';
import { hasControls } from '../../src/common/safe-text';

/** Texts that files, spreadsheets, JSON and Unicode treat in a way of their own. */
const PIECES = [
  ...[
    '=1+1',
    '+',
    '-',
    '@SUM(A1)',
    "'",
    "'0112",
    '0112',
    '007',
    '1.0',
    '1,5',
    '1e3',
    'TRUE',
    'null',
    'sep=;',
  ],
  ...['"', '""', ',', ', ', ';', '|', '\t', '\n', '\r\n', '\r', '\\', '\u2028', ' ', '\u00a0'],
  ...[
    'é',
    'e\u0301',
    '\u212b',
    '\u0301',
    'ﬁ',
    'İ',
    'ß',
    'Łódź',
    '＝',
    'שלום',
    '玉露',
    '🧶',
    '👩‍👩‍👧',
    '❤️',
    '\u200b',
    '\ufeff',
    '\ufffd',
  ],
  ...[
    '<p class="a">',
    '&amp;',
    'a',
    'B',
    'red',
    '2',
    '10',
    'Title',
    'Default Title',
    'constructor',
    'Handle',
    'https://e.com/',
  ],
];
/** Characters that count as one, whatever their bytes and code units are. */
const SINGLE = ['x', '"', 'é', '玉', '🧶', '❤️'];

/** A text with at least one character that is not a space, of at most `max` characters. */
export function anyText(max: number): fc.Arbitrary<string> {
  const fits = (text: string) =>
    text.normalize('NFC').trim() !== '' && text.length <= max && !hasControls(text);
  return fc
    .oneof(
      {
        weight: 12,
        arbitrary: fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 }).map(joined),
      },
      { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }) },
      { weight: 1, arbitrary: fc.constantFrom(...SINGLE).map((one) => one.repeat(max)) },
    )
    .filter((text) => fits(text) || SINGLE.some((one) => text === one.repeat(max)));
}

/** The text as the API stores it: texts are equal when they look equal. */
export function stored(text: string): string {
  return text.normalize('NFC').trim();
}

function joined(pieces: readonly string[]): string {
  return pieces.join('');
}
