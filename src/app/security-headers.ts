import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

const SELF = "'self'";
const NONE = ["'none'"];

/** Policy for data: a browser that renders it as a page loads nothing and shows it in no frame. */
const DATA = { defaultSrc: NONE, frameAncestors: NONE };
/** Policy for Swagger's page, which has its own scripts and styles, inline styles, and images inside styles. */
const PAGE = {
  defaultSrc: NONE,
  scriptSrc: [SELF],
  styleSrc: [SELF, "'unsafe-inline'"],
  imgSrc: [SELF, 'data:'],
  connectSrc: [SELF],
  baseUri: NONE,
  formAction: NONE,
  frameAncestors: NONE,
};
/** Headers for answers that Fastify sends without running hooks, such as to malformed requests. */
export const BARE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
const IS_PAGE = /^\/docs(?:[/?]|$)/;
const IS_API = /^\/(?:api|operator)\//;

/** Adds headers that tell browsers and caches what they may do with an answer, errors included. */
export async function protectAnswers(fastify: FastifyInstance): Promise<void> {
  await fastify.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: DATA } });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (IS_API.test(request.url)) void reply.header('cache-control', 'no-store');
    if (IS_PAGE.test(request.url))
      reply.helmet({ contentSecurityPolicy: { useDefaults: false, directives: PAGE } });
    done();
  });
}
