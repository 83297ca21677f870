import { randomUUID } from 'node:crypto';
import { runHere } from '../support/command';
import { withClient } from '../support/database';
import { newOwner, newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { atOnce, tally } from '../support/tokens';
import { untilRefused, untilTrue } from '../support/until';

const NEW_PASSWORD = 'staple battery horse';
const APP_SECRET = 'a secret that only tests use, at least 32 characters';
const PER_ADDRESS = 6;

const settings = {
  LOGIN_ATTEMPTS_PER_ADDRESS: String(PER_ADDRESS),
  LOGIN_ATTEMPTS_PER_DAY: '3',
  TRUST_PROXY: '127.0.0.0/8',
};
const app = useTestApp(settings, { times: CACHE_TIMES });
const run = (...args: string[]) =>
  runHere(['users:reset-password', ...args], { DATABASE_URL: app.database.url, APP_SECRET });

const newAddress = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`;
const post = (path: string, body: object, address = newAddress()) =>
  app.api.raw('POST', path, JSON.stringify(body), {
    'content-type': 'application/json',
    'x-forwarded-for': address,
  });
const reset = (token: string, newPassword = NEW_PASSWORD, address = newAddress()) =>
  post('auth/reset-password', { token, newPassword }, address);
const login = (email: string, password: string, deviceToken?: string) =>
  post('auth/login', { email, password, deviceToken });

async function issue(email: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(email, ...options);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^database {2}\S+ \(DATABASE_URL\)\n$/)]);
  return stdout.split('\n')[0]!;
}

describe('users:reset-password', () => {
  it('prints a token that sets a new password, once', async () => {
    const { email } = await newUser(app.api);
    const token = await issue(` ${email.toUpperCase()} `);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect((await login(email, PASSWORD)).status).toBe(200); // until the token is used
    expect((await reset(token)).status).toBe(200);
    expect(problemIn(await login(email, PASSWORD))).toBe('401 INVALID_CREDENTIALS');
    expect((await login(email, NEW_PASSWORD)).status).toBe(200);
    expect(problemIn(await reset(token))).toBe('401 RESET_TOKEN_INVALID');
  });

  it('prints a link to a page, with the token where no server sees it', async () => {
    const { email } = await newUser(app.api);
    const link = await issue(email, '--page', 'https://shop.example/new-password?lang=de');
    const [, token] = /^https:\/\/shop\.example\/new-password\?lang=de#token=([\w-]{43})$/.exec(link)!;
    expect((await reset(token!)).status).toBe(200);
  });

  it("prints token, link and end as JSON, and tells the owners of the user's shops", async () => {
    const owner = await newOwner(app.api);
    const { email, user, refreshToken } = owner;
    const { stdout } = await runCli(
      ['users:reset-password', email, '--page', 'https://shop.example/new', '--json'],
      { env: { DATABASE_URL: app.database.url, APP_SECRET } },
    );
    const { token, ...more } = JSON.parse(stdout) as { token: string };
    expect(more).toEqual({ link: `https://shop.example/new#token=${token}`, expiresAt: expect.any(String) });
    expect((await owner.api.get('audit?action=reset.issued')).body.items).toMatchObject([
      { actorId: null, details: { userId: user.id, by: 'command' } },
    ]);
    expect((await reset(token)).status).toBe(200);
    expect(problemIn(await post('auth/refresh', { refreshToken }))).toBe('401 REFRESH_TOKEN_INVALID');
    expect(JSON.parse((await run(email, '--json')).stdout)).toMatchObject({ link: null });
  });

  it('says how long the token is valid: an hour, or as many as are wanted', async () => {
    const { email } = await newUser(app.api);
    const hours = async (...options: string[]) => {
      const { stdout } = await run(email, ...options);
      const [, end] = /^valid for one use, until (\S+)$/m.exec(stdout)!;
      return (Date.parse(end!) - Date.now()) / 3_600_000;
    };
    expect(await hours()).toBeCloseTo(1, 1);
    expect(await hours('--hours', '24')).toBeCloseTo(24, 1);
  });

  it('refuses an unknown address and wrong options', async () => {
    const { email } = await newUser(app.api);
    expect(await run('nobody@example.com')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No user has the e-mail address nobody@example.com.'),
    });
    for (const options of [
      ['--hours', '0'],
      ['--hours', '73'],
      ['--hours', 'x'],
      ['--page', 'shop.example'],
    ])
      expect((await run(email, ...options)).code).toBe(1);
    expect(
      await app.database.query('SELECT FROM password_resets JOIN users ON id = user_id WHERE email = $1', [
        email,
      ]),
    ).toEqual([]);
  });

  it('replaces an earlier token', async () => {
    const { email } = await newUser(app.api);
    const [first, second] = [await issue(email), await issue(email)];
    expect(problemIn(await reset(first))).toBe('401 RESET_TOKEN_INVALID');
    expect((await reset(second)).status).toBe(200);
  });

  it('stores no token', async () => {
    const { email } = await newUser(app.api);
    const token = await issue(email);
    const rows = await app.database.query<{ token_hash: string }>('SELECT token_hash FROM password_resets');
    for (const { token_hash } of rows) {
      expect(token_hash).toMatch(/^[0-9a-f]{64}$/);
      expect(problemIn(await reset(token_hash))).toBe('401 RESET_TOKEN_INVALID');
    }
    expect((await reset(token)).status).toBe(200);
  });
});

describe('POST /auth/reset-password', () => {
  it('ends all sessions, and their access tokens within five seconds', async () => {
    const { api, email, refreshToken } = await newUser(app.api);
    expect((await api.get('me')).status).toBe(200);
    expect((await reset(await issue(email))).status).toBe(200);
    expect(problemIn(await post('auth/refresh', { refreshToken }))).toBe('401 REFRESH_TOKEN_INVALID');
    expect((await untilRefused(() => api.get('me'))).problem).toBe('401 UNAUTHENTICATED');
  });

  it('makes the device known, so that an attack on the account does not keep its owner out', async () => {
    const { email } = await newUser(app.api);
    for (let i = 0; i < 3; i++) await login(email, 'wrong');
    const { body } = await reset(await issue(email));
    expect(problemIn(await login(email, NEW_PASSWORD))).toBe('429 TOO_MANY_ATTEMPTS');
    expect((await login(email, NEW_PASSWORD, body.deviceToken)).status).toBe(200);
  });

  it('accepts one of twenty concurrent uses', async () => {
    const { email } = await newUser(app.api);
    const token = await issue(email);
    expect(tally(await atOnce(() => reset(token)))).toEqual({ '200': 1, '401 RESET_TOKEN_INVALID': 19 });
  });

  it('refuses an expired token', async () => {
    const { email } = await newUser(app.api);
    const token = await issue(email);
    await app.database.query(`UPDATE password_resets SET expires_at = now() - interval '1 second'`);
    expect(problemIn(await reset(token))).toBe('401 RESET_TOKEN_INVALID');
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  it('refuses a token issued before the user changed the password', async () => {
    const { api, email } = await newUser(app.api);
    const token = await issue(email);
    await api.post('auth/password', { currentPassword: PASSWORD, newPassword: 'chosen by myself' });
    expect(problemIn(await reset(token))).toBe('401 RESET_TOKEN_INVALID');
    expect((await login(email, 'chosen by myself')).status).toBe(200);
  });

  it('locks user and token in the order of a change of password, so that neither becomes a deadlock', async () => {
    const { email, user } = await newUser(app.api);
    const token = await issue(email);
    await withClient(app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [user.id]);
      const pending = reset(token);
      await untilTrue(async () => {
        const waiting = await app.database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      });
      await client.query('DELETE FROM password_resets WHERE user_id = $1', [user.id]);
      await client.query('COMMIT');
      expect(problemIn(await pending)).toBe('401 RESET_TOKEN_INVALID');
    });
  });

  it('refuses a password that is too short and leaves the token unused', async () => {
    const { email } = await newUser(app.api);
    const token = await issue(email);
    expect(problemIn(await reset(token, 'short'))).toBe('400 VALIDATION_FAILED');
    expect((await reset(token)).status).toBe(200);
  });

  it('limits wrong tokens of an address, but never refuses a valid one', async () => {
    const { email } = await newUser(app.api);
    const [token, address] = [await issue(email), newAddress()];
    const wrong = await Promise.all(
      Array.from({ length: PER_ADDRESS + 2 }, (_, i) => reset(`wrong ${i}`, NEW_PASSWORD, address)),
    );
    expect(tally(wrong)).toEqual({ '401 RESET_TOKEN_INVALID': PER_ADDRESS, '429 TOO_MANY_ATTEMPTS': 2 });
    expect((await reset(token, NEW_PASSWORD, address)).status).toBe(200);
  });

  it('is in the audit log, as is the token before it', async () => {
    const { email, user } = await newUser(app.api);
    const address = newAddress();
    await reset(await issue(email), NEW_PASSWORD, address);
    const entries = await app.database.query(
      `SELECT action, actor_id, shop_id, details FROM audit_log
       WHERE action IN ('reset.issued', 'password.reset') AND $1 IN (actor_id::text, details->>'userId') ORDER BY id`,
      [user.id],
    );
    expect(entries).toEqual([
      { action: 'reset.issued', actor_id: null, shop_id: null, details: { userId: user.id, by: 'command' } },
      { action: 'password.reset', actor_id: user.id, shop_id: null, details: { address } },
    ]);
  });
});
