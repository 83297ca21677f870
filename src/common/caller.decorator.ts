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
  const { id, ip } = context.switchToHttp().getRequest<FastifyRequest>();
  return { requestId: id, address: ip };
});
