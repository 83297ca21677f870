import { pipeline } from 'node:stream/promises';
import { StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import type { FastifyRequest } from 'fastify';
import { StorageFull } from '../common/common.errors';
import { Semaphore } from '../common/semaphore';
import { NamelessFile } from './nameless-file';

/** What a cell may hold. Numbers and texts are written as they are, null as nothing, true and false as words. */
export type CsvCell = string | number | boolean | null;

/** Writes records to disk. @throws what reading them throws; StorageFull */
export type CsvSink = (records: AsyncIterable<CsvCell[]>) => Promise<void>;

const RETRY_SECONDS = 30;
/** Records that are made text at once: others are served in between. */
const SLICE = 200;

/** Files that are written at once, each with a connection, and requests that wait for their turn. */
const semaphore = new Semaphore(2, 20);

/**
 * A CSV file that is on disk, whole, before its first byte is sent: whoever writes it has given its connection back by
 * then, and a client that reads slowly, or not at all, holds a file and nothing else. It has no name, and ends with the
 * answer, however that ends.
 * @param name that the client is to give the file
 * @throws what `write` throws; Overloaded; StorageFull
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
    await semaphore.run(() => write(sinkTo(file, request)));
    const length = await file.size();
    const content = file.reader();
    // Nobody is left to hear that it could not be closed, and nothing is left in it.
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
          if (request.raw.socket.destroyed) return; // nobody is left to send it to
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
