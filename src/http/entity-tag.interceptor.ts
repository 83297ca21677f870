import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { PreconditionFailed } from '../common/common.errors';
import { isMatch, isNoneMatch, tagOf } from './entity-tag';

/** Gives the answers of a route an ETag, and answers a GET of what the client has with 304. */
@Injectable()
export class EntityTagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method, headers } = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer: unknown) => {
        const json = typeof answer === 'string' ? answer : JSON.stringify(answer); // a replayed answer is a text
        const tag = tagOf(json);
        const isRead = method === 'GET' || method === 'HEAD';
        if (isRead && headers['if-match'] !== undefined && !isMatch(headers['if-match'], tag))
          throw new PreconditionFailed();
        void reply.header('etag', tag);
        if (isRead && headers['if-none-match'] !== undefined && !isNoneMatch(headers['if-none-match'], tag)) {
          void reply.status(304);
          return undefined;
        }
        void reply.header('content-type', 'application/json; charset=utf-8');
        return json;
      }),
    );
  }
}
