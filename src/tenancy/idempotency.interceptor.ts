import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, type Observable, of, tap, throwError } from 'rxjs';
import { IDEMPOTENCY_KEY, type KeyedRequest } from '../common/idempotency-key';
import { KeyedWork, StoredAnswer } from './keyed-work';
import type { TenantRequest } from './tenant';

/**
 * Gives a POST with an Idempotency-Key to its TenantConnection or KeyedTransaction as keyed work, and sends the stored answer of
 * a repetition. Routes that take no key have refused it.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & KeyedRequest & TenantRequest>();
    const key = request.headers[IDEMPOTENCY_KEY];
    if (typeof key !== 'string' || request.method !== 'POST') return next.handle();
    const reply = http.getResponse<FastifyReply>();
    const work = new KeyedWork(request, {
      key,
      userId: request.user!.userId, // no open route takes a key
      target: `POST ${request.url}`,
      get status() {
        return reply.statusCode; // a route may choose another one for its answer
      },
    });
    request.keyedWork = work;
    return next.handle().pipe(
      tap((answer) => work.assertAnswer(answer)),
      catchError((error: unknown) => {
        if (!(error instanceof StoredAnswer)) return throwError(() => error);
        void reply.status(error.status).header('idempotency-replayed', 'true');
        if (error.body === null) return of(undefined);
        void reply.header('content-type', 'application/json; charset=utf-8');
        return of(error.body);
      }),
    );
  }
}
