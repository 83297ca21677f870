import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/api';
import { newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { startTestApp, useTestApp } from '../support/test-app';
import { atOnce, tally } from '../support/tokens';

const PER_ACCOUNT = 5;
const PER_ADDRESS = 12;

const app = useTestApp({
  LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT),
  LOGIN_ATTEMPTS_PER_ADDRESS: String(PER_ADDRESS),
  TRUST_PROXY: '127.0.0.0/8',
});

/** Returns an address of the documentation networks that no other test uses. */
const newAddress = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`;

function login(email: string, password: string, address = newAddress(), api = app.api): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
  return api.raw('POST', 'auth/login', JSON.stringify({ email, password }), headers);
}

const newEmail = () => `${randomUUID()}@example.com`;

describe('the limit of an account', () => {
  it('refuses even the right password once it is reached, from any address, and says when to retry', async () => {
    const { email } = await newUser(app.api);
    for (let i = 0; i < PER_ACCOUNT; i++)
      expect(problemIn(await login(email, 'wrong'))).toBe('401 INVALID_CREDENTIALS');
    const refused = await login(email.toUpperCase(), PASSWORD);
    expect(problemIn(refused)).toBe('429 TOO_MANY_ATTEMPTS');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(800);
    expect(seconds).toBeLessThanOrEqual(900);
  });

  it('allows no more attempts when twenty guess at once', async () => {
    const { email } = await newUser(app.api);
    expect(tally(await atOnce(() => login(email, 'wrong')))).toEqual({
      '401 INVALID_CREDENTIALS': PER_ACCOUNT,
      '429 TOO_MANY_ATTEMPTS': 20 - PER_ACCOUNT,
    });
  });

  it('applies to an unknown address too, so that it does not reveal which exist', async () => {
    const email = newEmail();
    expect(tally(await atOnce(() => login(email, 'wrong')))).toEqual({
      '401 INVALID_CREDENTIALS': PER_ACCOUNT,
      '429 TOO_MANY_ATTEMPTS': 20 - PER_ACCOUNT,
    });
  });

  it('is reset by a successful login', async () => {
    const { email } = await newUser(app.api);
    for (let round = 0; round < 3; round++) {
      for (let i = 1; i < PER_ACCOUNT; i++) expect((await login(email, 'wrong')).status).toBe(401);
      expect((await login(email, PASSWORD)).status).toBe(200);
    }
  });

  it('applies across instances', async () => {
    const other = await startTestApp(
      { LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT) },
      { database: app.database },
    );
    const { email } = await newUser(app.api);
    for (let i = 0; i < PER_ACCOUNT; i++) await login(email, 'wrong');
    const answer = await login(email, PASSWORD, newAddress(), other.api);
    await other.close();
    expect(problemIn(answer)).toBe('429 TOO_MANY_ATTEMPTS');
  });

  it('applies to a change of password too', async () => {
    const { api, email } = await newUser(app.api);
    const change = (currentPassword: string) =>
      api.raw('POST', 'auth/password', JSON.stringify({ currentPassword, newPassword: 'staple battery' }), {
        'content-type': 'application/json',
        'x-forwarded-for': newAddress(),
      });
    for (let i = 0; i < PER_ACCOUNT; i++)
      expect(problemIn(await change('wrong'))).toBe('401 INVALID_CREDENTIALS');
    expect(problemIn(await change(PASSWORD))).toBe('429 TOO_MANY_ATTEMPTS');
    expect(problemIn(await login(email, PASSWORD))).toBe('429 TOO_MANY_ATTEMPTS');
  });

  it('expires by itself', async () => {
    const { email } = await newUser(app.api);
    await atOnce(() => login(email, 'wrong'));
    await app.database.query('UPDATE login_limits SET expire = expire - 900000');
    expect((await login(email, PASSWORD)).status).toBe(200);
  });
});

describe('the limit of an address', () => {
  it('refuses the password of any account once it is reached', async () => {
    const address = newAddress();
    const { email } = await newUser(app.api);
    for (let i = 0; i < PER_ADDRESS; i++)
      expect((await login(newEmail(), 'wrong', address)).status).toBe(401);
    expect(problemIn(await login(email, PASSWORD, address))).toBe('429 TOO_MANY_ATTEMPTS');
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  it('counts an IPv6 network as one', async () => {
    const network = newAddress().slice(0, -1);
    const statuses: number[] = [];
    for (let i = 0; i <= PER_ADDRESS; i++)
      statuses.push((await login(newEmail(), 'wrong', `${network}${i + 1}`)).status);
    expect(statuses).toEqual([...Array.from({ length: PER_ADDRESS }, () => 401), 429]);
  });

  it('is not used up by successful logins, nor by attempts on a blocked account', async () => {
    const address = newAddress();
    const { email } = await newUser(app.api);
    for (let i = 0; i <= PER_ADDRESS; i++) expect((await login(email, PASSWORD, address)).status).toBe(200);
  });

  it('does not use up the attempts of the account that it blocks', async () => {
    const address = newAddress();
    const { email } = await newUser(app.api);
    await Promise.all(Array.from({ length: PER_ADDRESS }, () => login(newEmail(), 'wrong', address)));
    for (let i = 0; i < PER_ACCOUNT; i++)
      expect(problemIn(await login(email, 'wrong', address))).toBe('429 TOO_MANY_ATTEMPTS');
    expect((await login(email, PASSWORD)).status).toBe(200);
  });
});

describe('the store of attempts', () => {
  it('keeps neither e-mail addresses nor network addresses', async () => {
    const address = newAddress();
    const email = newEmail();
    await login(email, 'wrong', address);
    const rows = await app.database.query<{ key: string }>('SELECT key FROM login_limits');
    for (const { key } of rows) expect(key).toMatch(/^(account|address|new shops):[0-9a-f]{64}$/);
  });

  it('admits nobody if it fails', async () => {
    const { email } = await newUser(app.api);
    await app.database.query('ALTER TABLE login_limits RENAME TO gone');
    const answer = await login(email, PASSWORD);
    await app.database.query('ALTER TABLE gone RENAME TO login_limits');
    expect(problemIn(answer)).toMatch(/^50[03] /);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });
});

describe('TRUST_PROXY', () => {
  const attempts = async (settings: Record<string, string>, forwarded: (i: number) => string) => {
    const own = await startTestApp({ LOGIN_ATTEMPTS_PER_ADDRESS: '3', ...settings });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++)
      statuses.push((await login(newEmail(), 'wrong', forwarded(i), own.api)).status);
    await own.close();
    return statuses;
  };
  const STOPPED = [401, 401, 401, 429, 429];
  const FREE = [401, 401, 401, 401, 401];

  it('unset, nobody can pretend to have another address', async () => {
    expect(await attempts({}, (i) => `192.0.2.${i}`)).toEqual(STOPPED);
  });

  it('as a network accepts the address from its proxies only', async () => {
    expect(await attempts({ TRUST_PROXY: '127.0.0.1, ::1' }, (i) => `192.0.2.${i}`)).toEqual(FREE);
    expect(await attempts({ TRUST_PROXY: '10.0.0.0/8' }, (i) => `192.0.2.${i}`)).toEqual(STOPPED);
  });

  it('as a number uses the address seen by that many proxies, whatever precedes it', async () => {
    expect(await attempts({ TRUST_PROXY: '1' }, (i) => `192.0.2.${i}`)).toEqual(FREE);
    expect(await attempts({ TRUST_PROXY: '1' }, (i) => `192.0.2.${i}, 198.51.100.1`)).toEqual(STOPPED);
  });
});
