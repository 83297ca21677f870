import fc from 'fast-check';
import { formatRows, parseRows, readRows } from './copy-rows';

const value = fc.oneof(
  fc.constant(null),
  fc.constantFrom(
    '',
    '\\N',
    '\\',
    '\\\\N',
    '\\.',
    '\t',
    '\n',
    '\r\n',
    '\b\f\v',
    'é日本🛒',
    '\\n',
    '{"a":"b\\n"}',
  ),
  fc.string({ unit: 'grapheme' }),
);

describe('COPY text', () => {
  it('is parsed as PostgreSQL escapes it', () => {
    expect(parseRows('\\N\t\ta\\tb\\nc\\\\d\\re\\bf\\fg\\vh\n\\\\N\tx\ty\n')).toEqual([
      [null, '', 'a\tb\nc\\d\re\bf\fg\vh'],
      ['\\N', 'x', 'y'],
    ]);
    expect(parseRows('')).toEqual([]);
    expect(parseRows('\n')).toEqual([['']]);
  });

  it('is written so that NULL and a text of backslash N differ', () => {
    expect(formatRows([[null, '\\N', '', 'a\nb\t']])).toBe('\\N\t\\\\N\t\ta\\nb\\t\n');
  });

  it('gives any rows back', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5 })
          .chain((n) => fc.array(fc.array(value, { minLength: n, maxLength: n }))),
        (rows) => {
          const text = formatRows(rows);
          expect(parseRows(text)).toEqual(rows);
          expect(text.split('\n')).toHaveLength(rows.length + 1);
        },
      ),
    );
  });

  it('is read block by block', async () => {
    async function* blocks(): AsyncGenerator<Buffer> {
      yield Buffer.from('a\tb\n');
      yield Buffer.from('\\N\té\nx\ty\n');
    }
    const read: unknown[] = [];
    for await (const rows of readRows(blocks())) read.push(rows);
    expect(read).toEqual([
      [['a', 'b']],
      [
        [null, 'é'],
        ['x', 'y'],
      ],
    ]);
  });
});
