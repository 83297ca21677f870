import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

const SELF = "'self'";
const NONE = ["'none'"];

/** An answer is data: a browser that shows it as a page loads nothing and is shown in no frame. */
const DATA = { defaultSrc: NONE, frameAncestors: NONE };
/** Swagger's page has scripts and styles of its own, styles in its text, and images in its styles. */
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
/** For answers that Fastify gives without its hooks: to what is no request of ours, or none at all. */
export const BARE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
const IS_PAGE = /^\/docs(?:[/?]|$)/;
const IS_API = /^\/api\//;

/** Says to browsers and caches what they may do with an answer, errors included. */
export async function protectAnswers(fastify: FastifyInstance): Promise<void> {
  await fastify.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: DATA } });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (IS_API.test(request.url)) void reply.header('cache-control', 'no-store');
    if (IS_PAGE.test(request.url))
      reply.helmet({ contentSecurityPolicy: { useDefaults: false, directives: PAGE } });
    done();
  });
}
