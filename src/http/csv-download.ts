import { pipeline } from 'node:stream/promises';
import { StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import type { FastifyRequest } from 'fastify';
import { StorageFull } from '../common/common.errors';
import { NamelessFile } from './nameless-file';

/** Value of a cell. Null is written as an empty cell, a boolean as `true` or `false`. */
export type CsvCell = string | number | boolean | null;

/** Writes records to disk. @throws StorageFull; errors of reading the records */
export type CsvSink = (records: AsyncIterable<CsvCell[]>) => Promise<void>;

const RETRY_SECONDS = 30;
/** Records converted to text at a time; other requests are served in between. */
const SLICE = 200;

/**
 * Answers with a CSV file that is complete on disk before its first byte is sent. The database connection has been released
 * by then, so a client that reads slowly, or not at all, holds only a file. The file has no name and is freed when the
 * answer ends, for whatever reason.
 * @param name file name for the client
 * @throws StorageFull; errors of `write`
 */
export async function csvDownload(
  request: FastifyRequest,
  name: string,
  write: (sink: CsvSink) => Promise<void>,
): Promise<StreamableFile> {
  const file = await NamelessFile.open().catch((cause: unknown) => {
    throw new StorageFull({ retryAfter: RETRY_SECONDS, cause });
  });
  try {
    await write(sinkTo(file, request));
    const length = await file.size();
    const content = file.reader();
    // A failed close can no longer be reported, and nothing is lost by it.
    content.once('close', () => void file.close().catch(() => undefined));
    return new StreamableFile(content, {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="${name}"`,
      length,
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

function sinkTo(file: NamelessFile, request: FastifyRequest): CsvSink {
  return async (records) => {
    let fault: Error | undefined;
    const texts = async function* (): AsyncGenerator<string> {
      try {
        let slice: CsvCell[][] = [];
        for await (const record of records) {
          if (slice.push(record) < SLICE) continue;
          if (request.raw.socket.destroyed) return; // the client has gone
          yield textOf(slice);
          slice = [];
        }
        yield textOf(slice);
      } catch (error) {
        fault = error as Error;
        throw error;
      }
    };
    try {
      await pipeline(texts(), file.writer());
    } catch (cause) {
      throw fault ?? new StorageFull({ retryAfter: RETRY_SECONDS, cause });
    }
  };
}

function textOf(records: CsvCell[][]): string {
  return stringify(records, { cast: { boolean: String } });
}
