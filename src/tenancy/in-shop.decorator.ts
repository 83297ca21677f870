import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { TenantRequired } from './tenancy.errors';
import type { TenantAccess, TenantRequest } from './tenant';

/**
 * Route parameter with the user and shop of the request, for tenant routes that read rows of `public` about their shop.
 * The shop's own data is reached through TenantConnection.
 * @throws TenantRequired outside a TenantController: there is no default shop
 */
export const InShop = createParamDecorator((_: unknown, context: ExecutionContext): TenantAccess => {
  const { tenant } = context.switchToHttp().getRequest<TenantRequest>();
  if (tenant === undefined) throw new TenantRequired();
  return tenant;
});
