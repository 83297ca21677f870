import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, onSendHookHandler } from 'fastify';
import { isNoneMatch, tagOf } from '../http/entity-tag';

const SCRIPT = 'text/javascript; charset=utf-8';
/** Files of the package `swagger-ui-dist` that the page at /docs loads. Its others are served as they are, without compression. */
const FILES: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': SCRIPT,
  'swagger-ui-standalone-preset.js': SCRIPT,
};
const OF_DOCUMENT = ['/openapi.json', '/docs-yaml', '/docs/swagger-ui-init.js'];
const FIXED = new Set([...OF_DOCUMENT, ...Object.keys(FILES).map((name) => `/docs/${name}`)]);

interface Answer {
  type: string;
  tag: string;
  body: Buffer;
}

/** True if a route answers everybody with the same bytes. */
export function isFixed(url: string | undefined): boolean {
  return url !== undefined && FIXED.has(url);
}

/** True if a route sends any file of the package. */
export function isAnyFile(url: string): boolean {
  return url === '/docs/*';
}

/**
 * Makes each fixed answer once, at its first request: the OpenAPI document takes the process's only thread for longer than any
 * list, and a copy for each client that does not read would take a megabyte. Call after `compressAnswers`, and before routes are added.
 */
export function keepFixedAnswers(fastify: FastifyInstance): void {
  const kept = new Map<string, Answer>();
  fastify.addHook('onRoute', (route) => {
    const { url } = route;
    if (!isFixed(url)) return;
    route.preHandler = (request, reply, done) => {
      const answer = kept.get(url);
      if (answer === undefined) return done();
      addHeaders(reply, answer);
      const known = request.headers['if-none-match'];
      if (known !== undefined && !isNoneMatch(known, answer.tag)) return void reply.status(304).send();
      void reply.send(answer.body);
    };
    const keep: onSendHookHandler<string | Buffer> = (_request, reply, payload, done) => {
      if (reply.statusCode !== 200 || reply.hasHeader('etag')) return done(null, payload); // it is kept, or compressed by now
      const answer = kept.get(url) ?? answerOf(String(reply.getHeader('content-type')), payload);
      kept.set(url, answer);
      addHeaders(reply, answer);
      done(null, answer.body);
    };
    route.onSend = [keep as onSendHookHandler, ...[route.onSend ?? []].flat()];
  });
}

function answerOf(type: string, payload: string | Buffer): Answer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { type, tag: tagOf(body), body };
}

/** The tag is weak, as the compressed forms share it. */
function addHeaders(reply: FastifyReply, { type, tag }: Answer): void {
  const vary = [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', ');
  void reply.headers({ 'content-type': type, etag: `W/${tag}`, 'cache-control': 'no-cache', vary });
}

/** Adds routes for the files of the page. All who ask first, together, wait for one reading. */
export function serveFiles(fastify: FastifyInstance): void {
  const folder = path.dirname(require.resolve('swagger-ui-dist/package.json'));
  for (const [name, type] of Object.entries(FILES)) {
    let reading: Promise<Buffer> | undefined;
    fastify.get(`/docs/${name}`, async (_request, reply) => {
      reading ??= readFile(path.join(folder, name)).finally(() => (reading = undefined));
      return reply.type(type).send(await reading);
    });
  }
}

/** Functions of zlib that compress a buffer once, for @fastify/compress. */
export function compressingOnce(): object {
  return { brotliCompressSync: once(brotliCompressSync), gzipSync: once(gzipSync) };
}

function once<Options>(
  compress: (body: Buffer, options: Options) => Buffer,
): (body: Buffer, options: Options) => Buffer {
  const compressed = new WeakMap<Buffer, Buffer>();
  return (body, options) => {
    const known = compressed.get(body);
    if (known !== undefined) return known;
    const made = compress(body, options);
    compressed.set(body, made);
    return made;
  };
}
