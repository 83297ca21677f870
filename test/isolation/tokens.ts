import { generateKeyPairSync } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { JwtService } from '@nestjs/jwt';
import type { AccessClaims } from '../../src/public/auth/access-token';
import { KeyRing } from '../../src/public/auth/key-ring';

/** Tokens that must be refused. Their claims are those of a valid token, except where a field says otherwise. */
export interface BadTokens {
  /** Signed with the right key, expired a minute ago. */
  expired: string;
  /** Signed with the right key, with another issuer. */
  foreignIssuer: string;
  /** Signed with another key. */
  forged: string;
  /** Declares the algorithm `none` and has no signature. */
  unsigned: string;
}

/**
 * The only place of the kit that knows how access tokens are signed.
 * @param good a valid token, whose claims the others repeat, session included
 */
export async function badTokens(app: NestFastifyApplication, good: string): Promise<BadTokens> {
  const { sub, sid, shop_id, typ } = claimsOf(good) as AccessClaims;
  const claims = { sub, sid, shop_id, typ };
  const jwt = app.get(JwtService, { strict: false });
  const { kid: keyid, privateKey } = await app.get(KeyRing, { strict: false }).current();
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return {
    expired: jwt.sign(claims, { keyid, privateKey, expiresIn: -60 }),
    foreignIssuer: jwt.sign(claims, { keyid, privateKey, issuer: 'somebody else' }),
    forged: jwt.sign(claims, { keyid, privateKey: other }),
    unsigned: `${base64({ alg: 'none', typ: 'JWT', kid: keyid })}.${good.split('.')[1]}.`,
  };
}

/** Claims of a token, without a check of the signature. */
export function claimsOf(token: string): Partial<AccessClaims> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Partial<AccessClaims>;
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
