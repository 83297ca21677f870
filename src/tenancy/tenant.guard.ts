import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { neededFeature, requireFeature } from './features';
import { neededRole, requireRole } from './member-role';
import { requireSize } from './request-size';
import { TenantRequired } from './tenancy.errors';
import type { TenantRequest } from './tenant';
import { AccessDirectory } from './access-directory';

/**
 * Admits a request to the shop that its access token names, if its user is still a member with a role that may do this, the
 * shop has the feature, and the request is not too large for it.
 */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(private readonly directory: AccessDirectory) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<TenantRequest>();
    const { user } = request; // set by the access token guard, which is global and runs first
    if (user?.shopId === undefined || user.shopId === null) throw new TenantRequired();
    const access = await this.directory.enter(user.userId, user.shopId);
    requireRole(access.memberRole, neededRole(context));
    requireSize(request, access.allowance);
    const feature = neededFeature(context);
    if (feature !== undefined) requireFeature(access.allowance, feature);
    request.tenant = access;
    return true;
  }
}
