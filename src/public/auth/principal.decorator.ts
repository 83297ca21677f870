import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Unauthenticated } from '../../common/common.errors';
import type { Principal, TenantRequest } from '../../tenancy/tenant';

/** Injects the signed-in user of the request, as named by the access token. */
export const SignedIn = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { user } = context.switchToHttp().getRequest<TenantRequest>();
  if (user === undefined) throw new Unauthenticated();
  return user;
});
