import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { ProblemFilter } from '../../src/http/problem.filter';
import type { Answer } from '../support/api';
import { created, newOwner, newUser, type Owner, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { untilRefused } from '../support/until';
import { claimsOf, encode, es256, headerOf, signingKey, tokenOf } from '../support/tokens';

/** Everything of an answer but what differs from request to request. */
function partsOf({ status, headers, body }: Answer): object {
  const own = ['date', 'x-request-id'];
  const { instance, ...rest } = (typeof body === 'string' ? JSON.parse(body) : body) as { instance: string };
  expect(headers.get('x-request-id')).toBe(instance);
  return { status, headers: [...headers].filter(([name]) => !own.includes(name)), body: rest };
}

const APP_SECRET = 'the secret that these tests open the signing keys with';

const app = useTestApp({ APP_SECRET });

describe('an access token', () => {
  let owner: Owner;
  let kid: string;
  let key: KeyObject;
  let good: Record<string, unknown>;

  const sign = (claims: object, header: object = {}, by: KeyObject = key) =>
    tokenOf({ alg: 'ES256', typ: 'JWT', kid, ...header }, claims, es256(by));
  const hmac = (secret: string | Buffer) => (text: string) =>
    createHmac('sha256', secret).update(text).digest('base64url');
  const hs256 = (secret: string | Buffer) => tokenOf({ alg: 'HS256', typ: 'JWT', kid }, good, hmac(secret));
  const publicKey = () => createPublicKey(key);

  beforeAll(async () => {
    owner = await newOwner(app.api);
    ({ kid, key } = await signingKey(app.database, APP_SECRET));
    const ids = { sub: owner.user.id, sid: claimsOf(owner.accessToken).sid, shop_id: owner.shop.id };
    good = { ...ids, typ: 'access', iss: 'stoa', ...validFor(60) };
  });

  it('gives no access to tenant routes if it names no shop', async () => {
    const { api } = await newUser(app.api);
    expect(problemIn(await api.get('products'))).toBe('403 TENANT_REQUIRED');
    expect(problemIn(await api.get('orders'))).toBe('403 TENANT_REQUIRED');
    expect((await api.get('orders')).body.title).toContain('auth/switch');
  });

  it('gives no access to a shop of another owner, whatever it names', async () => {
    const other = await newOwner(app.api);
    const forged = sign({ ...good, shop_id: other.shop.id });
    expect(problemIn(await app.api.as(forged).get('products'))).toBe('403 NOT_A_MEMBER');
  });

  it('is valid for ten minutes and names its user and its issuer', () => {
    const { exp, iat, ...claims } = claimsOf(owner.accessToken);
    expect(exp - iat).toBe(600);
    expect(claims).toEqual({
      ...{ sub: owner.user.id, sid: good['sid'], shop_id: owner.shop.id, typ: 'access', iss: 'stoa' },
    });
    expect(headerOf(owner.accessToken)).toEqual({ alg: 'ES256', typ: 'JWT', kid });
  });

  it('is accepted with claims like these', async () => {
    expect((await app.api.as(sign(good)).get('products')).status).toBe(200);
  });

  it('is accepted from the next key, with which instances that rotate earlier sign', async () => {
    const next = await signingKey(app.database, APP_SECRET, 'next');
    const early = sign(good, { kid: next.kid }, next.key);
    expect((await app.api.as(early).get('products')).status).toBe(200);
  });

  it('is refused once it has expired, although it was accepted before', async () => {
    const api = app.api.as(sign({ ...good, ...validFor(2) }));
    expect((await api.get('products')).status).toBe(200);
    const { problem } = await untilRefused(() => api.get('products'));
    expect(problem).toBe('401 UNAUTHENTICATED');
  });

  it('is checked in every part, although a similar one was accepted before', async () => {
    const token = sign(good);
    expect((await app.api.as(token).get('products')).status).toBe(200);
    const [header, , signature] = token.split('.');
    const other = await newOwner(app.api);
    const forged = `${header}.${encode({ ...good, shop_id: other.shop.id })}.${signature}`;
    expect(problemIn(await app.api.as(forged).get('products'))).toBe('401 UNAUTHENTICATED');
    expect(problemIn(await app.api.as(`${token}x`).get('products'))).toBe('401 UNAUTHENTICATED');
  });

  it.each(['me', 'shops', 'products', 'orders'])('is required for GET /%s', async (path) => {
    const answer = await app.api.get(path);
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bad: [string, () => string | Promise<string>][] = [
    ['garbage', () => 'garbage'],
    ['three dots of garbage', () => 'a.b.c'],
    ['with null for a header', () => `${Buffer.from('null').toString('base64url')}.${encode(good)}.x`],
    ['signed with another key under our kid', () => sign(good, {}, stranger.privateKey)],
    ['signed with a key that it brings along', () => sign(good, broughtAlong(), stranger.privateKey)],
    ['of an unknown kid', () => sign(good, { kid: randomUUID() })],
    ['of a kid that is no text', () => sign(good, { kid: { toString: 'x' } })],
    ['of a kid that every object has', () => sign(good, { kid: '__proto__' })],
    ['without a kid', () => sign(good, { kid: undefined })],
    ['of another kid of ours', async () => sign(good, { kid: (await nextKey()).kid })],
    ['of alg none', () => `${encode({ alg: 'none', typ: 'JWT', kid })}.${encode(good)}.`],
    ['of alg none with a signature', () => sign(good, { alg: 'none' })],
    ['HS256 with the public key as PEM', () => hs256(publicKey().export({ format: 'pem', type: 'spki' }))],
    ['HS256 with the public key as DER', () => hs256(publicKey().export({ format: 'der', type: 'spki' }))],
    ['HS256 with the public JWK', () => hs256(JSON.stringify(publicKey().export({ format: 'jwk' })))],
    ['HS256 with the secret that keys are derived from', () => hs256(APP_SECRET)],
    ['HS256 with an empty secret', () => hs256('')],
    ['ES384 by its header', () => sign(good, { alg: 'ES384' })],
    ['signed in DER form', () => derSigned()],
    ['tampered with', () => tampered(owner.accessToken, { shop_id: randomUUID() })],
    ['expired', () => sign({ ...good, ...validFor(-1) })],
    ['not valid yet', () => sign({ ...good, nbf: now() + 60 })],
    ['of another issuer', () => sign({ ...good, iss: 'somebody else' })],
    ['without an issuer', () => sign({ ...good, iss: undefined })],
    ['of another type', () => sign({ ...good, typ: 'refresh' })],
    ['without a type', () => sign({ ...good, typ: undefined })],
    ['without a user', () => sign({ ...good, sub: undefined })],
    ['of a user that is no id', () => sign({ ...good, sub: "' OR true --" })],
    ['without a session', () => sign({ ...good, sid: undefined })],
    ['of a session that is no id', () => sign({ ...good, sid: 'x' })],
    ['of a session that nobody has', () => sign({ ...good, sid: randomUUID() })],
    ['of the session of somebody else', async () => sign({ ...good, sid: await sessionOfAnother() })],
    ['for a shop that is no id', () => sign({ ...good, shop_id: 'public' })],
    ['for a shop that is null', () => sign({ ...good, shop_id: null })],
    ['a refresh token', () => owner.refreshToken],
  ];
  it.each(bad)('is refused when it is %s', async (_, token) => {
    const answer = await app.api.as(await token()).get('products');
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it.each(['Basic', 'Token', ''])('is refused with the scheme "%s"', async (scheme) => {
    const answer = await app.api.raw('GET', 'products', undefined, {
      authorization: `${scheme} ${owner.accessToken}`.trim(),
    });
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
  });

  it.each(['', 'garbage', 'Basic x'])(
    'is required with one answer, for the first request without it by Nest, then before: "%s"',
    async (authorization) => {
      const byNest = jest.spyOn(ProblemFilter.prototype, 'catch');
      const routes = { '': 'orders', garbage: 'customers', 'Basic x': 'settings' };
      const answers: Answer[] = [];
      for (let i = 0; i < 3; i++)
        answers.push(
          await app.api.raw('GET', routes[authorization as keyof typeof routes], undefined, {
            authorization,
          }),
        );
      expect(byNest.mock.calls.length).toBeLessThanOrEqual(1); // another test may have been the first
      byNest.mockRestore();
      expect(answers.map(problemIn)).toEqual(Array(3).fill('401 UNAUTHENTICATED'));
      expect(partsOf(answers[1]!)).toEqual(partsOf(answers[0]!));
    },
  );

  it('is not asked for where there is no route, which Nest is not either', async () => {
    const byNest = jest.spyOn(ProblemFilter.prototype, 'catch');
    const answers = [await app.api.get('nothing'), await owner.api.post('nothing', {})];
    expect(answers.map(problemIn)).toEqual(Array(2).fill('404 ROUTE_NOT_FOUND'));
    expect(byNest).not.toHaveBeenCalled();
    byNest.mockRestore();
    expect(answers[0]!.headers.get('x-request-id')).toBe(answers[0]!.body.instance);
    expect(answers[0]!.headers.get('cache-control')).toBe('no-store');
  });

  it.each(['Bearer \t', 'Bearer\t', 'Bearer \t '])('is refused behind "%s"', async (start) => {
    const authorization = start + owner.accessToken;
    expect(problemIn(await app.api.raw('GET', 'products', undefined, { authorization }))).toBe(
      '401 UNAUTHENTICATED',
    );
  });

  it('is refused with text behind it, and accepted behind spaces and any case of the scheme', async () => {
    const statuses: number[] = [];
    for (const authorization of [
      `Bearer ${owner.accessToken} x`,
      `Bearer   ${owner.accessToken}`,
      `bEARER ${owner.accessToken}`,
    ])
      statuses.push((await app.api.raw('GET', 'products', undefined, { authorization })).status);
    expect(statuses).toEqual([401, 200, 200]);
  });

  it('is never mistaken for that of a concurrent request, valid or invalid', async () => {
    const others = await Promise.all([newUser(app.api), newUser(app.api)]);
    const asked = Array.from({ length: 60 }, async (_, i) => {
      const user = others[i % 3];
      const answer = await (user?.api ?? app.api.as(sign(validFor(-60)))).get('me');
      return [answer.status, answer.body.user?.id, user === undefined ? 401 : 200, user?.id];
    });
    for (const [status, id, expectedStatus, expectedId] of await Promise.all(asked))
      expect([status, id]).toEqual([expectedStatus, expectedId]);
  });

  const nextKey = () => signingKey(app.database, APP_SECRET, 'next');
  const broughtAlong = () => ({ jwk: stranger.publicKey.export({ format: 'jwk' }), kid: undefined });

  function derSigned(): string {
    const [header, claims, signature] = sign(good).split('.');
    const raw = Buffer.from(signature!, 'base64url');
    const integer = (part: Buffer) => Buffer.concat([Buffer.from([2, part.length + 1, 0]), part]);
    const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
    const der = Buffer.concat([Buffer.from([0x30, body.length]), body]);
    return `${header}.${claims}.${der.toString('base64url')}`;
  }

  async function sessionOfAnother(): Promise<string> {
    const { body } = created(
      await app.api.post('auth/register', { email: `${randomUUID()}@example.com`, password: PASSWORD }),
    );
    await app.api.as(body.accessToken).get('me'); // cached as live, for its own user
    return claimsOf(body.accessToken).sid;
  }
});

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function validFor(seconds: number): { iat: number; exp: number } {
  return { iat: now() - 120, exp: now() + seconds };
}

function tampered(token: string, changes: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${encode({ ...claimsOf(token), ...changes })}.${signature}`;
}
