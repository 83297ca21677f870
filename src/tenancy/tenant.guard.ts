import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { TenantRequired } from './tenancy.errors';
import type { TenantRequest } from './tenant';
import { AccessDirectory } from './access-directory';

/** Admits a request to the shop that its access token names, if its user is still a member. */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(private readonly directory: AccessDirectory) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<TenantRequest>();
    const { user } = request; // set by the access token guard, which is global and runs first
    if (user?.shopId === undefined || user.shopId === null) throw new TenantRequired();
    request.tenant = await this.directory.enter(user.userId, user.shopId);
    return true;
  }
}
