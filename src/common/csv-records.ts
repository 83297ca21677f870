import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';

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

const UNCLOSED = 'CSV_QUOTE_NOT_CLOSED';
const REASONS: Readonly<Record<string, string>> = {
  [UNCLOSED]: 'opens a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'has text after a closing quote',
  INVALID_OPENING_QUOTE: 'has a quote inside a cell that is not quoted',
};

const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x22] as const;
const BOM = '\uFEFF';
const UNKNOWN = '\uFFFD'; // also what stands in place of bytes that are not UTF-8

/** Characters that may separate the cells of a record. */
export const SEPARATORS = [',', ';', '\t', '|'] as const;
export type Separator = (typeof SEPARATORS)[number];

/**
 * Reads the records of a CSV file as they arrive, those of one piece at once: a promise for each record would cost
 * more than reading it. All records before a fault are given out before the fault is thrown, however the bytes are
 * cut.
 * @throws UnreadableCsv when the bytes are not UTF-8, the quoting is broken, or a record is too long
 */
export async function* readCsvRecords(
  source: AsyncIterable<Buffer | string>,
  separator: Separator = ',',
): AsyncGenerator<CsvRecord[]> {
  const cutter = new RecordCutter(separator);
  for await (const piece of source) {
    cutter.add(typeof piece === 'string' ? Buffer.from(piece) : piece);
    yield cutter.take();
    if (cutter.fault !== null) throw cutter.fault;
  }
  cutter.end();
  yield cutter.take();
  if (cutter.fault !== null) throw cutter.fault;
}

/**
 * Cuts bytes into records: after LF, CR or both (files pasted together mix them), unless a quote is open. Records with
 * quotes go to csv-parse, all of a piece at once. Records without quotes, which most are, are split at their separators
 * here instead of by a library, because csv-parse takes six times as long for them.
 */
class RecordCutter {
  /** Why nothing can be read behind the records that were taken last. */
  fault: Error | null = null;
  private records: CsvRecord[] = [];
  private quoted: { record: CsvRecord; text: string }[] = [];
  private line = 1;
  private lastByte = 0;
  // Of the record that has not ended: where it starts, its bytes in earlier pieces, its quotes.
  private firstLine = 1;
  private parts: Buffer[] = [];
  private length = 0;
  private isOpen = false;
  private hasQuotes = false;

  constructor(private readonly separator: Separator) {}

  add(piece: Buffer): void {
    let start = 0;
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i]!; // i is below the length
      if (byte > QUOTE) continue; // most bytes
      if (byte === QUOTE) {
        this.isOpen = !this.isOpen;
        this.hasQuotes = true;
      } else if (byte === LF || byte === CR) {
        const isSecond = byte === LF && (i === 0 ? this.lastByte : piece[i - 1]) === CR;
        if (!isSecond) this.line++;
        if (this.isOpen) continue;
        if (!isSecond) this.finish(piece, start, i);
        start = i + 1;
      }
    }
    this.lastByte = piece.at(-1) ?? this.lastByte;
    this.keep(piece.subarray(start));
    if (this.length > MAX_RECORD_BYTES) this.end();
  }

  /** The record that has not ended ends here. */
  end(): void {
    this.finish(Buffer.alloc(0), 0, 0);
  }

  take(): CsvRecord[] {
    const { records, quoted } = this;
    this.records = [];
    this.quoted = [];
    const texts = quoted.map(({ text }) => text);
    const { known, fault } = parseAll(texts, this.separator);
    for (const [i, cells] of known.entries()) quoted[i]!.record.cells = cells; // each text is one record
    if (fault === null) return records;
    const { record } = quoted[known.length]!; // the one that it was thrown at
    this.fault = explained(fault, record.line);
    return records.slice(0, records.indexOf(record));
  }

  private keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  private finish(piece: Buffer, start: number, end: number): void {
    if (this.parts.length > 0) {
      this.keep(piece.subarray(start, end));
      this.push(Buffer.concat(this.parts), 0, this.length);
    } else if (end > start) this.push(piece, start, end);
    this.parts = [];
    this.length = 0;
    this.firstLine = this.line;
    this.hasQuotes = false;
  }

  private push(bytes: Buffer, start: number, end: number): void {
    if (this.fault !== null) return;
    const { firstLine: line, hasQuotes } = this;
    const whole = bytes.toString('utf8', start, end);
    const text = line === 1 && whole.startsWith(BOM) ? whole.slice(1) : whole;
    const isInvalid = text.includes(UNKNOWN) && !isUtf8(bytes.subarray(start, end));
    if (isInvalid || end - start > MAX_RECORD_BYTES)
      this.fault = quotingFault(text, line, this.separator) ?? (isInvalid ? notUtf8(line) : tooLong(line));
    else if (text !== '') {
      const record = { line, cells: hasQuotes ? [] : text.split(this.separator) };
      this.records.push(record);
      if (hasQuotes) this.quoted.push({ record, text });
    }
  }
}

/** @returns the cells of all records before the fault */
function parseAll(texts: readonly string[], delimiter: Separator): { known: string[][]; fault: unknown } {
  const known: string[][] = [];
  if (texts.length === 0) return { known, fault: null };
  try {
    parse(texts.join('\n'), {
      delimiter,
      relax_column_count: true,
      record_delimiter: '\n',
      on_record: (cells: string[]) => {
        known.push(cells);
        return null;
      },
    });
    return { known, fault: null };
  } catch (fault) {
    return { known, fault };
  }
}

/** An open quote is none: it may be closed behind the text. */
function quotingFault(text: string, line: number, separator: Separator): Error | null {
  const { fault } = parseAll([text], separator);
  if (fault === null || (fault instanceof CsvError && fault.code === UNCLOSED)) return null;
  return explained(fault, line);
}

function notUtf8(line: number): UnreadableCsv {
  return new UnreadableCsv('The file is not UTF-8 text around this line.', line);
}

function tooLong(line: number): UnreadableCsv {
  return new UnreadableCsv(
    `The record that starts here is longer than ${MAX_RECORD_BYTES} bytes; is a quote left open?`,
    line,
  );
}

function explained(fault: unknown, line: number): Error {
  const reason = fault instanceof CsvError ? REASONS[fault.code] : undefined;
  if (reason === undefined) throw fault;
  return new UnreadableCsv(`The record that starts here ${reason}.`, line, { cause: fault });
}
