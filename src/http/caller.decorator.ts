import { isIP } from 'node:net';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Where a request comes from, for what is written down or limited by it. */
export interface Caller {
  /** As in the log and in the answer's `x-request-id`. */
  requestId: string;
  /** IP address of the client; behind a proxy only with TRUST_PROXY. */
  address: string;
}

/** The caller of a route, handed on to services that record or limit what they do. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { id, ip, socket } = context.switchToHttp().getRequest<FastifyRequest>();
  // A proxy that writes something else into X-Forwarded-For would give each connection limits of its own.
  return { requestId: id, address: isIP(ip) === 0 ? (socket.remoteAddress ?? 'unknown') : ip };
});
