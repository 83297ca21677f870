import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/api';
import { created, newOwner, newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { usedEarlier } from '../support/tokens';

const app = useTestApp({ LOGIN_ATTEMPTS_PER_ACCOUNT: '2' });
const address = '127.0.0.1';

/** Returns the entries of a request, in order. */
function entriesOf({ headers }: Answer): Promise<object[]> {
  return app.database.query(
    `SELECT action, actor_id AS "actorId", shop_id AS "shopId", details FROM audit_log
     WHERE request_id = $1 ORDER BY id`,
    [headers.get('x-request-id')],
  );
}

const login = (email: string, password = PASSWORD) => app.api.post('auth/login', { email, password });

describe('the audit log', () => {
  it('records a sign-up without a shop as a login', async () => {
    const email = `${randomUUID()}@example.com`;
    const answer = created(await app.api.post('auth/register', { email, password: PASSWORD }));
    expect(await entriesOf(answer)).toEqual([
      { action: 'login.succeeded', actorId: answer.body.user.id, shopId: null, details: { address } },
    ]);
  });

  it('records a sign-up with a shop as both', async () => {
    const email = `${randomUUID()}@example.com`;
    const shop = { name: 'Tea House' };
    const answer = created(await app.api.post('auth/register', { email, password: PASSWORD, shop }));
    const { user, shop: made } = answer.body;
    expect(await entriesOf(answer)).toEqual([
      { action: 'shop.created', actorId: user.id, shopId: made.id, details: { address } },
      { action: 'login.succeeded', actorId: user.id, shopId: made.id, details: { address } },
    ]);
  });

  it('records nothing of a sign-up that is refused', async () => {
    const { email, shop } = await newOwner(app.api);
    const taken = await app.api.post('auth/register', { email, password: PASSWORD });
    const late = await app.api.post('auth/register', {
      email: `${randomUUID()}@example.com`,
      password: PASSWORD,
      shop: { name: 'Late', slug: shop.slug },
    });
    expect([await entriesOf(taken), await entriesOf(late)]).toEqual([[], []]);
  });

  it('records a shop that is created later', async () => {
    const { api, user } = await newUser(app.api);
    const answer = created(await api.post('shops', { name: 'Second shop' }));
    expect(await entriesOf(answer)).toEqual([
      { action: 'shop.created', actorId: user.id, shopId: answer.body.id, details: { address } },
    ]);
  });

  it('records a login with the shop that it opens', async () => {
    const { email, user, shop } = await newOwner(app.api);
    expect(await entriesOf(await login(email))).toEqual([
      { action: 'login.succeeded', actorId: user.id, shopId: shop.id, details: { address } },
    ]);
  });

  it('records a wrong password for the user, and an unknown address without a user', async () => {
    const { email, user } = await newUser(app.api);
    expect(await entriesOf(await login(email, 'wrong'))).toEqual([
      {
        ...{ action: 'login.refused', actorId: user.id, shopId: null },
        details: { address, reason: 'wrong password' },
      },
    ]);
    expect(await entriesOf(await login(`${randomUUID()}@example.com`))).toEqual([
      {
        ...{ action: 'login.refused', actorId: null, shopId: null },
        details: { address, reason: 'unknown address' },
      },
    ]);
  });

  it('records nothing of an attempt beyond the limit', async () => {
    const { email } = await newUser(app.api);
    for (let i = 0; i < 2; i++) await login(email, 'wrong');
    const answer = await login(email);
    expect(problemIn(answer)).toBe('429 TOO_MANY_ATTEMPTS');
    expect(await entriesOf(answer)).toEqual([]);
  });

  it('records the reuse of a refresh token once', async () => {
    const { refreshToken, user, shop } = await newOwner(app.api);
    const refresh = () => app.api.post('auth/refresh', { refreshToken });
    expect(await entriesOf(await refresh())).toEqual([]);
    await usedEarlier(app.database, user.id, 11);
    expect(await entriesOf(await refresh())).toEqual([
      { action: 'token.reused', actorId: user.id, shopId: shop.id, details: { address } },
    ]);
    expect(await entriesOf(await refresh())).toEqual([]);
  });

  it('records a change of password, and a refused one', async () => {
    const { api, user } = await newUser(app.api);
    const change = (currentPassword: string) =>
      api.post('auth/password', { currentPassword, newPassword: 'staple battery' });
    expect(await entriesOf(await change('wrong'))).toMatchObject([
      { action: 'login.refused', actorId: user.id, details: { reason: 'wrong current password' } },
    ]);
    expect(await entriesOf(await change(PASSWORD))).toEqual([
      { action: 'password.changed', actorId: user.id, shopId: null, details: { address } },
    ]);
  });
});
