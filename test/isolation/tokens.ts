import { randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { JwtService } from '@nestjs/jwt';
import type { AccessClaims } from '../../src/public/auth/access-token';

/** What somebody without the key, or with an old token, can send. All of them say what a good token says. */
export interface BadTokens {
  /** Signed with the right key, and ended a minute ago. */
  expired: string;
  /** Signed with the right key, by somebody else's name. */
  foreignIssuer: string;
  /** Signed with another key. */
  forged: string;
  /** Says that it needs no signature. */
  unsigned: string;
}

/** The only place of the kit that knows how access tokens are signed. */
export function badTokens(app: NestFastifyApplication, userId: string, shopId: string): BadTokens {
  const claims: AccessClaims = { sub: userId, shop_id: shopId, typ: 'access' };
  const jwt = app.get(JwtService, { strict: false });
  const good = jwt.sign(claims);
  const [, payload] = good.split('.');
  return {
    expired: jwt.sign(claims, { expiresIn: -60 }),
    foreignIssuer: jwt.sign(claims, { issuer: 'somebody else' }),
    forged: new JwtService({ secret: randomBytes(32).toString('hex') }).sign(claims, { issuer: 'stoa' }),
    unsigned: `${base64({ alg: 'none', typ: 'JWT' })}.${payload}.`,
  };
}

/** What a token says, unchecked. */
export function claimsOf(token: string): Partial<AccessClaims> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Partial<AccessClaims>;
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
