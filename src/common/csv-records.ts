import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { CsvError, parse, type Parser } from 'csv-parse';

/** The file is not the CSV that it should be. The message speaks of `line` as "here", when it is known. */
export class UnreadableCsv extends Error {
  constructor(
    message: string,
    readonly line: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UnreadableCsv';
  }

  /** The message with its line, for people. */
  get detail(): string {
    return this.line === null ? this.message : `Line ${this.line}: ${this.message}`;
  }
}

export interface CsvRecord {
  /** Line on which the record starts; the first line of the file is 1. */
  line: number;
  cells: string[];
}

/** A body of 100,000 characters in three-byte script, or twice as many quotes, fits; an open quote does not go on. */
const MAX_RECORD_BYTES = 1_000_000;

const REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'has text after a closing quote',
  INVALID_OPENING_QUOTE: 'has a quote inside a cell that is not quoted',
};

/**
 * Reads the records of a CSV file as they arrive, those of one piece at once: a promise for each record would cost
 * more than reading it. All records before a fault are given out before the fault is
 * thrown, however the bytes are cut: hence records are taken in `on_record`, since a Node stream that fails drops
 * what it had ready.
 * @throws UnreadableCsv when the bytes are not UTF-8, the quoting is broken, or a record is too long
 */
export async function* readCsvRecords(source: Readable): AsyncGenerator<CsvRecord[]> {
  const ready: CsvRecord[] = [];
  const next = { line: 1, byte: 0 }; // where the record after the last one starts, not counting empty lines
  const parser = parse({
    bom: true,
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n', '\r'], // all three: files pasted together mix them
    skip_empty_lines: true,
    on_record: (cells: string[], info) => {
      const line = next.line + info.empty_lines;
      if (info.bytes - next.byte > MAX_RECORD_BYTES) throw recordTooLong(line);
      next.line += 1 + lineBreaksIn(cells);
      next.byte = info.bytes;
      ready.push({ line, cells });
      return null;
    },
  });
  parser.on('error', () => {}); // also given to the callback of write() and end(), where it is handled
  parser.resume();

  const here = (): number => next.line + parser.info.empty_lines;
  let written = 0;
  for await (const { bytes, isValid } of wholeCharacters(source)) {
    const fault = await feed(parser, bytes);
    yield ready.splice(0);
    if (fault !== null) throw explained(fault, here());
    if (!isValid) throw new UnreadableCsv('The file is not UTF-8 text around this line.', here());
    written += bytes.length;
    if (written - next.byte > MAX_RECORD_BYTES) throw recordTooLong(here());
  }
  const fault = await feed(parser, null);
  yield ready.splice(0);
  if (fault !== null) throw explained(fault, here());
}

/** Writes bytes, or the end when null. All records that they complete are ready when it resolves. */
function feed(parser: Parser, bytes: Uint8Array | null): Promise<Error | null> {
  return new Promise((resolve) => {
    const done = (error?: Error | null): void => resolve(error ?? null);
    if (bytes === null) parser.end(done);
    else parser.write(bytes, done);
  });
}

/**
 * Cuts the source between characters. The last piece before bytes that are not UTF-8 ends where they begin and is
 * marked: csv-parse itself would quietly put U+FFFD in their place.
 */
async function* wholeCharacters(source: Readable): AsyncGenerator<{ bytes: Buffer; isValid: boolean }> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer | string>) {
    const all = Buffer.concat([rest, typeof chunk === 'string' ? Buffer.from(chunk) : chunk]);
    const end = all.length - unfinishedLength(all);
    const bytes = all.subarray(0, end);
    rest = all.subarray(end);
    const isValid = isUtf8(bytes);
    yield { bytes: isValid ? bytes : validStart(bytes), isValid };
  }
  if (rest.length > 0) yield { bytes: Buffer.alloc(0), isValid: false };
}

/** How many bytes at the end begin a character that is longer than what is there. */
function unfinishedLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isContinuation = byte >> 6 === 0b10;
    if (!isContinuation) return lengthOfCharacter(byte) > back ? back : 0;
  }
  return 0;
}

function lengthOfCharacter(firstByte: number): number {
  if (firstByte >= 0xf0) return 4;
  if (firstByte >= 0xe0) return 3;
  return firstByte >= 0xc0 ? 2 : 1;
}

function validStart(bytes: Buffer): Buffer {
  const mended = Buffer.from(bytes.toString()); // U+FFFD in place of what is invalid
  return bytes.subarray(
    0,
    bytes.findIndex((byte, index) => byte !== mended[index]),
  );
}

function lineBreaksIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}

function recordTooLong(line: number): UnreadableCsv {
  return new UnreadableCsv(
    `The record that starts here is longer than ${MAX_RECORD_BYTES} bytes; is a quote left open?`,
    line,
  );
}

function explained(fault: Error, line: number): Error {
  const reason = fault instanceof CsvError ? REASONS[fault.code] : undefined;
  if (reason === undefined) return fault;
  return new UnreadableCsv(`The record that starts here ${reason}.`, line, { cause: fault });
}
