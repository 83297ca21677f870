import { type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Unauthenticated } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { INSTALLATION } from '../../database/database.module';
import type { Installation } from '../../database/installation';
import type { Principal } from '../../tenancy/tenant';
import { ACCESS_TOKEN, type AccessClaims, signingSecret } from './access-token';

const OPEN = 'stoa:open';

/** A route that needs no access token. */
export const Open = () => SetMetadata(OPEN, true);

/** Accepts `Authorization: Bearer …` with a token of ours: signature, expiry, issuer and type. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(INSTALLATION) installation: Installation) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: signingSecret(installation.secrets),
      algorithms: [ACCESS_TOKEN.algorithm],
      issuer: ACCESS_TOKEN.issuer,
    });
  }

  validate(claims: Partial<AccessClaims>): Principal | false {
    if (claims.typ !== ACCESS_TOKEN.type || !isId(claims.sub)) return false;
    if (claims.shop_id !== undefined && !isId(claims.shop_id)) return false;
    return { userId: claims.sub, shopId: claims.shop_id ?? null };
  }
}

/** Guards every route of the application but those marked `@Open()`. */
@Injectable()
export class AccessTokenGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override canActivate(
    context: ExecutionContext,
  ): ReturnType<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']> {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<boolean>(OPEN, targets) ? true : super.canActivate(context);
  }

  override handleRequest<T>(error: unknown, user: T | false | undefined): T {
    if (error !== null && error !== undefined) throw error;
    if (user === false || user === undefined) throw new Unauthenticated();
    return user;
  }
}
