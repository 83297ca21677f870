import { createParamDecorator, type ExecutionContext, SetMetadata, UseInterceptors } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { EntityManager } from 'typeorm';
import { TAKES_KEY } from '../common/idempotency-key';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import type { KeyedWork, KeyPlace } from './keyed-work';
import type { TenantRequest } from './tenant';

/** OpenAPI extension that marks routes of the public side that take an Idempotency-Key. */
export const WITH_KEY = 'x-idempotency-key';

/** The transaction of a route of the public side that takes an Idempotency-Key. */
export class KeyedTransaction {
  constructor(private readonly keyed: KeyedWork | undefined) {}

  /**
   * Reads and writes in one transaction; the route must answer with what `work` returns.
   * @param scope what the key is for besides the route: the shop, if neither path nor place names it
   * @throws the error of the work; as KeyedWork.once for a request with a key
   */
  run<T>(place: KeyPlace, work: (manager: EntityManager) => Promise<T>, scope?: string): Promise<T> {
    return this.keyed === undefined ? place.transaction(work) : this.keyed.once(place, work, scope);
  }
}

const FromRequest = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    new KeyedTransaction(context.switchToHttp().getRequest<TenantRequest>().keyedWork),
);

/**
 * Injects the transaction of a POST of the public side, which thereby takes an Idempotency-Key. Its service must write with
 * that and nothing else. A shop's routes take keys by themselves.
 */
export function Keyed(): ParameterDecorator {
  return (target, name, index) => {
    const method = name!; // a parameter of a method
    const descriptor = Object.getOwnPropertyDescriptor(target, method)!;
    FromRequest()(target, method, index);
    SetMetadata(TAKES_KEY, true)(target, method, descriptor);
    UseInterceptors(IdempotencyInterceptor)(target, method, descriptor);
    ApiExtension(WITH_KEY, true)(target, method, descriptor);
  };
}
