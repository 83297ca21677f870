import { createPublicKey, verify } from 'node:crypto';
import { rolesOf } from '../../src/database/roles';
import { openSealedKey } from '../../src/database/sealed-key';
import { Secrets } from '../../src/database/secrets';
import { ensureSigningKeys } from '../../src/database/signing-keys';
import { newUser, PASSWORD } from '../support/factories';
import { withClient } from '../support/database';
import { problemIn } from '../support/problem';
import { type Finished, runCli } from '../support/program';
import { CACHE_MS, CACHE_TIMES } from '../support/sizes';
import { startTestApp, useTestApp } from '../support/test-app';
import { headerOf, isPrivateKey, signingKey } from '../support/tokens';
import { untilRefused } from '../support/until';

const APP_SECRET = 'the secret that these tests open the signing keys with';

const app = useTestApp({ APP_SECRET }, { times: CACHE_TIMES });

function cli(...args: string[]): Promise<Finished> {
  return runCli(args, { env: { DATABASE_URL: app.database.url, APP_SECRET } });
}

async function states(): Promise<Record<string, string>> {
  const rows = await app.database.query<{ state: string; kid: string }>(
    'SELECT state, kid FROM signing_keys',
  );
  return Object.fromEntries(rows.map(({ state, kid }) => [state, kid]));
}

/** Dates the last rotation back so far that every token of the previous key has expired. */
async function letTimePass(): Promise<void> {
  await app.database.query(`UPDATE signing_keys SET state_since = state_since - interval '661 seconds'`);
}

describe('keys:rotate', () => {
  it('moves each key on, and the running server follows without a restart', async () => {
    const before = await states();
    const { api, email, accessToken } = await newUser(app.api);
    expect(headerOf(accessToken).kid).toBe(before['current']);
    await letTimePass();
    expect(await cli('keys:rotate')).toMatchObject({ code: 0, stdout: expect.stringContaining('rotated') });
    const after = await states();
    expect(after).toEqual({ previous: before['current'], current: before['next'], next: after['next'] });
    expect(Object.values(before)).not.toContain(after['next']);
    expect((await api.get('me')).status).toBe(200); // a token of what is now the previous key
    const start = performance.now();
    for (;;) {
      const asked = performance.now() - start;
      const { body } = await app.api.post('auth/login', { email, password: PASSWORD });
      expect((await app.api.as(body.accessToken).get('me')).status).toBe(200);
      if (headerOf(body.accessToken).kid === after['current']) break;
      expect(asked).toBeLessThan(CACHE_MS + 1000);
    }
  });

  it('ends the tokens of a key that is dropped, within seconds', async () => {
    const { api, accessToken } = await newUser(app.api);
    expect((await api.get('me')).status).toBe(200);
    for (let i = 0; i < 2; i++) {
      await letTimePass();
      expect((await cli('keys:rotate')).code).toBe(0);
    }
    expect(Object.values(await states())).not.toContain(headerOf(accessToken).kid);
    const { problem, ms } = await untilRefused(() => api.get('me'));
    expect(problem).toBe('401 UNAUTHENTICATED');
    expect(ms).toBeLessThan(CACHE_MS + 1000);
  });

  it('refuses while tokens of the previous key may be valid, and changes nothing', async () => {
    await letTimePass();
    expect((await cli('keys:rotate')).code).toBe(0);
    const before = await states();
    expect(await cli('keys:rotate')).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(await states()).toEqual(before);
    expect((await cli('keys:rotate', '--force')).code).toBe(0);
    expect((await states())['previous']).toBe(before['current']);
  });

  it('accepts a token of a key that is not cached yet within about a second', async () => {
    const { api } = await newUser(app.api);
    await api.get('me'); // has read the keys
    for (let i = 0; i < 2; i++) expect((await cli('keys:rotate', '--force')).code).toBe(0);
    const fresh = await startTestApp({ APP_SECRET }, { database: app.database });
    const { accessToken } = await newUser(fresh.api);
    await fresh.close();
    expect(headerOf(accessToken).kid).toBe((await states())['current']);
    const start = performance.now();
    for (;;) {
      const asked = performance.now() - start;
      if ((await app.api.as(accessToken).get('me')).status === 200) break;
      expect(asked).toBeLessThan(2000);
    }
  });
});

describe('keys:list', () => {
  it('shows each key and its state, and nothing secret', async () => {
    const { code, stdout } = await cli('keys:list');
    expect(code).toBe(0);
    for (const [state, kid] of Object.entries(await states()))
      expect(stdout).toMatch(new RegExp(`^${state} +${kid} `, 'm'));
    const { keys } = JSON.parse((await cli('keys:list', '--json')).stdout) as { keys: { kid: string }[] };
    expect(keys.map(({ kid }) => kid).toSorted()).toEqual(Object.values(await states()).toSorted());
    expect(stdout).not.toContain((await signingKey(app.database, APP_SECRET)).sealed);
  });
});

describe('GET /.well-known/jwks.json', () => {
  it('publishes the next, the current and the previous key, cacheable for a minute', async () => {
    await letTimePass();
    await cli('keys:rotate');
    const fresh = await startTestApp({ APP_SECRET }, { database: app.database });
    const { status, body, headers } = await fresh.api.get('/.well-known/jwks.json');
    await fresh.close();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toMatch(/max-age=60$/);
    const kids = (body.keys as { kid: string }[]).map(({ kid }) => kid);
    expect(kids.toSorted()).toEqual(Object.values(await states()).toSorted());
    for (const key of body.keys)
      expect(key).toEqual({
        ...{ kid: key.kid, kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' },
        ...{ x: expect.any(String), y: expect.any(String) },
      });
  });

  it('contains everything needed to verify a token', async () => {
    const { accessToken } = await newUser(app.api);
    const { keys } = (await app.api.get('/.well-known/jwks.json')).body;
    const jwk = keys.find(({ kid }: { kid: string }) => kid === headerOf(accessToken).kid);
    const [header, claims, signature] = accessToken.split('.');
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const signed = Buffer.from(`${header}.${claims}`);
    const bytes = Buffer.from(signature!, 'base64url');
    expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes)).toBe(true);
  });
});

describe('a signing key', () => {
  it('cannot be used with the database but without the secret', async () => {
    const rows = await app.database.query<{ private_key: string; public_jwk: object }>(
      'SELECT private_key, public_jwk FROM signing_keys',
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    for (const { private_key, public_jwk } of rows) {
      expect(isPrivateKey(private_key)).toBe(false);
      expect(public_jwk).not.toHaveProperty('d');
    }
    await expect(signingKey(app.database, `${APP_SECRET}!`)).rejects.toThrow(/authenticate/);
  });

  it('cannot be decrypted under another id or after a change', async () => {
    const { kid, sealed } = await signingKey(app.database, APP_SECRET);
    const secrets = new Secrets(APP_SECRET);
    expect(openSealedKey(kid, sealed, secrets).type).toBe('private');
    expect(() => openSealedKey(`${kid}x`, sealed, secrets)).toThrow(/authenticate/);
    const flipped = sealed.slice(0, -10) + (sealed.at(-10) === 'A' ? 'B' : 'A') + sealed.slice(-9);
    expect(() => openSealedKey(kid, flipped, secrets)).toThrow(/authenticate/);
  });

  it('can be read by the public login, but not created, changed or removed', async () => {
    const login = rolesOf(app.database.name).public;
    const asLogin = (sql: string) =>
      withClient(app.database.url, async (client) => {
        await client.query(`SET ROLE "${login}"`);
        return client.query(sql);
      });
    expect((await asLogin('SELECT kid FROM signing_keys')).rowCount).toBeGreaterThan(1);
    for (const sql of [
      `INSERT INTO signing_keys (kid, state, public_jwk, private_key) VALUES ('x', 'previous', '{}', 'x')`,
      `UPDATE signing_keys SET public_jwk = '{}'`,
      `DELETE FROM signing_keys`,
    ])
      await expect(asLogin(sql)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('ensureSigningKeys', () => {
  it('makes one current and one next key when twenty start at once', async () => {
    await app.database.query('DELETE FROM signing_keys');
    const secrets = new Secrets(APP_SECRET);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        withClient(app.database.url, (client) => ensureSigningKeys(client, secrets)),
      ),
    );
    expect(Object.keys(await states()).toSorted()).toEqual(['current', 'next']);
  });

  it('changes nothing if all keys exist', async () => {
    const before = await states();
    await withClient(app.database.url, (client) => ensureSigningKeys(client, new Secrets(APP_SECRET)));
    expect(await states()).toEqual(before);
  });

  it('replaces keys encrypted with another secret', async () => {
    const before = await states();
    await withClient(app.database.url, (client) => ensureSigningKeys(client, new Secrets(`${APP_SECRET}!`)));
    const after = await states();
    expect(Object.keys(after).toSorted()).toEqual(['current', 'next']);
    expect(Object.values(after).filter((kid) => Object.values(before).includes(kid))).toEqual([]);
    await withClient(app.database.url, (client) => ensureSigningKeys(client, new Secrets(APP_SECRET))); // for the tests that follow
  });
});

it('an installation without keys refuses tokens and keeps running', async () => {
  const own = await startTestApp({ APP_SECRET }, { times: CACHE_TIMES });
  try {
    const { api } = await newUser(own.api);
    await own.database.query('DELETE FROM signing_keys');
    const { problem } = await untilRefused(() => api.get('me'));
    expect(problem).toBe('500 INTERNAL_ERROR');
    expect((await own.api.get('/health/live')).status).toBe(200);
    expect(problemIn(await own.api.as('a.b.c').get('me'))).toBe('401 UNAUTHENTICATED');
  } finally {
    await own.close();
  }
});
