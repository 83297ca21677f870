import { newOwner } from '../support/factories';
import {
  codeOf,
  newAccount,
  newOperator,
  OPERATOR_PASSWORD,
  signIn,
  useOperators,
} from '../support/operators';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({ LOGIN_ATTEMPTS_PER_ACCOUNT: '5', LOGIN_ATTEMPTS_PER_ADDRESS: '1000' });
const operators = useOperators(app);

const login = (email: string, password = OPERATOR_PASSWORD, code?: string) =>
  operators.api.post('auth/login', { email, password, ...(code === undefined ? {} : { code }) });

/** Waits while a step of TOTP is about to end: the codes of a test belong to one step. */
const untilStepBegins = () =>
  until(
    () => Promise.resolve(Date.now() % 30_000),
    (ms) => ms < 22_000,
  );

describe('POST /operator/v1/auth/login', () => {
  it('opens a session, which ends by logout', async () => {
    const { email } = await newAccount(app, 'viewer');
    const { status, body } = await login(email.toUpperCase());
    expect([status, body.pending, body.operator.email]).toEqual([200, null, email]);
    const api = operators.api.as(body.token);
    expect((await api.get('me')).body.operator).toMatchObject({ email, role: 'viewer', hasTotp: false });
    expect((await api.post('auth/logout')).status).toBe(204);
    expect(problemIn(await api.get('me'))).toBe('401 UNAUTHENTICATED');
  });

  it('says the same of an unknown address, a wrong password and a disabled account', async () => {
    const viewer = await newAccount(app, 'viewer');
    const disabled = await newAccount(app, 'viewer');
    const { api } = await newOperator(app, operators, 'administrator');
    await api.patch(`operators/${disabled.id}`, { isDisabled: true });
    const answers = await Promise.all([
      login('nobody@example.com'),
      login(viewer.email, 'a wrong password'),
      login(disabled.email),
    ]);
    const shown = answers.map(({ status, body }) => ({ status, ...body, instance: undefined }));
    expect(shown[0]).toMatchObject({ status: 401, code: 'OPERATOR_CREDENTIALS_INVALID' });
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[2]).toEqual(shown[0]);
  });

  it('limits wrong passwords, apart from those of a user with the same address', async () => {
    const user = await newOwner(app.api);
    const tries = () => login(user.email, 'a wrong password');
    const answers = await Promise.all(Array.from({ length: 8 }, tries));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
    const asUser = await app.api.post('auth/login', { email: user.email, password: 'correct horse battery' });
    expect(asUser.status).toBe(200);
  });

  it('stores neither tokens nor TOTP secrets in readable form', async () => {
    const { api, secret } = await newOperator(app, operators, 'administrator');
    expect((await api.get('me')).status).toBe(200);
    const rows = await app.database.query<{ text: string }>(
      `SELECT s::text AS text FROM operator_sessions s UNION ALL SELECT o::text FROM operators o`,
    );
    const all = rows.map(({ text }) => text).join('\n');
    expect(all).not.toContain('stoa_operator_');
    expect(all).not.toContain(secret);
  });
});

describe('a one-time password', () => {
  it('has to be replaced before anything else, and works no longer', async () => {
    const { api } = await newOperator(app, operators, 'administrator');
    const email = 'new@example.com';
    const { body } = await api.post('operators', { email, role: 'operator' });
    const first = (await login(email, body.oneTimePassword)).body;
    expect(first.pending).toBe('password');
    const pending = operators.api.as(first.token);
    expect(problemIn(await pending.get('shops'))).toBe('403 PASSWORD_CHANGE_REQUIRED');
    const same = { currentPassword: body.oneTimePassword, newPassword: body.oneTimePassword };
    expect(problemIn(await pending.post('auth/password', same))).toBe('400 VALIDATION_FAILED');
    expect(problemIn(await pending.get('shops'))).toBe('403 PASSWORD_CHANGE_REQUIRED');
    const changed = await pending.post('auth/password', {
      currentPassword: body.oneTimePassword,
      newPassword: OPERATOR_PASSWORD,
    });
    expect([changed.status, changed.body.pending]).toEqual([200, null]);
    expect(problemIn(await pending.get('me'))).toBe('401 UNAUTHENTICATED');
    expect((await operators.api.as(changed.body.token).get('shops')).status).toBe(200);
    expect(problemIn(await login(email, body.oneTimePassword))).toBe('401 OPERATOR_CREDENTIALS_INVALID');
  });

  it('works no longer after 24 hours', async () => {
    const { api } = await newOperator(app, operators, 'administrator');
    const { body } = await api.post('operators', { email: 'late@example.com', role: 'viewer' });
    await app.database.query(`UPDATE operators SET password_ends_at = now() WHERE id = '${body.id}'`);
    expect(problemIn(await login(body.email, body.oneTimePassword))).toBe('401 OPERATOR_CREDENTIALS_INVALID');
  });
});

describe('TOTP', () => {
  it('is required of administrators before anything but setting it up', async () => {
    const { email } = await newAccount(app, 'administrator');
    const api = await signIn(operators, email);
    expect((await api.get('me')).body.pending).toBe('totp');
    for (const path of ['shops', 'operators', 'operations'])
      expect(problemIn(await api.get(path))).toBe('403 TOTP_REQUIRED');
    const { body } = await api.post('me/totp');
    expect(body.url).toMatch(/^otpauth:\/\/totp\//);
    expect(problemIn(await api.post('me/totp/confirm', { code: '000000' }))).toBe('422 TOTP_CODE_WRONG');
    expect((await api.post('me/totp/confirm', { code: codeOf(body.secret) })).body.pending).toBeNull();
    expect((await api.get('operators')).status).toBe(200);
    expect(problemIn(await api.post('me/totp'))).toBe('409 TOTP_ALREADY_SET');
  });

  it('is optional for others, and then needed at each login', async () => {
    const { email } = await newAccount(app, 'viewer');
    const api = await signIn(operators, email);
    expect((await api.get('shops')).status).toBe(200);
    const { secret } = (await api.post('me/totp')).body;
    await signIn(operators, email); // not confirmed, so not needed
    await api.post('me/totp/confirm', { code: codeOf(secret, -1) });
    expect(problemIn(await login(email))).toBe('401 OPERATOR_CREDENTIALS_INVALID');
    expect((await login(email, OPERATOR_PASSWORD, codeOf(secret))).status).toBe(200);
  });

  it('takes the codes of one step before and after, and no others', async () => {
    await untilStepBegins();
    const { email, secret } = await newOperator(app, operators, 'administrator');
    await app.database.query('UPDATE operators SET totp_step = NULL');
    for (const steps of [-3, 3])
      expect(problemIn(await login(email, OPERATOR_PASSWORD, codeOf(secret!, steps)))).toBe(
        '401 OPERATOR_CREDENTIALS_INVALID',
      );
    for (const steps of [-1, 1])
      expect((await login(email, OPERATOR_PASSWORD, codeOf(secret!, steps))).status).toBe(200);
  });

  it('takes each code once, also of several logins at the same time', async () => {
    const { email, secret } = await newOperator(app, operators, 'administrator');
    await app.database.query('UPDATE operators SET totp_step = NULL');
    const code = codeOf(secret!);
    const answers = await Promise.all(Array.from({ length: 5 }, () => login(email, OPERATOR_PASSWORD, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(4);
    expect(problemIn(await login(email, OPERATOR_PASSWORD, code))).toMatch(/^(401|429)/);
  });

  it('is forgotten by another administrator only, which ends the sessions', async () => {
    const ada = await newOperator(app, operators, 'administrator');
    const grace = await newOperator(app, operators, 'administrator');
    expect(problemIn(await ada.api.post(`operators/${ada.id}/reset-totp`))).toBe('409 OWN_ACCOUNT');
    expect((await ada.api.post(`operators/${grace.id}/reset-totp`)).body.hasTotp).toBe(false);
    expect(problemIn(await grace.api.get('me'))).toBe('401 UNAUTHENTICATED');
    expect((await login(grace.email)).body.pending).toBe('totp');
  });
});

describe('tokens', () => {
  it('of a shop open nothing of the operators, and those of operators nothing of a shop', async () => {
    const owner = await newOwner(app.api);
    const { api } = await newOperator(app, operators, 'viewer');
    const token = (await operators.api.post('auth/login', await credentials())).body.token as string;
    for (const foreign of [owner.accessToken, owner.refreshToken, owner.deviceToken])
      for (const path of ['me', 'shops', 'operators'])
        expect(problemIn(await operators.api.as(foreign).get(path))).toBe('401 UNAUTHENTICATED');
    for (const path of ['me', 'shops', 'products', 'audit'])
      expect(problemIn(await app.api.as(token).get(path))).toBe('401 UNAUTHENTICATED');
    const refreshed = await app.api.post('auth/refresh', { refreshToken: token });
    expect(problemIn(refreshed)).toBe('401 REFRESH_TOKEN_INVALID');
    expect((await api.get('me')).status).toBe(200);
    expect((await owner.api.get('me')).status).toBe(200);
  });

  it('end when the session is not used for 15 minutes, and 12 hours after the login', async () => {
    const { api, id } = await newOperator(app, operators, 'viewer');
    const set = (what: string) =>
      app.database.query(`UPDATE operator_sessions SET ${what} WHERE operator_id = '${id}'`);
    await set(`expires_at = now() + interval '1 minute', ends_at = now() + interval '5 minutes'`);
    expect((await api.get('me')).status).toBe(200);
    const [row] = await app.database.query<{ isCapped: boolean }>(
      `SELECT expires_at = ends_at AS "isCapped" FROM operator_sessions WHERE operator_id = '${id}'`,
    );
    expect(row!.isCapped).toBe(true); // neither beyond the end nor left at a minute
    await set('expires_at = now()');
    expect(problemIn(await api.get('me'))).toBe('401 UNAUTHENTICATED');
  });

  it('end when the account is disabled', async () => {
    const { api, id } = await newOperator(app, operators, 'operator');
    const administrator = await newOperator(app, operators, 'administrator');
    await administrator.api.patch(`operators/${id}`, { isDisabled: true });
    expect(problemIn(await api.get('me'))).toBe('401 UNAUTHENTICATED');
  });

  async function credentials() {
    const { email } = await newAccount(app, 'viewer');
    return { email, password: OPERATOR_PASSWORD };
  }
});
