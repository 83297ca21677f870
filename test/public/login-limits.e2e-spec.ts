import { createHmac, randomUUID } from 'node:crypto';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import type { Answer, Api } from '../support/api';
import { newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { startTestApp, useTestApp } from '../support/test-app';
import { atOnce, tally } from '../support/tokens';

const PER_ACCOUNT = 5;
const PER_ADDRESS = 12;
const PER_DAY = 17;

const app = useTestApp({
  LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT),
  LOGIN_ATTEMPTS_PER_ADDRESS: String(PER_ADDRESS),
  LOGIN_ATTEMPTS_PER_DAY: String(PER_DAY),
  TRUST_PROXY: '127.0.0.0/8',
});

/** Returns an address of the documentation networks that no other test uses. */
const newAddress = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`;

function login(
  email: string,
  password: string,
  address = newAddress(),
  { api = app.api, deviceToken }: { api?: Api; deviceToken?: string } = {},
): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
  return api.raw('POST', 'auth/login', JSON.stringify({ email, password, deviceToken }), headers);
}

/** Guesses wrong until the account accepts no attempt in a day, from as many addresses as that takes. */
async function attack(email: string): Promise<void> {
  const guesses = Array.from({ length: PER_DAY }, () => login(email, 'wrong'));
  expect(tally(await Promise.all(guesses))).toEqual({ '401 INVALID_CREDENTIALS': PER_DAY });
  expect(problemIn(await login(email, PASSWORD))).toBe('429 TOO_MANY_ATTEMPTS');
}

const newEmail = () => `${randomUUID()}@example.com`;

describe('the limit of an account and an address', () => {
  it('refuses even the right password once it is reached, and says when to retry', async () => {
    const { email } = await newUser(app.api);
    const address = newAddress();
    for (let i = 0; i < PER_ACCOUNT; i++)
      expect(problemIn(await login(email, 'wrong', address))).toBe('401 INVALID_CREDENTIALS');
    const refused = await login(email.toUpperCase(), PASSWORD, address);
    expect(problemIn(refused)).toBe('429 TOO_MANY_ATTEMPTS');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(800);
    expect(seconds).toBeLessThanOrEqual(900);
  });

  it('does not keep the owner from signing in elsewhere, nor the address from signing in to others', async () => {
    const [{ email }, other] = [await newUser(app.api), await newUser(app.api)];
    const address = newAddress();
    for (let i = 0; i <= PER_ACCOUNT; i++) await login(email, 'wrong', address);
    expect((await login(email, PASSWORD)).status).toBe(200);
    expect((await login(other.email, PASSWORD, address)).status).toBe(200);
  });

  it('allows no more attempts when twenty guess at once', async () => {
    const { email } = await newUser(app.api);
    const [one, two] = [newAddress(), newAddress()]; // the address has a limit of its own
    const guesses = await Promise.all(
      [one, two].map((address) => atOnce(() => login(email, 'wrong', address))),
    );
    expect(tally(guesses.flat())).toEqual({
      '401 INVALID_CREDENTIALS': 2 * PER_ACCOUNT,
      '429 TOO_MANY_ATTEMPTS': 40 - 2 * PER_ACCOUNT,
    });
  });

  it('is reset by a successful login', async () => {
    const { email } = await newUser(app.api);
    const address = newAddress();
    for (let round = 0; round < 2; round++) {
      for (let i = 1; i < PER_ACCOUNT; i++) expect((await login(email, 'wrong', address)).status).toBe(401);
      expect((await login(email, PASSWORD, address)).status).toBe(200);
    }
  });

  it('applies across instances', async () => {
    const other = await startTestApp(
      { LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT), TRUST_PROXY: '127.0.0.0/8' },
      { database: app.database },
    );
    const { email } = await newUser(app.api);
    const address = newAddress();
    for (let i = 0; i < PER_ACCOUNT; i++) await login(email, 'wrong', address);
    const answer = await login(email, PASSWORD, address, { api: other.api });
    await other.close();
    expect(problemIn(answer)).toBe('429 TOO_MANY_ATTEMPTS');
  });

  it('expires by itself', async () => {
    const { email } = await newUser(app.api);
    const address = newAddress();
    for (let i = 0; i < PER_ACCOUNT; i++) await login(email, 'wrong', address);
    expect((await login(email, PASSWORD, address)).status).toBe(429);
    await app.database.query('UPDATE login_limits SET expire = expire - 900000');
    expect((await login(email, PASSWORD, address)).status).toBe(200);
  });
});

describe('the limit of an account in a day', () => {
  it('ends guesses from many addresses, for a day', async () => {
    const { email } = await newUser(app.api);
    await attack(email);
    const refused = await login(email, PASSWORD);
    expect(problemIn(refused)).toBe('429 TOO_MANY_ATTEMPTS');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000);
  });

  it('allows no more attempts when all guess at once', async () => {
    const { email } = await newUser(app.api);
    expect(
      tally(
        await Promise.all([atOnce(() => login(email, 'wrong')), atOnce(() => login(email, 'wrong'))]).then(
          (both) => both.flat(),
        ),
      ),
    ).toEqual({
      '401 INVALID_CREDENTIALS': PER_DAY,
      '429 TOO_MANY_ATTEMPTS': 40 - PER_DAY,
    });
  });

  it('applies to an unknown address too, so that it does not reveal which exist', async () => {
    const email = newEmail();
    await attack(email);
  });

  it('is not reset by a successful login, which would give an attacker more guesses', async () => {
    const { email } = await newUser(app.api);
    for (let i = 0; i < PER_DAY - 1; i++) await login(email, 'wrong');
    expect((await login(email, PASSWORD)).status).toBe(200);
    expect(problemIn(await login(email, 'wrong'))).toBe('401 INVALID_CREDENTIALS');
    expect(problemIn(await login(email, PASSWORD))).toBe('429 TOO_MANY_ATTEMPTS');
  });
});

describe('a known device', () => {
  it('signs in while strangers use up all attempts, also those of its own address', async () => {
    const { email, deviceToken } = await newUser(app.api);
    const address = newAddress();
    await attack(email);
    for (let i = 0; i < PER_ADDRESS; i++) await login(newEmail(), 'wrong', address);
    expect(problemIn(await login(newEmail(), PASSWORD, address))).toBe('429 TOO_MANY_ATTEMPTS');
    const { status, body } = await login(email, PASSWORD, address, { deviceToken });
    expect(status).toBe(200);
    expect((await login(email, PASSWORD, address, { deviceToken: body.deviceToken })).status).toBe(200);
  });

  it('has a limit of its own, which a right password resets', async () => {
    const { email, deviceToken } = await newUser(app.api);
    for (let i = 1; i < PER_ACCOUNT; i++) await login(email, 'wrong', newAddress(), { deviceToken });
    expect((await login(email, PASSWORD, newAddress(), { deviceToken })).status).toBe(200);
    const guesses = await atOnce(() => login(email, 'wrong', newAddress(), { deviceToken }));
    expect(tally(guesses)).toEqual({
      '401 INVALID_CREDENTIALS': PER_ACCOUNT,
      '429 TOO_MANY_ATTEMPTS': 20 - PER_ACCOUNT,
    });
    expect(problemIn(await login(email, PASSWORD, newAddress(), { deviceToken }))).toBe(
      '429 TOO_MANY_ATTEMPTS',
    );
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  it('is known to no other account', async () => {
    const [{ email }, stranger] = [await newUser(app.api), await newUser(app.api)];
    await attack(email);
    const { deviceToken } = stranger;
    expect(problemIn(await login(email, PASSWORD, newAddress(), { deviceToken }))).toBe(
      '429 TOO_MANY_ATTEMPTS',
    );
  });

  it('is not made up: a changed, prolonged or foreign token is ignored', async () => {
    const { email, deviceToken } = await newUser(app.api);
    const [id, end, mac] = deviceToken.split('.');
    await attack(email);
    for (const token of [
      '',
      'x',
      `${id}.${end}`,
      `${id}.${Number(end) + 1}.${mac}`,
      `x${id}.${end}.${mac}`,
    ]) {
      const answer = await login(email, PASSWORD, newAddress(), { deviceToken: token || 'none' });
      expect(problemIn(answer)).toBe('429 TOO_MANY_ATTEMPTS');
    }
    expect((await login(email, PASSWORD, newAddress(), { deviceToken })).status).toBe(200);
  });

  it('is forgotten when its token expires', async () => {
    const { email, user } = await newUser(app.api);
    const [row] = await app.database.query<{ hash: string }>(
      'SELECT password_hash AS hash FROM users WHERE id = $1',
      [user.id],
    );
    const secret = app.app.get<Installation>(INSTALLATION).secrets.derive('device tokens');
    const tokenUntil = (seconds: number) => {
      const head = `AAAAAAAAAAAAAAAAAAAAAA.${Math.floor(Date.now() / 1000) + seconds}`;
      const mac = createHmac('sha256', secret).update(`${head}.${user.id}.${row!.hash}`); // there is one
      return `${head}.${mac.digest('base64url')}`;
    };
    await attack(email);
    const signIn = (deviceToken: string) => login(email, PASSWORD, newAddress(), { deviceToken });
    expect(problemIn(await signIn(tokenUntil(-1)))).toBe('429 TOO_MANY_ATTEMPTS');
    expect((await signIn(tokenUntil(60))).status).toBe(200);
  });

  it('is forgotten when the password changes, and the one that changed it is known', async () => {
    const { api, email, deviceToken } = await newUser(app.api);
    const newPassword = 'staple battery';
    const { body } = await api.post('auth/password', { currentPassword: PASSWORD, newPassword });
    await attack(email);
    expect(problemIn(await login(email, newPassword, newAddress(), { deviceToken }))).toBe(
      '429 TOO_MANY_ATTEMPTS',
    );
    const again = await login(email, newPassword, newAddress(), { deviceToken: body.deviceToken });
    expect(again.status).toBe(200);
  });

  it('is one with a live session, for a change of password', async () => {
    const { api, email } = await newUser(app.api);
    await attack(email);
    const change = (currentPassword: string) =>
      api.raw('POST', 'auth/password', JSON.stringify({ currentPassword, newPassword: 'staple battery' }), {
        'content-type': 'application/json',
        'x-forwarded-for': newAddress(),
      });
    for (let i = 0; i < PER_ACCOUNT; i++)
      expect(problemIn(await change('wrong'))).toBe('401 INVALID_CREDENTIALS');
    expect(problemIn(await change(PASSWORD))).toBe('429 TOO_MANY_ATTEMPTS');
    await app.database.query('UPDATE login_limits SET expire = expire - 900000');
    expect((await change(PASSWORD)).status).toBe(200);
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

  it('is not used up by successful logins', async () => {
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
    for (const { key } of rows)
      expect(key).toMatch(/^(account at address|account in a day|address|device|new shops):[0-9a-f]{64}$/);
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
      statuses.push((await login(newEmail(), 'wrong', forwarded(i), { api: own.api })).status);
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
