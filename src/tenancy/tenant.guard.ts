import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { neededFeature } from './features';
import { neededRole, requireRole } from './member-role';
import { type Additions, additionsOf, QUOTA_WARNING, Quotas } from './quotas';
import { requireSize } from './request-size';
import { TenantRequired } from './tenancy.errors';
import type { TenantAccess, TenantRequest } from './tenant';
import { AccessDirectory } from './access-directory';
import { RequestLimits } from './request-limits';

/**
 * Admits a request to the shop that its access token names, if its user is still a member with a role that may do this, the
 * shop has the feature and requests left, and the request is not too large for it.
 */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(
    private readonly directory: AccessDirectory,
    private readonly requestLimits: RequestLimits,
    private readonly quotas: Quotas,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<TenantRequest>();
    const { user } = request; // set by the access token guard, which is global and runs first
    if (user?.shopId === undefined || user.shopId === null) throw new TenantRequired();
    const access = await this.directory.enter(user.userId, user.shopId);
    request.tenant = access; // before anything is refused: the metrics name the plan
    this.requestLimits.count(access, (headers) => void http.getResponse<FastifyReply>().headers(headers));
    requireRole(access.memberRole, neededRole(context));
    requireSize(request, access.allowance);
    const feature = neededFeature(context);
    if (feature !== undefined) await this.directory.requireFeature(access, feature);
    const additions = additionsOf(context);
    if (additions !== undefined) await this.warn(context, access, additions);
    return true;
  }

  /** Says in the answer how much of its quotas the shop has used, when that is much. @throws QuotaExceeded, FilesUnavailable */
  private async warn(context: ExecutionContext, access: TenantAccess, additions: Additions): Promise<void> {
    const warning = await this.quotas.requireRoom(access, additions);
    if (warning !== '')
      void context.switchToHttp().getResponse<FastifyReply>().header(QUOTA_WARNING, warning);
  }
}
