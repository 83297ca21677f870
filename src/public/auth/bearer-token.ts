import type { FastifyRequest } from 'fastify';

/** RFC 6750. Nothing follows the token, and only spaces precede it: other texts would name one token in ever new ways. */
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/** Returns the token in `Authorization`, if the header has the form of one; the token itself is not checked. */
export function bearerTokenOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  return BEARER.exec(headers.authorization ?? '')?.[1];
}

interface RouteMarks {
  needsToken?: boolean;
}

/** Marks the route of a request as one that needs a token. */
export function markNeedsToken({ routeOptions }: FastifyRequest): void {
  (routeOptions.config as RouteMarks).needsToken = true;
}

/** True if the request lacks a token, and its route is known to need one. */
export function lacksToken(request: FastifyRequest): boolean {
  return (
    (request.routeOptions.config as RouteMarks).needsToken === true && bearerTokenOf(request) === undefined
  );
}
