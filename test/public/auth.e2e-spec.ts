import { createHash, createHmac, randomUUID } from 'node:crypto';
import { signingSecret } from '../../src/public/auth/access-token';
import { Secrets } from '../../src/database/secrets';
import type { Answer } from '../support/api';
import { plus, takeCensus } from '../support/census';
import { created, newOwner, newProduct, type Owner, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const APP_SECRET = 'the secret that these tests sign tokens of their own with';
const SIGNING_SECRET = signingSecret(new Secrets(APP_SECRET));
const RIVALS = 20;

const app = useTestApp({ APP_SECRET });

describe('POST /auth/register', () => {
  it('makes an account with a shop and a token that opens it', async () => {
    const email = newEmail();
    const { status, body } = await register({ email, name: 'Ada', shop: { name: 'Ada & Co.' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ user: { email, name: 'Ada' }, tokenType: 'Bearer', expiresIn: 600 });
    expect(body.shop).toMatchObject({ name: 'Ada & Co.', slug: 'ada-co', role: 'owner', status: 'active' });
    expect(body.shops).toEqual([body.shop]);
    expect(claimsOf(body.accessToken)).toMatchObject({ sub: body.user.id, shop_id: body.shop.id });
    expect((await app.api.as(body.accessToken).get('products')).status).toBe(200);
  });

  it('makes an account without a shop and a global token', async () => {
    const { status, body } = await register();
    expect(status).toBe(201);
    expect(body).toMatchObject({ shop: null, shops: [] });
    expect(claimsOf(body.accessToken)).not.toHaveProperty('shop_id');
  });

  it('makes no schema and no role for an account without a shop', async () => {
    const before = await takeCensus(app.database);
    created(await register());
    expect(await takeCensus(app.database)).toEqual(plus(before, { users: 1, refreshTokens: 1 }));
  });

  it('calls an account after its address when it gives no name', async () => {
    const email = newEmail();
    expect((await register({ email })).body.user.name).toBe(email.split('@')[0]);
  });

  it('keeps an e-mail address in lower case', async () => {
    const email = newEmail();
    expect((await register({ email: ` ${email.toUpperCase()} ` })).body.user.email).toBe(email);
  });

  it('refuses an e-mail address that is taken, whatever its case', async () => {
    const email = newEmail();
    created(await register({ email }));
    expect(problemIn(await register({ email: email.toUpperCase() }))).toBe('409 EMAIL_TAKEN');
    expect(problemIn(await register({ email, shop: { name: 'Second' } }))).toBe('409 EMAIL_TAKEN');
  });

  it('makes no account when the slug of its shop is taken', async () => {
    const { shop } = await newOwner(app.api);
    const before = await takeCensus(app.database);
    const email = newEmail();
    const refused = await register({ email, shop: { name: 'Late', slug: shop.slug } });
    expect(problemIn(refused)).toBe('409 SLUG_TAKEN');
    expect(await takeCensus(app.database)).toEqual(before);
    expect((await register({ email, shop: { name: 'Late' } })).status).toBe(201);
  });

  it('lets one of twenty registrations of an address through and leaves nothing of the others', async () => {
    const before = await takeCensus(app.database);
    const email = newEmail();
    const answers = await atOnce(() => register({ email, shop: { name: 'Only one' } }));
    expect(tally(answers)).toEqual({ 201: 1, '409 EMAIL_TAKEN': RIVALS - 1 });
    const one = { users: 1, shops: 1, memberships: 1, tenants: 1, refreshTokens: 1, schemas: 1, roles: 1 };
    expect(await takeCensus(app.database)).toEqual(plus(before, one));
  });

  it('keeps a password as argon2id with 19 MiB, two passes, one lane or more', async () => {
    const { email } = await newOwner(app.api);
    const [user] = await app.database.query<{ password_hash: string }>(
      'SELECT password_hash FROM users WHERE email = $1',
      [email],
    );
    const [, m, t, p] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(user!.password_hash) ?? [];
    expect(Number(m)).toBeGreaterThanOrEqual(19_456);
    expect(Number(t)).toBeGreaterThanOrEqual(2);
    expect(Number(p)).toBeGreaterThanOrEqual(1);
  });

  it('answers with neither the password nor its hash', async () => {
    const { body } = await register();
    expect(JSON.stringify(body)).not.toMatch(new RegExp(`${PASSWORD}|argon2|password`, 'i'));
  });
});

describe('POST /auth/login', () => {
  it('opens the only shop of its user', async () => {
    const { email, shop } = await newOwner(app.api);
    const { status, body } = await login({ email });
    expect(status).toBe(200);
    expect(body.shop).toEqual(shop);
    expect(claimsOf(body.accessToken)).toMatchObject({ shop_id: shop.id });
  });

  it('takes the address in any case', async () => {
    const { email } = await newOwner(app.api);
    expect((await login({ email: email.toUpperCase() })).status).toBe(200);
  });

  it('opens no shop for a user who has two and names none', async () => {
    const { email } = await newOwnerOfTwo();
    const { status, body } = await login({ email });
    expect(status).toBe(200);
    expect(body.shop).toBeNull();
    expect(body.shops).toHaveLength(2);
    expect(claimsOf(body.accessToken)).not.toHaveProperty('shop_id');
  });

  it('opens the shop that a user of two names', async () => {
    const { email, second } = await newOwnerOfTwo();
    const { status, body } = await login({ email, shopId: second.id });
    expect(status).toBe(200);
    expect(body.shop).toEqual(second);
    expect(claimsOf(body.accessToken)).toMatchObject({ shop_id: second.id });
  });

  it("gives the same 404 for another owner's shop and for none", async () => {
    const [{ email }, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const [foreign, missing] = await Promise.all([
      login({ email, shopId: other.shop.id }),
      login({ email, shopId: randomUUID() }),
    ]);
    expect(problemIn(foreign)).toBe('404 SHOP_NOT_FOUND');
    expect(butInstance(foreign)).toEqual(butInstance(missing));
  });

  it('answers an unknown address and a wrong password alike', async () => {
    const { email } = await newOwner(app.api);
    const [wrong, unknown] = await Promise.all([
      login({ email, password: `${PASSWORD}!` }),
      login({ email: newEmail() }),
    ]);
    expect(problemIn(wrong)).toBe('401 INVALID_CREDENTIALS');
    expect(butInstance(wrong)).toEqual(butInstance(unknown));
  });

  it('takes a password as it was typed, spaces included', async () => {
    const email = newEmail();
    created(await register({ email, password: '  spaced out  ' }));
    expect((await login({ email, password: '  spaced out  ' })).status).toBe(200);
    expect((await login({ email, password: 'spaced out' })).status).toBe(401);
  });

  it('says nothing of the shops of a user whose password is wrong', async () => {
    const { email, shop } = await newOwner(app.api);
    const answer = await login({ email, password: 'wrong', shopId: shop.id });
    expect(problemIn(answer)).toBe('401 INVALID_CREDENTIALS');
  });
});

describe('POST /auth/refresh', () => {
  it('trades a token for a pair that works in the same shop', async () => {
    const { refreshToken, shop } = await newOwner(app.api);
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(body.refreshToken).not.toBe(refreshToken);
    expect(claimsOf(body.accessToken)).toMatchObject({ shop_id: shop.id });
    expect((await app.api.as(body.accessToken).get('products')).status).toBe(200);
  });

  it('keeps the shop of a user who has two', async () => {
    const { email, second } = await newOwnerOfTwo();
    const { body } = await login({ email, shopId: second.id });
    const next = await refresh(body.refreshToken);
    expect(next.body.shop.id).toBe(second.id);
    expect((await refresh(next.body.refreshToken)).body.shop.id).toBe(second.id);
  });

  it('keeps a global token global', async () => {
    const { body } = created(await register());
    const next = await refresh(body.refreshToken);
    expect(claimsOf(next.body.accessToken)).not.toHaveProperty('shop_id');
  });

  it('leaves out a shop that the user is no longer a member of', async () => {
    const { refreshToken, user, shop } = await newOwner(app.api);
    await app.database.query('DELETE FROM memberships WHERE user_id = $1 AND shop_id = $2', [
      user.id,
      shop.id,
    ]);
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(body).toMatchObject({ shop: null, shops: [] });
    expect(claimsOf(body.accessToken)).not.toHaveProperty('shop_id');
  });

  it('refuses a token that was used and ends its whole family', async () => {
    const { refreshToken } = await newOwner(app.api);
    const successor = (await refresh(refreshToken)).body.refreshToken as string;
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
    expect(problemIn(await refresh(successor))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('leaves other logins of the user alone when it ends a family', async () => {
    const { email, refreshToken } = await newOwner(app.api);
    const other = (await login({ email })).body.refreshToken as string;
    await refresh(refreshToken);
    await refresh(refreshToken);
    expect((await refresh(other)).status).toBe(200);
  });

  it('accepts one of twenty uses of a token', async () => {
    const { refreshToken } = await newOwner(app.api);
    const answers = await atOnce(() => refresh(refreshToken));
    expect(tally(answers)).toEqual({ 200: 1, '401 REFRESH_TOKEN_INVALID': RIVALS - 1 });
  });

  it('refuses a token that is unknown', async () => {
    expect(problemIn(await refresh('never issued'))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('refuses a token that has expired', async () => {
    const { refreshToken, user } = await newOwner(app.api);
    await app.database.query(
      `UPDATE refresh_tokens SET expires_at = now() - interval '1 second' WHERE user_id = $1`,
      [user.id],
    );
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('refuses an access token', async () => {
    const { accessToken } = await newOwner(app.api);
    expect(problemIn(await refresh(accessToken))).toMatch(/^40[01] /);
  });

  it('has a token only as its SHA-256 in the database', async () => {
    const { refreshToken, user } = await newOwner(app.api);
    const rows = await app.database.query<{ token_hash: string }>(
      'SELECT * FROM refresh_tokens WHERE user_id = $1',
      [user.id],
    );
    expect(rows.map((row) => row.token_hash)).toEqual([
      createHash('sha256').update(refreshToken).digest('hex'),
    ]);
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
  });
});

describe('POST /auth/logout', () => {
  it('ends the refresh token', async () => {
    const { refreshToken } = await newOwner(app.api);
    const answer = await logout(refreshToken);
    expect(answer).toMatchObject({ status: 204, body: undefined });
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('ends the successors of the token too', async () => {
    const { refreshToken } = await newOwner(app.api);
    const successor = (await refresh(refreshToken)).body.refreshToken as string;
    await logout(refreshToken);
    expect(problemIn(await refresh(successor))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('answers the same for a token that is unknown or already ended', async () => {
    const { refreshToken } = await newOwner(app.api);
    expect((await logout('never issued')).status).toBe(204);
    expect((await logout(refreshToken)).status).toBe(204);
    expect((await logout(refreshToken)).status).toBe(204);
  });
});

describe('POST /auth/switch', () => {
  it('gives a token that works in another of my shops and only there', async () => {
    const { api, second } = await newOwnerOfTwo();
    const inFirst = await newProduct(api);
    const { status, body } = await api.post('auth/switch', { shopId: second.id });
    expect(status).toBe(200);
    expect(claimsOf(body.accessToken)).toMatchObject({ shop_id: second.id });
    const inSecond = await newProduct(app.api.as(body.accessToken));
    const { items } = (await app.api.as(body.accessToken).get('products')).body;
    expect(items.map(({ id }: { id: string }) => id)).toEqual([inSecond.id]);
    expect(problemIn(await app.api.as(body.accessToken).get(`products/${inFirst.id}`))).toBe(
      '404 PRODUCT_NOT_FOUND',
    );
  });

  it('works with a global token', async () => {
    const { email, second } = await newOwnerOfTwo();
    const { body } = await login({ email });
    const switched = await app.api.as(body.accessToken).post('auth/switch', { shopId: second.id });
    expect(switched.body.shop).toEqual(second);
  });

  it("gives the same 404 for another owner's shop and for none", async () => {
    const [{ api }, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const [foreign, missing] = await Promise.all([
      api.post('auth/switch', { shopId: other.shop.id }),
      api.post('auth/switch', { shopId: randomUUID() }),
    ]);
    expect(problemIn(foreign)).toBe('404 SHOP_NOT_FOUND');
    expect(butInstance(foreign)).toEqual(butInstance(missing));
  });

  it('needs an access token', async () => {
    const { shop } = await newOwner(app.api);
    expect(problemIn(await app.api.post('auth/switch', { shopId: shop.id }))).toBe('401 UNAUTHENTICATED');
  });
});

describe('GET /me', () => {
  it('shows me, the shop of my token and all my shops', async () => {
    const { api, user, shop, second } = await newOwnerOfTwo();
    const { status, body } = await api.get('me');
    expect(status).toBe(200);
    expect(body).toEqual({ user, shop, shops: [shop, second] });
  });

  it('shows no shop to a global token', async () => {
    const { body } = created(await register());
    const me = await app.api.as(body.accessToken).get('me');
    expect(me).toMatchObject({ status: 200, body: { user: body.user, shop: null, shops: [] } });
  });

  it('refuses the token of an account that is gone', async () => {
    const { body } = created(await register());
    await app.database.query('DELETE FROM users WHERE id = $1', [body.user.id]);
    expect(problemIn(await app.api.as(body.accessToken).get('me'))).toBe('401 UNAUTHENTICATED');
  });
});

describe('an access token', () => {
  let owner: Owner;
  let good: Record<string, unknown>;

  beforeAll(async () => {
    owner = await newOwner(app.api);
    good = { sub: owner.user.id, shop_id: owner.shop.id, typ: 'access', iss: 'stoa', ...validFor(60) };
  });

  it('opens no tenant route when it names no shop', async () => {
    const { body } = created(await register());
    const api = app.api.as(body.accessToken);
    expect(problemIn(await api.get('products'))).toBe('403 TENANT_REQUIRED');
    expect(problemIn(await api.get('orders'))).toBe('403 TENANT_REQUIRED');
  });

  it('opens no shop of another owner, whatever it names', async () => {
    const other = await newOwner(app.api);
    const forged = sign({ ...good, shop_id: other.shop.id });
    expect(problemIn(await app.api.as(forged).get('products'))).toBe('403 NOT_A_MEMBER');
  });

  it('lives for ten minutes and says whose it is', () => {
    const { exp, iat, ...claims } = claimsOf(owner.accessToken);
    expect(exp - iat).toBe(600);
    expect(claims).toEqual({ sub: owner.user.id, shop_id: owner.shop.id, typ: 'access', iss: 'stoa' });
  });

  it('is accepted with claims like these', async () => {
    expect((await app.api.as(sign(good)).get('products')).status).toBe(200);
  });

  it.each(['me', 'shops', 'products', 'orders'])('is needed for GET /%s', async (path) => {
    const answer = await app.api.get(path);
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  const bad: [string, () => string][] = [
    ['garbage', () => 'garbage'],
    ['three dots of garbage', () => 'a.b.c'],
    ['signed with another secret', () => sign(good, { secret: 'another secret' })],
    ['signed with the secret that others are derived from', () => sign(good, { secret: APP_SECRET })],
    ['of alg none', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(good)}.`],
    ['of another algorithm with the right secret', () => sign(good, { alg: 'HS512', hash: 'sha512' })],
    ['tampered with', () => tampered(owner.accessToken, { shop_id: randomUUID() })],
    ['expired', () => sign({ ...good, ...validFor(-1) })],
    ['not valid yet', () => sign({ ...good, nbf: now() + 60 })],
    ['of another issuer', () => sign({ ...good, iss: 'somebody else' })],
    ['of another type', () => sign({ ...good, typ: 'refresh' })],
    ['without a type', () => sign({ ...good, typ: undefined })],
    ['without a user', () => sign({ ...good, sub: undefined })],
    ['of a user that is no id', () => sign({ ...good, sub: "' OR true --" })],
    ['for a shop that is no id', () => sign({ ...good, shop_id: 'public' })],
    ['for a shop that is null', () => sign({ ...good, shop_id: null })],
    ['a refresh token', () => owner.refreshToken],
  ];
  it.each(bad)('is refused when it is %s', async (_, token) => {
    const answer = await app.api.as(token()).get('products');
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it.each(['Basic', 'Token', ''])('is refused with the scheme "%s"', async (scheme) => {
    const answer = await app.api.raw('GET', 'products', undefined, {
      authorization: `${scheme} ${owner.accessToken}`.trim(),
    });
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
  });
});

function newEmail(): string {
  return `${randomUUID()}@example.com`;
}

function register(overrides: object = {}): Promise<Answer> {
  return app.api.post('auth/register', { email: newEmail(), password: PASSWORD, ...overrides });
}

function login(credentials: { email: string; password?: string; shopId?: string }): Promise<Answer> {
  return app.api.post('auth/login', { password: PASSWORD, ...credentials });
}

function refresh(refreshToken: string): Promise<Answer> {
  return app.api.post('auth/refresh', { refreshToken });
}

function logout(refreshToken: string): Promise<Answer> {
  return app.api.post('auth/logout', { refreshToken });
}

async function newOwnerOfTwo() {
  const owner = await newOwner(app.api);
  const { body: second } = created(await owner.api.post('shops', { name: 'Second shop' }));
  return { ...owner, second };
}

function atOnce(call: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: RIVALS }, call));
}

/** How often each outcome came: a status, and the code of an error. */
function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const outcome = answer.status < 400 ? String(answer.status) : problemIn(answer);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

function butInstance({ status, body }: Answer): object {
  return { status, body: { ...body, instance: null } };
}

function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown> & {
    iat: number;
    exp: number;
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function validFor(seconds: number): { iat: number; exp: number } {
  return { iat: now() - 120, exp: now() + seconds };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function sign(claims: object, { secret = SIGNING_SECRET, alg = 'HS256', hash = 'sha256' } = {}): string {
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

function tampered(token: string, changes: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${encode({ ...claimsOf(token), ...changes })}.${signature}`;
}

describe('a refresh under way', () => {
  const refresh = (refreshToken: string) => app.api.post('auth/refresh', { refreshToken });

  it.each(['logout', 'a use of the token before'])(
    'is ended by %s at the same time, with its successor',
    async (what) => {
      for (let i = 0; i < 10; i++) {
        const { refreshToken: first } = await newOwner(app.api);
        const { refreshToken: second } = (await refresh(first)).body;
        const end =
          what === 'logout' ? app.api.post('auth/logout', { refreshToken: second }) : refresh(first);
        const [{ body }] = await Promise.all([refresh(second), end]);
        if (body.refreshToken !== undefined) expect((await refresh(body.refreshToken)).status).toBe(401);
        expect((await refresh(second)).status).toBe(401);
      }
    },
  );
});
