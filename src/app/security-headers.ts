import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

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

/**
 * Adds headers that tell browsers and caches what they may do with an answer, errors included. Helmet names them once: its plugin for
 * Fastify makes them anew for each request, in two hooks that are awaited.
 */
export function protectAnswers(fastify: FastifyInstance): void {
  const [ofData, ofPage] = [headersOf(DATA), headersOf(PAGE)];
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(IS_PAGE.test(request.url) ? ofPage : ofData);
    if (IS_API.test(request.url)) void reply.header('cache-control', 'no-store');
    done();
  });
}

function headersOf(directives: Record<string, string[]>): OutgoingHttpHeaders {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet({ contentSecurityPolicy: { useDefaults: false, directives } })(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return response.getHeaders();
}
