import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { BodyTooLarge, MalformedBody, RequestTimeout } from '../common/common.errors';
import { callForBody } from './awaited-body';
import { freeBytes } from './free-bytes';
import { arrivingBodies, type Hold } from './held-memory';

/** Memory of a request beside its body: connection, headers, objects. Counted, it also bounds the number of bodies that arrive. */
const REQUEST_BYTES = 32_768;

/** Each part costs some microseconds, so a megabyte in chunks of a byte would take seconds. */
const MAX_PARTS = 10_000;

/**
 * Collects a body of JSON. Fastify's own way has no bound for all of them together: 200 clients that stop before the end of
 * a megabyte would hold 200. It also keeps each part of a body as an object, which takes more memory than a short part itself.
 * @param done is called once, with BodyTooLarge, MalformedBody or RequestTimeout, or with the body, which is freed when it returns
 */
export function collectBody(
  request: FastifyRequest,
  stream: Readable,
  done: (error: Error | null, body?: Buffer) => void,
): void {
  const limit = request.routeOptions.bodyLimit;
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) return done(tooLarge(limit));
  callForBody(request.raw);
  let body: Buffer = Buffer.alloc(0);
  let bytes = 0;
  let parts = 0;
  let hold: Hold | undefined;
  const end = (error: Error | null) => {
    stream.off('data', add).off('end', succeed).off('error', fail);
    hold?.release();
    if (error === null) done(null, body.subarray(0, bytes));
    else done(error);
    freeBytes(body);
  };
  const add = (part: Buffer) => {
    const needed = bytes + part.length;
    if (needed > limit) return end(tooLarge(limit));
    if (++parts > MAX_PARTS) return end(new MalformedBody({ detail: 'The body arrives in too many parts.' }));
    if (parts === 1) {
      body = Buffer.from(part); // a copy: the part may be a view of a larger buffer
    } else {
      if (needed > body.length)
        body = enlarged(body, announced > 0 ? announced : Math.min(limit, 2 * needed));
      part.copy(body, bytes);
    }
    freeBytes(part);
    bytes = needed;
    hold?.set(REQUEST_BYTES + body.length);
  };
  const succeed = () => end(null);
  const fail = (cause: Error) => end(new MalformedBody({ detail: 'The body was interrupted.', cause }));
  stream.on('data', add).on('end', succeed).on('error', fail);
  if (!request.raw.complete) hold = arrivingBodies.hold(REQUEST_BYTES, () => end(new RequestTimeout()));
}

function tooLarge(limit: number): Error {
  return new BodyTooLarge({ detail: `The limit is ${limit} bytes.` });
}

function enlarged(buffer: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  buffer.copy(larger);
  freeBytes(buffer);
  return larger;
}
