import { type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { Unauthenticated } from '../../common/common.errors';
import { AccessTokenStrategy, KeysUnavailable } from './access-token.strategy';

const OPEN = 'stoa:open';

/** A route that needs no access token. */
export const Open = () => SetMetadata(OPEN, true);

/** Guards every route of the application but those marked `@Open()`. */
@Injectable()
export class AccessTokenGuard extends AuthGuard() {
  constructor(
    private readonly reflector: Reflector,
    strategy: AccessTokenStrategy,
  ) {
    super({ defaultStrategy: strategy.id });
  }

  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<boolean>(OPEN, targets) ? true : super.canActivate(context);
  }

  override handleRequest<T>(error: unknown, user: T | false | null | undefined, info: unknown): T {
    if (error !== null && error !== undefined) throw error;
    if (info instanceof KeysUnavailable) throw info.cause;
    if (user === false || user === null || user === undefined) throw new Unauthenticated();
    return user;
  }
}
