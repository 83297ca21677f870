import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { JwtService } from '@nestjs/jwt';
import { exportJWK, importJWK, jwtVerify, SignJWT } from 'jose';
import { newId } from '../../src/common/ids';
import type { Installation } from '../../src/database/installation';
import { ACCESS_TOKEN } from '../../src/public/auth/access-token';
import { AccessTokenGuard } from '../../src/public/auth/access-token.guard';
import { AccessTokenStrategy } from '../../src/public/auth/access-token.strategy';
import { KnownTokens } from '../../src/public/auth/known-tokens';
import { accessTokens } from '../lib/tokens';
import type { Way } from '../lib/ways';

/** More than are remembered: taken in turns, each has been forgotten when it comes again. */
const FORGOTTEN = 6000;
const KNOWN = 200;

/** The application's guard, with tokens that it knows and with such that it has to check. The first is the usual case. */
export async function guardWays(
  app: INestApplicationContext,
  installation: Installation,
): Promise<readonly Way[]> {
  const known = app.get(KnownTokens, { strict: false });
  const guard = new AccessTokenGuard(
    app.get(Reflector),
    known,
    app.get(AccessTokenStrategy, { strict: false }),
  );
  let checked = 0;
  const tokens = await accessTokens(installation, Array.from({ length: KNOWN + FORGOTTEN }, newId));
  const passes = async (token: string) => {
    const request = { headers: { authorization: `Bearer ${token}` } };
    const context = new ExecutionContextHost([request, {}], Object, () => undefined); // no route that is @Open()
    if (!(await guard.canActivate(context))) throw new Error('a good token is refused');
  };
  return [
    { name: 'guard, token remembered', work: (i) => passes(tokens[i % KNOWN]!) }, // there are more
    {
      name: 'guard, token checked by passport and jsonwebtoken',
      work: () => passes(tokens[KNOWN + (checked++ % FORGOTTEN)]!), // there are as many
    },
  ];
}

interface Keys {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** Signature, expiry and issuer by each library with keys of each kind. The first is what the strategy uses. */
export async function libraryWays(): Promise<readonly Way[]> {
  const secret = createSecretKey(randomBytes(32));
  const keys = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    HS256: { privateKey: secret, publicKey: secret },
  };
  return [
    await byJsonwebtoken('ES256', keys.ES256),
    await byJsonwebtoken('RS256', keys.RS256),
    await byJsonwebtoken('HS256', keys.HS256),
    await byJose('ES256', keys.ES256),
    await byJose('EdDSA', keys.EdDSA), // jsonwebtoken does not know it
    await byJose('RS256', keys.RS256),
    await byJose('HS256', keys.HS256),
  ];
}

async function byJsonwebtoken(algorithm: 'ES256' | 'RS256' | 'HS256', keys: Keys): Promise<Way> {
  const jwt = new JwtService();
  const token = await signed(algorithm, keys);
  const how = { algorithms: [algorithm], issuer: ACCESS_TOKEN.issuer, publicKey: keys.publicKey as never }; // as in the strategy
  return {
    name: `jsonwebtoken ${algorithm}`,
    work: () => jwt.verify<object>(token, algorithm === 'HS256' ? { ...how, secret: how.publicKey } : how),
  };
}

async function byJose(algorithm: string, keys: Keys): Promise<Way> {
  const token = await signed(algorithm, keys);
  const key = await importJWK(await exportJWK(keys.publicKey), algorithm);
  const how = { algorithms: [algorithm], issuer: ACCESS_TOKEN.issuer };
  return { name: `jose ${algorithm}`, work: () => jwtVerify(token, key, how) };
}

async function signed(algorithm: string, { privateKey }: Keys): Promise<string> {
  return new SignJWT({ sid: newId(), typ: ACCESS_TOKEN.type, shop_id: newId() })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: newId() })
    .setSubject(newId())
    .setIssuer(ACCESS_TOKEN.issuer)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importJWK(await exportJWK(privateKey), algorithm));
}
