import type { Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error';
import { atMost } from '../common/at-most';
import {
  invalidField,
  MalformedBody,
  StorageFull,
  TooManyRequests,
  UnsupportedMediaType,
} from '../common/common.errors';
import { hashBody } from '../common/idempotency-key';
import { Semaphores } from '../common/semaphore';
import { callForBody } from './awaited-body';
import { NamelessFile } from './nameless-file';
import { unknownField } from './validation';

/** An uploaded file, on disk, so that a slow sender holds no database connection. */
export interface UploadedFile {
  size: number;
  open(): Readable;
}

const RETRY_SECONDS = 30;
/** Files of one sender that are on disk at the same time, also while they arrive. None waits: it would hold a connection. */
const bySender = new Semaphores(8, 0, TooManyRequests);

/**
 * Receives a file, which is the body itself (`text/csv`) or the only file of a `multipart/form-data` body, and passes it to
 * `work`. It has no name on disk, so nothing is left of it if the process is killed.
 * @param limits `sender` has only so many files at once
 * @throws TooManyRequests if the sender has too many; UnsupportedMediaType; MalformedBody; BodyTooLarge; StorageFull; errors of `work`
 */
export function withUpload<T>(
  request: FastifyRequest,
  limits: { sender: string; maxBytes: number },
  work: (file: UploadedFile) => Promise<T>,
): Promise<T> {
  return bySender.run(limits.sender, () => receive(request, limits.maxBytes, work));
}

/**
 * Refuses an upload that `withUpload` would refuse at once.
 * @throws TooManyRequests
 */
export function requireUploadRoom(sender: string): void {
  bySender.requireRoom(sender);
}

async function receive<T>(
  request: FastifyRequest,
  maxBytes: number,
  work: (file: UploadedFile) => Promise<T>,
): Promise<T> {
  const { body } = request;
  if (!(body instanceof Readable)) throw new UnsupportedMediaType();
  const file = await NamelessFile.open().catch(orStorageFull);
  try {
    const sink = sinkTo(file, maxBytes, hashBody(request));
    callForBody(request.raw);
    const isForm = request.headers['content-type']?.toLowerCase().startsWith('multipart/form-data') === true;
    await (isForm ? receiveForm(request, body, sink) : sink(body));
    return await work({ size: await file.size(), open: () => file.reader() });
  } finally {
    await file.close();
  }
}

type Sink = (source: Readable) => Promise<void>;

function sinkTo(file: NamelessFile, maxBytes: number, hash?: Hash): Sink {
  return async (source) => {
    try {
      await pipeline(
        undestroyed(source),
        atMost(maxBytes, (chunk) => hash?.update(chunk)),
        file.writer(),
      );
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (isDiskError(error)) orStorageFull(error);
      throw new MalformedBody({ detail: 'The upload was interrupted.', cause: error });
    }
  };
}

/** @throws StorageFull: a full or missing disk for temporary files is the server's fault and may be temporary */
function orStorageFull(error: unknown): never {
  throw new StorageFull({ retryAfter: RETRY_SECONDS, cause: error });
}

/**
 * Iterates over a stream without destroying it when reading stops early. Given the request itself, `pipeline` would detach
 * it from its socket, which nobody would then read or close.
 */
function undestroyed(source: Readable): AsyncIterable<Buffer> {
  return source.iterator({ destroyOnReturn: false });
}

/** Reads a form that contains exactly one file and nothing else. */
async function receiveForm(request: FastifyRequest, body: Readable, sink: Sink): Promise<void> {
  const written: Promise<void>[] = [];
  const form = openForm(request);
  form.on('field', (field: string) => {
    form.destroy(invalidField(field, unknownField(field)));
  });
  form.on('file', (_field: string, file: Readable) => {
    const taken = written.length === 0 ? sink(file) : Promise.reject(new MalformedBody(ONE_FILE));
    taken.catch((error: Error) => {
      file.resume();
      form.destroy(error);
    });
    written.push(taken);
  });
  try {
    await pipeline(undestroyed(body), form);
  } catch (error) {
    if (written.length > 0) await Promise.all(written); // the file's own error says more
    if (error instanceof AppError) throw error;
    throw new MalformedBody({ detail: 'The form is malformed.', cause: error });
  }
  if (written.length === 0) throw new MalformedBody(ONE_FILE);
  await Promise.all(written);
}

const ONE_FILE = { detail: 'The form must contain exactly one file.' };

function openForm(request: FastifyRequest): BusboyInstance {
  try {
    return new Busboy({
      headers: request.headers as { 'content-type': string },
      limits: { fields: 20, parts: 30 },
    });
  } catch (error) {
    throw new MalformedBody({ detail: 'The form has no boundary.', cause: error });
  }
}

/** True for ENOSPC and the like: errors of the disk, unlike those of the sender, come from a system call other than `read`. */
function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall !== 'read';
}
