import { type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Unauthenticated } from '../../common/common.errors';
import type { TenantRequest } from '../../tenancy/tenant';
import { AccessTokenStrategy, KeysUnavailable } from './access-token.strategy';
import { bearerTokenOf, markNeedsToken } from './bearer-token';
import { KnownTokens } from './known-tokens';

const OPEN = 'stoa:open';

/** Marks a route that needs no access token. */
export const Open = () => SetMetadata(OPEN, true);

/** Requires an access token on every route of the application except those marked `@Open()`. */
@Injectable()
export class AccessTokenGuard extends AuthGuard() {
  constructor(
    private readonly reflector: Reflector,
    private readonly known: KnownTokens,
    strategy: AccessTokenStrategy,
  ) {
    super({ defaultStrategy: strategy.id });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(OPEN, targets)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & TenantRequest>();
    const token = bearerTokenOf(request);
    if (token === undefined) {
      markNeedsToken(request); // the next such request gets no further than early-refusals.ts
      throw new Unauthenticated();
    }
    const principal = await this.known.find(token);
    if (principal === undefined) return super.canActivate(context) as Promise<boolean>; // declared for all kinds of guards
    request.user = principal;
    return true;
  }

  override handleRequest<T>(error: unknown, user: T | false | null | undefined, info: unknown): T {
    if (error !== null && error !== undefined) throw error;
    if (info instanceof KeysUnavailable) throw info.cause;
    if (user === false || user === null || user === undefined) throw new Unauthenticated();
    return user;
  }
}
