import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/api';
import { plus, takeCensus } from '../support/census';
import { created, newOwner, newProduct, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { atOnce, claimsOf, RIVALS, tally } from '../support/tokens';

const app = useTestApp();

describe('POST /auth/register', () => {
  it('creates an account with a shop and a token for it', async () => {
    const email = newEmail();
    const { status, body } = await register({ email, name: 'Ada', shop: { name: 'Ada & Co.' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ user: { email, name: 'Ada' }, tokenType: 'Bearer', expiresIn: 600 });
    expect(body.shop).toMatchObject({ name: 'Ada & Co.', slug: 'ada-co', role: 'owner', status: 'active' });
    expect(body.shops).toEqual([body.shop]);
    expect(claimsOf(body.accessToken)).toMatchObject({ sub: body.user.id, shop_id: body.shop.id });
    expect((await app.api.as(body.accessToken).get('products')).status).toBe(200);
  });

  it('creates an account without a shop and a global token', async () => {
    const { status, body } = await register();
    expect(status).toBe(201);
    expect(body).toMatchObject({ shop: null, shops: [] });
    expect(claimsOf(body.accessToken)).not.toHaveProperty('shop_id');
  });

  it('creates no schema and no role for an account without a shop', async () => {
    const before = await takeCensus(app.database);
    created(await register());
    expect(await takeCensus(app.database)).toEqual(plus(before, { users: 1, sessions: 1, refreshTokens: 1 }));
  });

  it('names an account after its address if it gives no name', async () => {
    const email = newEmail();
    expect((await register({ email })).body.user.name).toBe(email.split('@')[0]);
  });

  it('stores an e-mail address in lower case', async () => {
    const email = newEmail();
    expect((await register({ email: ` ${email.toUpperCase()} ` })).body.user.email).toBe(email);
  });

  it('refuses an e-mail address that is taken, whatever its case', async () => {
    const email = newEmail();
    created(await register({ email }));
    expect(problemIn(await register({ email: email.toUpperCase() }))).toBe('409 EMAIL_TAKEN');
    expect(problemIn(await register({ email, shop: { name: 'Second' } }))).toBe('409 EMAIL_TAKEN');
  });

  it('creates no account if the slug of its shop is taken', async () => {
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
    const rows = { users: 1, shops: 1, memberships: 1, tenants: 1, sessions: 1, refreshTokens: 1 };
    const one = { ...rows, schemas: 1, roles: 1 };
    expect(await takeCensus(app.database)).toEqual(plus(before, one));
  });

  it('stores a password as argon2id with 19 MiB, two passes, one lane or more', async () => {
    process.env['TEST_PASSWORDS'] = 'real'; // test/cheap-passwords.cjs
    const { email } = await newOwner(app.api);
    delete process.env['TEST_PASSWORDS'];
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

  it('accepts the address in any case', async () => {
    const { email } = await newOwner(app.api);
    expect((await login({ email: email.toUpperCase() })).status).toBe(200);
  });

  it('opens the shop that its user joined first, whoever adds them to another', async () => {
    const { email, shop } = await newOwnerOfTwo();
    const stranger = await newOwner(app.api);
    created(await stranger.api.post(`shops/${stranger.shop.id}/members`, { email, role: 'staff' }));
    const { status, body } = await login({ email });
    expect(status).toBe(200);
    expect(body.shop).toEqual(shop);
    expect(body.shops).toHaveLength(3);
    expect(claimsOf(body.accessToken)).toMatchObject({ shop_id: shop.id });
  });

  it('opens the shop named by a user with two shops', async () => {
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

  it('uses a password exactly as typed, spaces included', async () => {
    const email = newEmail();
    created(await register({ email, password: '  spaced out  ' }));
    expect((await login({ email, password: '  spaced out  ' })).status).toBe(200);
    expect((await login({ email, password: 'spaced out' })).status).toBe(401);
  });

  it('reveals nothing about the shops of a user if the password is wrong', async () => {
    const { email, shop } = await newOwner(app.api);
    const answer = await login({ email, password: 'wrong', shopId: shop.id });
    expect(problemIn(answer)).toBe('401 INVALID_CREDENTIALS');
  });
});

describe('POST /auth/switch', () => {
  it('issues a token that works in another of my shops and only there', async () => {
    const { api, second, refreshToken } = await newOwnerOfTwo();
    const inFirst = await newProduct(api);
    const { status, body } = await api.post('auth/switch', { shopId: second.id, refreshToken });
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
    const { accessToken, refreshToken } = body;
    const switched = await app.api.as(accessToken).post('auth/switch', { shopId: second.id, refreshToken });
    expect(switched.body.shop).toEqual(second);
  });

  it("gives the same 404 for another owner's shop and for none", async () => {
    const [{ api, refreshToken }, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const [foreign, missing] = await Promise.all([
      api.post('auth/switch', { shopId: other.shop.id, refreshToken }),
      api.post('auth/switch', { shopId: randomUUID(), refreshToken }),
    ]);
    expect(problemIn(foreign)).toBe('404 SHOP_NOT_FOUND');
    expect(butInstance(foreign)).toEqual(butInstance(missing));
  });

  it('needs an access token', async () => {
    const { shop, refreshToken } = await newOwner(app.api);
    const answer = await app.api.post('auth/switch', { shopId: shop.id, refreshToken });
    expect(problemIn(answer)).toBe('401 UNAUTHENTICATED');
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

function newEmail(): string {
  return `${randomUUID()}@example.com`;
}

function register(overrides: object = {}): Promise<Answer> {
  return app.api.post('auth/register', { email: newEmail(), password: PASSWORD, ...overrides });
}

function login(credentials: { email: string; password?: string; shopId?: string }): Promise<Answer> {
  return app.api.post('auth/login', { password: PASSWORD, ...credentials });
}

async function newOwnerOfTwo() {
  const owner = await newOwner(app.api);
  const { body: second } = created(await owner.api.post('shops', { name: 'Second shop' }));
  return { ...owner, second };
}

function butInstance({ status, body }: Answer): object {
  return { status, body: { ...body, instance: null } };
}
