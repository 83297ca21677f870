import { Readable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { readCsvRecords, UnreadableCsv } from './csv-records';

interface Outcome {
  lines: number[];
  records: string[][];
  isBroken: boolean;
}

async function outcomeOf(pieces: readonly Buffer[]): Promise<Outcome> {
  const lines: number[] = [];
  const records: string[][] = [];
  try {
    for await (const some of readCsvRecords(Readable.from(pieces))) {
      lines.push(...some.map(({ line }) => line));
      records.push(...some.map(({ cells }) => cells));
    }
    return { lines, records, isBroken: false };
  } catch (error) {
    if (!(error instanceof UnreadableCsv)) throw error;
    return { lines, records, isBroken: true };
  }
}

function csvParseOutcome(text: string): Omit<Outcome, 'lines'> {
  const records: string[][] = [];
  const take = (record: string[]) => {
    records.push(record);
    return null;
  };
  const options = { bom: true, relax_column_count: true, skip_empty_lines: true, on_record: take };
  try {
    parse(text, { ...options, record_delimiter: ['\r\n', '\n', '\r'] });
    return { records, isBroken: false };
  } catch {
    return { records, isBroken: true };
  }
}

const anyCharacter = fc.constantFrom(
  'a',
  ',',
  '"',
  '"',
  '""',
  '","',
  '\n',
  '\r',
  '\r\n',
  'é',
  '\uFEFF',
  '\uFFFD',
);
const anyText = fc.array(anyCharacter, { maxLength: 30 }).map((parts) => parts.join(''));

describe('readCsvRecords', () => {
  it('gives what csv-parse gives for the whole text, in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const bytes = Buffer.from(text);
        const pieces = [];
        for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.subarray(i, i + size));
        const whole = await outcomeOf([bytes]);
        expect(whole).toMatchObject(csvParseOutcome(text));
        expect(await outcomeOf(pieces)).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it('tells of a quote inside a cell, though the record of it never ends', async () => {
    const text = `a,b\n5" disk,${'x\n'.repeat(600_000)}`;
    const read = async () => {
      for await (const records of readCsvRecords(Readable.from([Buffer.from(text)])))
        expect(records).toEqual([{ line: 1, cells: ['a', 'b'] }]);
    };
    await expect(read()).rejects.toMatchObject({ line: 2, cause: { code: 'INVALID_OPENING_QUOTE' } });
  });
});
