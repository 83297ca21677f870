/** Value of a column as PostgreSQL writes it; null for NULL. */
export type CopyValue = string | null;

/** One letter of COPY text after a backslash, and the character that it stands for (PostgreSQL manual, COPY, Text Format). */
const LETTERS: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPES = new Map(Object.entries(LETTERS).map(([letter, char]) => [char, `\\${letter}`]));
ESCAPES.set('\\', '\\\\');

/** Yields the rows of COPY text in UTF-8, a block at a time. @param blocks each of whole rows */
export async function* readRows(blocks: AsyncIterable<Buffer>): AsyncGenerator<CopyValue[][]> {
  for await (const block of blocks) yield parseRows(block.toString('utf8'));
}

/** Values of whole rows of COPY text. */
export function parseRows(text: string): CopyValue[][] {
  if (text === '') return [];
  const end = text.endsWith('\n') ? text.length - 1 : text.length;
  return text
    .slice(0, end)
    .split('\n')
    .map((line) => line.split('\t').map(parseValue));
}

/** COPY text of rows, with the escapes that PostgreSQL itself writes. */
export function formatRows(rows: readonly (readonly CopyValue[])[]): string {
  return rows.map((row) => `${row.map(formatValue).join('\t')}\n`).join('');
}

function parseValue(text: string): CopyValue {
  if (text === '\\N') return null;
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(.)/gs, (_, char: string) => LETTERS[char] ?? char);
}

function formatValue(value: CopyValue): string {
  if (value === null) return '\\N';
  return value.replaceAll(/[\b\f\n\r\t\v\\]/g, (char) => ESCAPES.get(char)!); // the class names its keys
}
