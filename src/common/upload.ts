import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { FastifyRequest } from 'fastify';
import { AppError } from './app-error';
import { BodyTooLarge, MalformedBody, UnsupportedMediaType } from './common.errors';

/** A file that a client sent, on disk: a slow sender holds no database connection. */
export interface UploadedFile {
  size: number;
  open(): Readable;
}

/** A file that is the body itself (`text/csv`) or the only file of a `multipart/form-data` body. */
export async function withUpload<T>(
  request: FastifyRequest,
  maxBytes: number,
  work: (file: UploadedFile) => Promise<T>,
): Promise<T> {
  const { body } = request;
  if (!(body instanceof Readable)) throw new UnsupportedMediaType();
  const file = path.join(os.tmpdir(), `stoa-upload-${randomUUID()}`);
  try {
    const sink = sinkTo(file, maxBytes);
    const isForm = request.headers['content-type']?.startsWith('multipart/form-data') === true;
    await (isForm ? receiveForm(request, body, sink) : sink(body));
    return await work({ size: (await stat(file)).size, open: () => createReadStream(file) });
  } finally {
    await rm(file, { force: true });
  }
}

type Sink = (source: Readable) => Promise<void>;

function sinkTo(file: string, maxBytes: number): Sink {
  return async (source) => {
    try {
      await pipeline(source, limit(maxBytes), createWriteStream(file, { mode: 0o600 }));
    } catch (error) {
      if (error instanceof AppError || isDiskError(error)) throw error;
      throw new MalformedBody({ detail: 'The upload broke off.', cause: error });
    }
  };
}

function limit(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(new BodyTooLarge({ detail: `The limit is ${maxBytes} bytes.` }));
      else done(null, chunk);
    },
  });
}

/** Reads a form that holds exactly one file. */
async function receiveForm(request: FastifyRequest, body: Readable, sink: Sink): Promise<void> {
  const written: Promise<void>[] = [];
  const form = openForm(request);
  form.on('file', (_field: string, file: Readable) => {
    const taken = written.length === 0 ? sink(file) : Promise.reject(new MalformedBody(ONE_FILE));
    taken.catch((error: Error) => {
      file.resume();
      form.destroy(error);
    });
    written.push(taken);
  });
  try {
    await pipeline(body, form);
  } catch (error) {
    if (written.length > 0) await Promise.all(written); // the file's own error says more
    if (error instanceof AppError) throw error;
    throw new MalformedBody({ detail: 'The form is broken.', cause: error });
  }
  if (written.length === 0) throw new MalformedBody(ONE_FILE);
  await Promise.all(written);
}

const ONE_FILE = { detail: 'The form must hold one file.' };

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

/** ENOSPC and the like are our fault, not the sender's. */
function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall !== 'read';
}
