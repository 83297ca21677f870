import { newOwner, newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { CACHE_MS, CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { atOnce, claimsOf, tally } from '../support/tokens';
import { untilRefused } from '../support/until';
import type { Api } from '../support/api';

const NEW_PASSWORD = 'staple battery horse';

const app = useTestApp({}, { times: CACHE_TIMES });

const change = (api: Api, passwords: object = {}) =>
  api.post('auth/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, ...passwords });
const login = (email: string, password: string) => app.api.post('auth/login', { email, password });
const refresh = (refreshToken: string) => app.api.post('auth/refresh', { refreshToken });

describe('POST /auth/password', () => {
  it('changes the password', async () => {
    const { api, email } = await newUser(app.api);
    expect((await change(api)).status).toBe(200);
    expect(problemIn(await login(email, PASSWORD))).toBe('401 INVALID_CREDENTIALS');
    expect((await login(email, NEW_PASSWORD)).status).toBe(200);
  });

  it('answers with a new session in the same shop', async () => {
    const { api, shop, accessToken } = await newOwner(app.api);
    const { body } = await change(api);
    expect(body.shop).toEqual(shop);
    expect(claimsOf(body.accessToken).sid).not.toBe(claimsOf(accessToken).sid);
    expect((await app.api.as(body.accessToken).get('products')).status).toBe(200);
    expect((await refresh(body.refreshToken)).status).toBe(200);
  });

  it('ends every other session, and the access tokens of all within five seconds', async () => {
    const { api, email, refreshToken } = await newUser(app.api);
    const other = (await login(email, PASSWORD)).body;
    const others = app.api.as(other.accessToken);
    for (const client of [api, others]) expect((await client.get('me')).status).toBe(200);
    await change(api);
    expect(problemIn(await refresh(refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
    expect(problemIn(await refresh(other.refreshToken))).toBe('401 REFRESH_TOKEN_INVALID');
    for (const { problem, ms } of await Promise.all(
      [api, others].map((client) => untilRefused(() => client.get('me'))),
    )) {
      expect(problem).toBe('401 UNAUTHENTICATED');
      expect(ms).toBeLessThan(CACHE_MS + 1000);
    }
  });

  it('refuses a wrong current password and changes nothing', async () => {
    const { api, email, refreshToken } = await newUser(app.api);
    expect(problemIn(await change(api, { currentPassword: 'wrong' }))).toBe('401 INVALID_CREDENTIALS');
    expect((await login(email, PASSWORD)).status).toBe(200);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('refuses a new password that is too short', async () => {
    const { api } = await newUser(app.api);
    expect(problemIn(await change(api, { newPassword: 'short' }))).toBe('400 VALIDATION_FAILED');
  });

  it('needs an access token with a live session', async () => {
    const { api, refreshToken } = await newUser(app.api);
    expect(problemIn(await change(app.api))).toBe('401 UNAUTHENTICATED');
    expect((await api.get('me')).status).toBe(200); // cached from here on
    await app.api.post('auth/logout', { refreshToken });
    expect(problemIn(await change(api))).toBe('401 UNAUTHENTICATED');
  });

  it('accepts one of twenty concurrent changes', async () => {
    const { api } = await newUser(app.api);
    const counts = tally(await atOnce(() => change(api)));
    expect(counts['200']).toBe(1);
    expect(Object.keys(counts).filter((outcome) => !/^(200|401 )/.test(outcome))).toEqual([]);
  });

  it('leaves no session of the old password that is opened during the change', async () => {
    for (let i = 0; i < 5; i++) {
      const { api, email } = await newUser(app.api);
      const [changed, ...logins] = await Promise.all([
        change(api),
        ...Array.from({ length: 6 }, () => login(email, PASSWORD)),
      ]);
      expect(changed.status).toBe(200);
      for (const { body } of logins)
        if (body.refreshToken !== undefined) expect((await refresh(body.refreshToken)).status).toBe(401);
    }
  });
});
