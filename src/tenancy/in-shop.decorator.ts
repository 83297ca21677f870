import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { TenantRequired } from './tenancy.errors';
import type { TenantAccess, TenantRequest } from './tenant';

/**
 * Who works in which shop, as a parameter of a route: for tenant routes that read what is written of their shop
 * in `public`. What the shop itself owns is reached by TenantConnection.
 * @throws TenantRequired outside a TenantController: never a default
 */
export const InShop = createParamDecorator((_: unknown, context: ExecutionContext): TenantAccess => {
  const { tenant } = context.switchToHttp().getRequest<TenantRequest>();
  if (tenant === undefined) throw new TenantRequired();
  return tenant;
});
