import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ExpectationFailed, MalformedBody, UnsupportedMediaType } from '../common/common.errors';
import { hashBody } from '../common/idempotency-key';
import { collectBody } from './json-body';
import { assertSafeInput } from './safe-input';

const IMAGE = /^image\//i;

/** Parses JSON and passes files on as streams; any other content type is answered with 415. */
export function acceptBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', (request, stream, done) =>
    collectBody(request, stream, (error, body) => {
      if (body === undefined) return done(error, undefined);
      if (body.length === 0) return done(null, undefined); // a POST without fields, such as orders/:id/pay
      (request as FastifyRequest & { bodyBytes?: number }).bodyBytes = body.length;
      hashBody(request)?.update(body);
      if (!isUtf8(body)) return done(new MalformedBody({ detail: 'The body is not UTF-8.' }));
      void parseJson(request, body.toString(), done);
    }),
  );
  for (const type of ['text/csv', 'multipart/form-data', IMAGE])
    fastify.addContentTypeParser(type, { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, stream, done) =>
      done(null, stream),
    );
}

/** Bodies of a route, by its `takesFile`. */
const TAKEN = {
  false: 'JSON: application/json',
  true: 'a file: text/csv or multipart/form-data',
  image: 'an image: image/png, image/jpeg, image/webp, image/gif or image/avif',
};
type TakenKind = keyof typeof TAKEN;

/** Says what the route of a request takes. */
export function takenBy(request: FastifyRequest): string {
  return `This route takes ${TAKEN[String(fileOf(request)) as TakenKind]}.`;
}

/** True for a request to a route that takes a file or an image. */
export function takesFile(request: FastifyRequest): boolean {
  return fileOf(request) !== false;
}

function fileOf({ routeOptions }: FastifyRequest): boolean | 'image' {
  const { takesFile: file = false } = routeOptions.config as { takesFile?: boolean | 'image' };
  return file;
}

/** Refuses compressed bodies and character sets other than UTF-8, which would be misread. */
function assertPlain({ headers }: FastifyRequest): void {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new UnsupportedMediaType({ detail: 'The body must be UTF-8.' });
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? ''))
    throw new UnsupportedMediaType({ detail: 'The body must not be compressed.' });
}

function assertExpected({ headers }: FastifyRequest): void {
  if (!/^(100-continue)?$/i.test(headers.expect ?? '')) throw new ExpectationFailed();
}

/** Checks the headers as they arrive, and body, path and query before validation. */
export function checkInput(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    assertExpected(request);
    assertPlain(request);
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { body, params, query } = request;
    const file = fileOf(request);
    const isImage = isStream(body) && IMAGE.test(request.headers['content-type'] ?? '');
    const sent = isImage ? 'image' : isStream(body);
    if (sent !== file && body !== undefined) throw new UnsupportedMediaType({ detail: takenBy(request) });
    if (file === false) assertSafeBody(body);
    assertSafeInput(params, 'path');
    assertSafeInput(query, 'query');
    done();
  });
}

function assertSafeBody(body: unknown): void {
  if (body === undefined) return;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new MalformedBody({ detail: 'The body must be a JSON object.' });
  assertSafeInput(body, 'body');
}

/** True for a request with a body, by its headers: none of it need have arrived. */
export function sendsBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

export function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body && typeof body.pipe === 'function';
}
