import type { FastifyInstance } from 'fastify';

/** Request headers that a browser may send besides those that it always may. */
const ALLOWED = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'prefer',
  'x-request-id',
];
/** Answer headers that scripts may read besides those that they always may. */
const EXPOSED = [
  'content-disposition',
  'etag',
  'idempotency-replayed',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-quota-warning',
  'x-request-id',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'];
/** Seconds for which a browser keeps the answer to a preflight request. */
const MAX_AGE = 600;

/**
 * Lets scripts of pages of these origins call the API and read its answers. No credentials: the API has no cookies, and
 * a script sends its token itself. Without origins nothing is loaded and browsers refuse such scripts.
 */
export async function allowOrigins(fastify: FastifyInstance, origins: string[] = []): Promise<void> {
  if (origins.length === 0) return;
  const { default: cors } = await import('@fastify/cors');
  await fastify.register(cors, {
    origin: origins,
    methods: METHODS,
    allowedHeaders: ALLOWED,
    exposedHeaders: EXPOSED,
    maxAge: MAX_AGE,
    strictPreflight: false, // its refusal is no problem document
  });
}
