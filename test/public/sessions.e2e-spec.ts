import { createHash } from 'node:crypto';
import type { Answer } from '../support/api';
import { created, newOwner, newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { CACHE_MS, CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { atOnce, claimsOf, RIVALS, tally, usedEarlier } from '../support/tokens';
import { untilRefused } from '../support/until';

const BEYOND_GRACE = 11;

const app = useTestApp({}, { times: CACHE_TIMES });

describe('POST /auth/refresh', () => {
  it('exchanges a token for a pair that works in the same shop', async () => {
    const { refreshToken, shop } = await newOwner(app.api);
    const { status, body } = await refresh(refreshToken);
    expect(status).toBe(200);
    expect(body.refreshToken).not.toBe(refreshToken);
    expect(claimsOf(body.accessToken)).toMatchObject({ shop_id: shop.id });
    expect((await app.api.as(body.accessToken).get('products')).status).toBe(200);
  });

  it('keeps the session and the shop of a user who has two', async () => {
    const owner = await newOwner(app.api);
    const { body: second } = created(await owner.api.post('shops', { name: 'Second shop' }));
    const { body } = await login(owner.email, { shopId: second.id });
    const next = await refresh(body.refreshToken);
    expect(next.body.shop.id).toBe(second.id);
    expect(claimsOf(next.body.accessToken).sid).toBe(claimsOf(body.accessToken).sid);
    expect((await refresh(next.body.refreshToken)).body.shop.id).toBe(second.id);
  });

  it('keeps a global token global', async () => {
    const next = await refresh((await newUser(app.api)).refreshToken);
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

  it('gives the same successor again within ten seconds, with an access token that works', async () => {
    const { refreshToken, user } = await newUser(app.api);
    const first = await refresh(refreshToken);
    await usedEarlier(app.database, user.id, 8);
    const again = await refresh(refreshToken);
    expect(again.status).toBe(200);
    expect(again.body.refreshToken).toBe(first.body.refreshToken);
    expect((await app.api.as(again.body.accessToken).get('me')).status).toBe(200);
    expect((await refresh(again.body.refreshToken)).status).toBe(200);
  });

  it('does not extend the ten seconds on repetition', async () => {
    const { refreshToken, user } = await newUser(app.api);
    await refresh(refreshToken);
    await usedEarlier(app.database, user.id, 8);
    await refresh(refreshToken);
    await usedEarlier(app.database, user.id, 3);
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('gives twenty uses of a token at once the same successor', async () => {
    const { refreshToken, user } = await newUser(app.api);
    const answers = await atOnce(() => refresh(refreshToken));
    expect(tally(answers)).toEqual({ 200: RIVALS });
    expect(new Set(answers.map(({ body }) => body.refreshToken as string)).size).toBe(1);
    expect(await count('refresh_tokens', user.id)).toBe(2);
  });

  it('refuses a token that was used longer ago and ends its session', async () => {
    const { api, refreshToken, user } = await newUser(app.api);
    const successor = (await refresh(refreshToken)).body.refreshToken as string;
    await usedEarlier(app.database, user.id, BEYOND_GRACE);
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
    expect(problemIn(await refresh(successor))).toBe('401 REFRESH_TOKEN_INVALID');
    expect((await untilRefused(() => api.get('me'))).problem).toBe('401 UNAUTHENTICATED');
  });

  it('leaves other logins of the user alone when it ends a session', async () => {
    const { email, refreshToken, user } = await newUser(app.api);
    const other = (await login(email)).body.refreshToken as string;
    await refresh(refreshToken);
    await usedEarlier(app.database, user.id, BEYOND_GRACE);
    await refresh(refreshToken);
    expect((await refresh(other)).status).toBe(200);
  });

  it('refuses a token that is unknown', async () => {
    expect(problemIn(await refresh('never issued'))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('refuses a token that has expired, used or not', async () => {
    const { refreshToken, user } = await newUser(app.api);
    await expire(user.id);
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('refuses an access token', async () => {
    const { accessToken } = await newUser(app.api);
    expect(problemIn(await refresh(accessToken))).toMatch(/^40[01] /);
  });

  it('stores a token and its successor only as SHA-256 in the database', async () => {
    const { refreshToken, user } = await newUser(app.api);
    const successor = (await refresh(refreshToken)).body.refreshToken as string;
    const rows = await app.database.query<{ token_hash: string }>(
      'SELECT * FROM refresh_tokens WHERE user_id = $1 ORDER BY id',
      [user.id],
    );
    expect(rows.map((row) => row.token_hash)).toEqual(
      [refreshToken, successor].map((token) => createHash('sha256').update(token).digest('hex')),
    );
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
    expect(JSON.stringify(rows)).not.toContain(successor);
  });
});

describe('a refresh under way', () => {
  it.each(['logout', 'a late use of the token before'])(
    'is ended by %s at the same time, with its successor',
    async (what) => {
      for (let i = 0; i < 10; i++) {
        const { refreshToken: first, user } = await newUser(app.api);
        const { refreshToken: second } = (await refresh(first)).body;
        await usedEarlier(app.database, user.id, BEYOND_GRACE);
        const end = what === 'logout' ? logout(second) : refresh(first);
        const [{ body }] = await Promise.all([refresh(second), end]);
        if (body.refreshToken !== undefined) expect((await refresh(body.refreshToken)).status).toBe(401);
        expect((await refresh(second)).status).toBe(401);
      }
    },
  );
});

describe('POST /auth/logout', () => {
  it('ends the refresh token', async () => {
    const { refreshToken } = await newUser(app.api);
    expect(await logout(refreshToken)).toMatchObject({ status: 204, body: undefined });
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('ends the successors of the token too', async () => {
    const { refreshToken } = await newUser(app.api);
    const successor = (await refresh(refreshToken)).body.refreshToken as string;
    await logout(refreshToken);
    expect(problemIn(await refresh(successor))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('answers the same for a token that is unknown or already revoked', async () => {
    const { refreshToken } = await newUser(app.api);
    expect((await logout('never issued')).status).toBe(204);
    expect((await logout(refreshToken)).status).toBe(204);
    expect((await logout(refreshToken)).status).toBe(204);
  });
});

describe('a session', () => {
  it('that has ended admits no access token after five seconds, on either side', async () => {
    const { api, refreshToken } = await newOwner(app.api);
    const routes = ['me', 'shops', 'products'];
    for (const route of routes) expect((await api.get(route)).status).toBe(200);
    await logout(refreshToken);
    const ends = await Promise.all(routes.map((route) => untilRefused(() => api.get(route))));
    for (const { problem, ms } of ends) {
      expect(problem).toBe('401 UNAUTHENTICATED');
      expect(ms).toBeLessThan(CACHE_MS + 1000);
    }
  });

  it('that is not cached ends at once', async () => {
    const { api, refreshToken } = await newUser(app.api);
    await logout(refreshToken);
    expect(problemIn(await api.get('me'))).toBe('401 UNAUTHENTICATED');
  });

  it('ends with its user', async () => {
    const { api, user } = await newUser(app.api);
    expect((await api.get('me')).status).toBe(200);
    await app.database.query('DELETE FROM users WHERE id = $1', [user.id]);
    expect((await untilRefused(() => api.get('shops'))).problem).toBe('401 UNAUTHENTICATED');
    expect(await count('sessions', user.id)).toBe(0);
  });

  it('covers a login and all shops it switches to, and ends for all of them', async () => {
    const { api, shop, refreshToken, accessToken, user } = await newOwner(app.api);
    const { body } = await api.post('auth/switch', { shopId: shop.id, refreshToken });
    expect(claimsOf(body.accessToken).sid).toBe(claimsOf(accessToken).sid);
    expect(await count('sessions', user.id)).toBe(1);
    await logout(body.refreshToken);
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
    expect((await untilRefused(() => api.get('me'))).problem).toBe('401 UNAUTHENTICATED');
  });

  it('is one chain: a switch consumes its refresh token, and a later use of that token ends the session', async () => {
    const { api, shop, refreshToken, user } = await newOwner(app.api);
    const { body } = await api.post('auth/switch', { shopId: shop.id, refreshToken });
    await usedEarlier(app.database, user.id, 11);
    expect(problemIn(await api.post('auth/switch', { shopId: shop.id, refreshToken }))).toBe(
      '401 REFRESH_TOKEN_INVALID',
    );
    expect(problemIn(await refresh(body.refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
  });

  it('issues no tokens for another shop for an access token alone, or with the refresh token of another user', async () => {
    const { api, shop } = await newOwner(app.api);
    const other = await newUser(app.api);
    for (const refreshToken of ['unknown', other.refreshToken])
      expect(problemIn(await api.post('auth/switch', { shopId: shop.id, refreshToken }))).toBe(
        '401 REFRESH_TOKEN_INVALID',
      );
    expect(problemIn(await api.post('auth/switch', { shopId: shop.id }))).toBe('400 VALIDATION_FAILED');
    expect((await refresh(other.refreshToken)).status).toBe(200); // it was not consumed
  });

  it('that has ended issues no tokens for another shop, even while its access token is still admitted', async () => {
    const { api, shop, refreshToken } = await newOwner(app.api);
    expect((await api.get('me')).status).toBe(200); // cached from here on
    await logout(refreshToken);
    expect(problemIn(await api.post('auth/switch', { shopId: shop.id, refreshToken }))).toBe(
      '401 REFRESH_TOKEN_INVALID',
    );
  });

  it('is deleted at the next login once all its tokens have expired', async () => {
    const { email, user } = await newUser(app.api);
    await login(email);
    await expire(user.id);
    expect((await login(email)).status).toBe(200);
    expect(await count('sessions', user.id)).toBe(1);
    expect(await count('refresh_tokens', user.id)).toBe(1);
  });

  it('deletes its expired tokens even if it continues without a login', async () => {
    const { refreshToken, user } = await newUser(app.api);
    const { body } = await refresh(refreshToken);
    await app.database.query(
      `UPDATE refresh_tokens SET expires_at = now() WHERE user_id = $1 AND used_at IS NOT NULL`,
      [user.id],
    );
    expect((await refresh(body.refreshToken)).status).toBe(200);
    expect(await count('refresh_tokens', user.id)).toBe(2);
  });

  it('keeps its valid tokens when expired ones are deleted', async () => {
    const { email, user, refreshToken } = await newUser(app.api);
    const { body } = await refresh(refreshToken);
    await app.database.query(
      `UPDATE refresh_tokens SET expires_at = now() WHERE user_id = $1 AND used_at IS NOT NULL`,
      [user.id],
    );
    await login(email);
    expect(await count('refresh_tokens', user.id)).toBe(2);
    expect((await refresh(body.refreshToken)).status).toBe(200);
  });
});

function refresh(refreshToken: string): Promise<Answer> {
  return app.api.post('auth/refresh', { refreshToken });
}

function logout(refreshToken: string): Promise<Answer> {
  return app.api.post('auth/logout', { refreshToken });
}

function login(email: string, more: object = {}): Promise<Answer> {
  return app.api.post('auth/login', { email, password: PASSWORD, ...more });
}

async function expire(userId: string): Promise<void> {
  await app.database.query(
    `UPDATE refresh_tokens SET expires_at = now() - interval '1 second' WHERE user_id = $1`,
    [userId],
  );
}

async function count(table: 'sessions' | 'refresh_tokens', userId: string): Promise<number> {
  const [row] = await app.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${table} WHERE user_id = $1`,
    [userId],
  );
  return row!.count; // an aggregate always has a row
}
