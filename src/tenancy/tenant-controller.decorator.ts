import {
  applyDecorators,
  Controller,
  RequestMethod,
  SetMetadata,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/internal';
import { ApiBearerAuth, ApiExtension, ApiTags } from '@nestjs/swagger';
import { TAKES_KEY } from '../common/idempotency-key';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { TenantGuard } from './tenant.guard';

/** OpenAPI extension that marks tenant routes. */
export const TENANT_ROUTE = 'x-tenant-route';

/**
 * Controller whose routes all work inside the shop of the access token. Use it instead of `@Controller`. Each POST takes an
 * Idempotency-Key, unless its `@Route` says otherwise.
 */
export function TenantController(path: string): ClassDecorator {
  return applyDecorators(
    Controller(path),
    UseGuards(TenantGuard),
    SetMetadata(TAKES_KEY, true),
    keyedPosts,
    ApiTags(path),
    ApiBearerAuth(),
    ApiExtension(TENANT_ROUTE, true),
  );
}

/**
 * Only the routes that take a key have the interceptor: with one, Nest sends each answer through RxJS. A route with `@Keyed` has
 * it already.
 */
const keyedPosts: ClassDecorator = ({ prototype }) => {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype as object)))
    if (typeof descriptor.value === 'function' && isKeyedPost(descriptor.value as object))
      UseInterceptors(IdempotencyInterceptor)(prototype as object, name, descriptor);
};

function isKeyedPost(handler: object): boolean {
  const isPost = Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.POST;
  return isPost && Reflect.getMetadata(TAKES_KEY, handler) === undefined;
}
