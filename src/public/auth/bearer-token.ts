import type { FastifyRequest } from 'fastify';

/** RFC 6750. Nothing follows the token, and only spaces precede it: other texts would name one token in ever new ways. */
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/** Returns the token in `Authorization`, if the header has the form of one; the token itself is not checked. */
export function bearerTokenOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  return BEARER.exec(headers.authorization ?? '')?.[1];
}
