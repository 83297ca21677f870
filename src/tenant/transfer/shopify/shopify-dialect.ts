import { createHash } from 'node:crypto';
import { readCsvRecords, type Separator, SEPARATORS, UnreadableCsv } from '../../../common/csv-records';
import { type Encoding, findEncodings, type Reading, toUtf8 } from '../../../common/text-encoding';
import { NotACatalogueFile, EncodingUnclear, SeparatorUnclear } from '../transfer.errors';
import type { ShopifyFile } from './shopify-csv';
import { isSeparatorLine, knownColumns } from './shopify-columns';

/** A file as it was sent, which can be read several times. */
export interface SourceFile {
  open(): AsyncIterable<Buffer>;
}

export interface Dialect extends ShopifyFile {
  encoding: Encoding;
  /** Hash of the bytes of the file, in hexadecimal. */
  sha256: string;
}

/**
 * Finds out how a file is written, from the file alone unless the client says it.
 * @throws EncodingUnclear or SeparatorUnclear if several ways fit; NotACatalogueFile if none does
 */
export async function findDialect(
  file: SourceFile,
  wanted: { encoding?: Encoding | undefined; separator?: Separator | undefined },
): Promise<Dialect> {
  const hash = createHash('sha256');
  const found = await findEncodings(hashed(file, hash));
  const encoding = wanted.encoding ?? only(found);
  const open = () => toUtf8(file.open(), encoding);
  const separator = wanted.separator ?? (await findSeparator(open));
  return { open, separator, encoding, sha256: hash.digest('hex') };
}

async function* hashed(file: SourceFile, hash: { update(piece: Buffer): unknown }): AsyncGenerator<Buffer> {
  for await (const piece of file.open()) {
    hash.update(piece);
    yield piece;
  }
}

function only(readings: readonly Reading[]): Encoding {
  const [first, second] = readings;
  if (first === undefined)
    throw new NotACatalogueFile({
      detail:
        'The file is no text in UTF-8 or UTF-16, nor in an encoding that can be found out. Save it as CSV in UTF-8, or name its encoding.',
    });
  if (second === undefined) return first.encoding;
  const ways = readings.map(({ encoding, sample }) => `${encoding} ("${sample}")`);
  throw new EncodingUnclear({
    detail: `The file is not UTF-8, and can be read as ${ways.join(', ')}. Name its encoding, such as encoding=${first.encoding}.`,
  });
}

/** The separator with which the header names most of the known columns. */
async function findSeparator(open: () => AsyncIterable<Buffer>): Promise<Separator> {
  const counts: { separator: Separator; known: number; cells: number }[] = [];
  for (const separator of SEPARATORS) {
    const cells = await headerCells(open(), separator);
    counts.push({ separator, known: knownColumns(cells), cells: cells.length });
  }
  const best = Math.max(...counts.map(({ known }) => known));
  const fitting = counts.filter(({ known }) => known === best);
  const [first, second] = fitting;
  if (second === undefined || fitting.every(({ cells }) => cells === 1)) return first?.separator ?? ',';
  if (best === 0) return ','; // no column is known: reading the header says so
  throw new SeparatorUnclear({
    detail: 'The header can be read with several separators. Name one, such as separator=comma.',
  });
}

/** Cells of the first line, without the line `sep=`. Empty if that line cannot be read so. */
async function headerCells(source: AsyncIterable<Buffer>, separator: Separator): Promise<string[]> {
  try {
    for await (const records of readCsvRecords(source, separator))
      for (const record of records) if (!isSeparatorLine(record)) return record.cells;
  } catch (error) {
    if (!(error instanceof UnreadableCsv)) throw error; // another separator may fit; reading all reports the fault
  }
  return [];
}
