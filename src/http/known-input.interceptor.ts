import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { ValidationFailed } from '../common/common.errors';
import { IDEMPOTENCY_KEY, TAKES_KEY } from '../common/idempotency-key';
import { TAGGED } from './entity-tag';
import { TAKES_IF_MATCH } from './precondition';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Refuses what the route would ignore, by name: a client that sends something expects it to be obeyed. */
@Injectable()
export class KnownInputInterceptor implements NestInterceptor {
  private readonly reflector = new Reflector();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    this.checkKey(context, request);
    this.checkConditions(context, request);
    return next.handle();
  }

  /** A repeated GET changes nothing, with or without a key. */
  private checkKey(context: ExecutionContext, { method, headers }: FastifyRequest): void {
    const key = headers[IDEMPOTENCY_KEY];
    if (key === undefined || isRead(method)) return;
    const targets = [context.getHandler(), context.getClass()];
    const isTaken =
      method === 'POST' && this.reflector.getAllAndOverride<boolean | undefined>(TAKES_KEY, targets) === true;
    if (!isTaken) refuse(IDEMPOTENCY_KEY, 'this route does not take the header Idempotency-Key');
    if (typeof key !== 'string' || !KEY.test(key))
      refuse(IDEMPOTENCY_KEY, 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  }

  private checkConditions(context: ExecutionContext, { method, headers }: FastifyRequest): void {
    const has = (mark: string) =>
      this.reflector.get<boolean | undefined>(mark, context.getHandler()) === true;
    if (headers['if-match'] !== undefined && !has(isRead(method) ? TAGGED : TAKES_IF_MATCH))
      refuse('if-match', 'this route does not take the header If-Match');
    if (headers['if-none-match'] !== undefined && !isRead(method))
      refuse('if-none-match', 'only a GET takes the header If-None-Match');
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function refuse(field: string, message: string): never {
  throw new ValidationFailed({ detail: message, errors: [{ field, message }] });
}
