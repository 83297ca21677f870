import { isIP } from 'node:net';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Origin of a request, for audit entries and rate limits. */
export interface Caller {
  /** Id of the request, also in the log and in the answer's `x-request-id`. */
  requestId: string;
  /** IP address of the client; behind a proxy only with TRUST_PROXY. */
  address: string;
}

/** Injects the caller into a route method, for services that audit or limit requests. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { id, ip, socket } = context.switchToHttp().getRequest<FastifyRequest>();
  // Not an address, if a proxy writes something else into X-Forwarded-For: each value would have limits of its own.
  return { requestId: id, address: isIP(ip) === 0 ? (socket.remoteAddress ?? 'unknown') : ip };
});
