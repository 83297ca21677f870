import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { PreconditionFailed } from '../common/common.errors';
import { isMatch, tagOf } from './entity-tag';

/** Metadata of a route that takes If-Match. */
export const TAKES_IF_MATCH = 'stoa:takes-if-match';

/** OpenAPI parameter. */
export const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description: 'The `ETag` of what you have seen: 412 if it has changed since.',
  schema: { type: 'string' as const, example: '"0pVJmDVmXyQbPQhIFhSPYg"' },
};

/** The If-Match of a request. A service checks it inside the transaction, after it has locked the resource. */
export class Precondition {
  constructor(private readonly header: string | undefined) {}

  /**
   * @param read gives the resource, read under the lock, as its GET shows it; not called if the request has no If-Match
   * @throws PreconditionFailed when the client has seen another version
   */
  async check(read: () => Promise<object>): Promise<void> {
    if (this.header === undefined) return;
    if (!isMatch(this.header, tagOf(JSON.stringify(await read())))) throw new PreconditionFailed();
  }
}

const FromRequest = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    new Precondition(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);

/** Injects the precondition of a request and documents its header. Routes without it refuse the header. */
export function IfMatch(): ParameterDecorator {
  return (target, name, index) => {
    const method = name!; // a parameter of a method
    const descriptor = Object.getOwnPropertyDescriptor(target, method)!;
    FromRequest()(target, method, index);
    SetMetadata(TAKES_IF_MATCH, true)(target, method, descriptor);
    ApiHeader(IF_MATCH)(target, method, descriptor);
  };
}
