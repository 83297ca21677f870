import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { invalidField, invalidFields } from '../common/common.errors';
import { IDEMPOTENCY_KEY, TAKES_KEY } from '../common/idempotency-key';
import { isStream, sendsBody } from './bodies';
import { TAGGED } from './entity-tag';
import { TAKES_IF_MATCH } from './precondition';
import { unknownField } from './validation';

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Refuses what the route would ignore, by name: a client that sends something expects it to be obeyed. A guard and no interceptor,
 * because one interceptor sends every answer through RxJS, which makes lists a sixth slower (docs/performance.md).
 */
@Injectable()
export class KnownInputGuard implements CanActivate {
  private readonly reflector = new Reflector();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    checkQuery(context, request);
    checkBody(context, request);
    this.checkKey(context, request);
    this.checkConditions(context, request);
    return true;
  }

  /** A repeated GET changes nothing, with or without a key. */
  private checkKey(context: ExecutionContext, { method, headers }: FastifyRequest): void {
    const key = headers[IDEMPOTENCY_KEY];
    if (key === undefined || isRead(method)) return;
    const targets = [context.getHandler(), context.getClass()];
    const isTaken =
      method === 'POST' && this.reflector.getAllAndOverride<boolean | undefined>(TAKES_KEY, targets) === true;
    if (!isTaken) throw invalidField(IDEMPOTENCY_KEY, 'this route does not take the header Idempotency-Key');
    if (typeof key !== 'string' || !KEY.test(key))
      throw invalidField(IDEMPOTENCY_KEY, 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  }

  private checkConditions(context: ExecutionContext, { method, headers }: FastifyRequest): void {
    const has = (mark: string) =>
      this.reflector.get<boolean | undefined>(mark, context.getHandler()) === true;
    if (headers['if-match'] !== undefined && !has(isRead(method) ? TAGGED : TAKES_IF_MATCH))
      throw invalidField('if-match', 'this route does not take the header If-Match');
    if (headers['if-none-match'] !== undefined && !isRead(method))
      throw invalidField('if-none-match', 'only a GET takes the header If-None-Match');
  }
}

function checkQuery(context: ExecutionContext, { query }: FastifyRequest): void {
  const names = Object.keys(query as object);
  if (names.length > 0 && !takes(context, RouteParamtypes.QUERY)) refuseAll(names);
}

/** The body of a GET is not parsed, so only its presence is known. An empty object asks for nothing. */
function checkBody(context: ExecutionContext, request: FastifyRequest): void {
  const { method, body } = request;
  if (isRead(method) && sendsBody(request)) throw invalidField('body', 'this route takes no body');
  if (body === undefined || isStream(body) || takes(context, RouteParamtypes.BODY)) return;
  const names = Object.keys(body as object);
  if (names.length > 0) refuseAll(names);
}

/**
 * True if a parameter of the route's method is the query or the body: its class knows the fields, and validation refuses
 * others. Nest keeps that in metadata that it calls internal; a test walks all routes.
 */
function takes(context: ExecutionContext, type: RouteParamtypes): boolean {
  const parameters = Reflect.getMetadata(
    ROUTE_ARGS_METADATA,
    context.getClass(),
    context.getHandler().name,
  ) as object | undefined;
  return Object.keys(parameters ?? {}).some((key) => key.startsWith(`${type}:`));
}

function refuseAll(names: readonly string[]): never {
  throw invalidFields(names.map((field) => ({ field, message: unknownField(field) })));
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
