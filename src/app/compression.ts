import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';
import { compressingOnce, isAnyFile, isFixed } from './fixed-answers';

/** Shorter answers fit into one packet either way. */
const THRESHOLD_BYTES = 1024;
/** Quality 4 takes as long as gzip; with a window of 256 KiB a download in progress holds 1.6 MB, by default 13. */
const BROTLI = { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 18 };

/**
 * Answers with tokens are never compressed: their length would depend on how much of a token equals text that an attacker
 * makes the same answer contain (BREACH, CVE-2013-3587). All routes that return secrets are below these paths.
 */
const SECRETS = /^\/(?:api\/v1\/auth|operator)\//;

/** Compresses answers, downloads included, as the client accepts it. Call before routes are added. */
export async function compressAnswers(fastify: FastifyInstance): Promise<void> {
  const options = {
    encodings: ['br', 'gzip'] as ('br' | 'gzip')[],
    threshold: THRESHOLD_BYTES,
    brotliOptions: { params: BROTLI },
  };
  const fixed = { ...options, syncThreshold: Infinity, zlib: compressingOnce() };
  fastify.addHook('onRoute', (route) => {
    if (SECRETS.test(route.url) || isAnyFile(route.url)) route.compress = false;
    if (isFixed(route.url)) route.compress = fixed;
  });
  await fastify.register(compress, {
    ...options,
    globalDecompression: false, // compressed bodies are refused: src/http/bodies.ts
  });
  // Fastify adds a HEAD route to each GET and drops the body first. It must have the headers of GET, so drop it last.
  fastify.addHook('onRoute', (route) => {
    if (route.method === 'HEAD' && Array.isArray(route.onSend))
      route.onSend = [...route.onSend.slice(-1), ...route.onSend.slice(0, -1)];
  });
}
