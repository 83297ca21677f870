import { runHere } from '../support/command';
import { newMember, newOwner, newUser, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { untilRefused } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });
const env = () => ({ DATABASE_URL: app.database.url });
const run = (...args: string[]) => runHere(args, env());

async function sessionsOf(email: string): Promise<object[]> {
  const { code, stdout, stderr } = await runHere(['users:sessions', email, '--json'], env());
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { sessions: object[] }).sessions;
}

describe('users:sessions', () => {
  it('lists live sessions with their shop, address and last use, the one used last first', async () => {
    const { email, shop, refreshToken } = await newOwner(app.api);
    const { body } = await app.api.post('auth/login', { email, password: PASSWORD });
    const before = await sessionsOf(email);
    expect(before).toEqual(
      Array(2).fill({
        ...{ id: expect.any(String), createdAt: expect.any(String), lastUsedAt: expect.any(String) },
        ...{ expiresAt: expect.any(String), shop: shop.slug, address: '127.0.0.1' },
      }),
    );
    await app.api.post('auth/refresh', { refreshToken }); // of the older one
    const after = (await sessionsOf(email.toUpperCase())) as { id: string; lastUsedAt: string }[];
    expect(after.map(({ id }) => id)).toEqual((before as { id: string }[]).map(({ id }) => id).toReversed());
    expect(after[0]!.lastUsedAt > (before[0] as { lastUsedAt: string }).lastUsedAt).toBe(true);
    await app.api.post('auth/logout', { refreshToken: body.refreshToken as string });
    expect(await sessionsOf(email)).toHaveLength(1);
    const { stdout } = await run('users:sessions', email);
    expect(stdout).toMatch(/^created +last used +ends +address +shop\n/);
    expect(stdout).toMatch(/\n1 session\(s\)\n$/);
  });

  it('leaves out sessions whose tokens have expired', async () => {
    const { email, id } = await newUser(app.api);
    await app.database.query('UPDATE refresh_tokens SET expires_at = now() WHERE user_id = $1', [id]);
    expect(await sessionsOf(email)).toEqual([]);
  });

  it('ends all of them with --end, and no other user is signed out', async () => {
    const owner = await newOwner(app.api);
    const other = await newMember(owner);
    const { body } = await app.api.post('auth/login', { email: owner.email, password: PASSWORD });
    expect((await owner.api.get('products')).status).toBe(200); // cached from here on
    const { code, stdout } = await runCli(['users:sessions', owner.email, '--end'], { env: env() });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\n2 session\(s\) ended\n$/)]);
    for (const refreshToken of [owner.refreshToken, body.refreshToken as string])
      expect(problemIn(await app.api.post('auth/refresh', { refreshToken }))).toBe(
        '401 REFRESH_TOKEN_INVALID',
      );
    expect((await untilRefused(() => owner.api.get('products'))).problem).toBe('401 UNAUTHENTICATED');
    expect((await other.inShop.get('products')).status).toBe(200);
    expect(await sessionsOf(owner.email)).toEqual([]);
  });

  it('is in the audit log of each shop of the user, and of no other', async () => {
    const [ada, bob, stranger] = await Promise.all([newOwner(app.api), newOwner(app.api), newOwner(app.api)]);
    await ada.api.post(`shops/${ada.shop.id}/members`, { email: bob.email, role: 'staff' });
    await run('users:sessions', bob.email, '--end');
    await run('users:sessions', bob.email, '--end'); // nothing left to end
    const entries = await app.database.query<{ shop_id: string }>(
      `SELECT actor_id, shop_id, details FROM audit_log WHERE action = 'sessions.ended' AND details->>'userId' = $1`,
      [bob.user.id],
    );
    const details = { userId: bob.user.id, sessions: 1, by: 'command' };
    expect(entries).toHaveLength(2);
    expect(entries).toEqual(
      expect.arrayContaining([ada, bob].map(({ shop }) => ({ actor_id: null, shop_id: shop.id, details }))),
    );
    expect((await ada.api.get('audit?action=sessions.ended')).body.items).toMatchObject([{ details }]);
    expect((await stranger.api.get('audit?action=sessions.ended')).body.items).toEqual([]);
  });

  it('has an entry without a shop for a user who has none', async () => {
    const { email, id } = await newUser(app.api);
    await run('users:sessions', email, '--end');
    expect(
      await app.database.query(
        `SELECT shop_id FROM audit_log WHERE action = 'sessions.ended' AND details->>'userId' = $1`,
        [id],
      ),
    ).toEqual([{ shop_id: null }]);
  });

  it('refuses an unknown address', async () => {
    const { code, stdout, stderr } = await run('users:sessions', 'nobody@example.com');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('USER_NOT_FOUND');
  });
});
