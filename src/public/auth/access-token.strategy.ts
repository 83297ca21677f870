import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { Unauthenticated } from '../../common/common.errors';
import { isId, newId } from '../../common/ids';
import { AccessDirectory } from '../../tenancy/access-directory';
import type { Principal } from '../../tenancy/tenant';
import { ACCESS_TOKEN, type AccessClaims } from './access-token';
import { bearerTokenOf } from './bearer-token';
import { KeyRing } from './key-ring';
import { KnownTokens } from './known-tokens';

/** Thrown if the keys cannot be read, for example because the database is down; the token is not at fault. */
export class KeysUnavailable extends Error {}

/**
 * Accepts `Authorization: Bearer …` with a token of ours: checks key, signature, expiry, issuer and type, and that its
 * session is live.
 */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy) {
  /**
   * Name in passport, unique because passport keeps strategies per process: two applications in one process would check
   * tokens with the keys and sessions of the later one. Passport also accepts the strategy itself in place of a name, but
   * then concurrent requests share it, and one gets the other's user.
   */
  readonly id = `access token ${newId()}`;

  constructor(
    keys: KeyRing,
    private readonly access: AccessDirectory,
    private readonly known: KnownTokens,
  ) {
    super({
      jwtFromRequest: (request: FastifyRequest) => bearerTokenOf(request) ?? null,
      secretOrKeyProvider: keyProvider(keys),
      algorithms: [ACCESS_TOKEN.algorithm],
      issuer: ACCESS_TOKEN.issuer,
      passReqToCallback: true,
    });
    passport.use(this.id, this);
  }

  async validate(request: FastifyRequest, payload: Partial<AccessClaims>): Promise<Principal | false> {
    const { typ, sub, sid, shop_id, exp } = payload;
    if (typ !== ACCESS_TOKEN.type || !isId(sub) || !isId(sid)) return false;
    if (shop_id !== undefined && !isId(shop_id)) return false;
    const principal = { userId: sub, sessionId: sid, shopId: shop_id ?? null };
    if (!(await this.access.isLive(principal))) return false;
    const token = bearerTokenOf(request) ?? '';
    const kid = kidOf(token);
    if (kid !== undefined && exp !== undefined) this.known.add(token, { principal, kid, expiresAt: exp });
    return principal;
  }
}

function keyProvider(keys: KeyRing): SecretOrKeyProvider {
  return (_request, token: string, done) => {
    const kid = kidOf(token);
    if (kid === undefined) return done(new Unauthenticated());
    keys.find(kid).then(
      // jsonwebtoken accepts a KeyObject; its types do not.
      (key: KeyObject | undefined) => (key ? done(null, key as never) : done(new Unauthenticated())),
      (error: unknown) => done(new KeysUnavailable('the keys cannot be read', { cause: error })),
    );
  };
}

/** Returns `kid` of the token's header, if it can be read. */
function kidOf(token: string): string | undefined {
  const [header = ''] = token.split('.');
  try {
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: unknown };
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined; // not JSON, so not a header of ours
  }
}
