import { runHere } from '../support/command';
import { newMember, newOwner, newUser, type Owner } from '../support/factories';
import { runCli } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { untilRefused } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });
const env = () => ({ DATABASE_URL: app.database.url });
const command = ({ shop }: Owner, args: string[]) => ['shops:members', shop.slug as string, ...args];
const run = (owner: Owner, ...args: string[]) => runHere(command(owner, args), env());

/** Entries about members that the owner reads. */
async function audited({ api }: Owner): Promise<object[]> {
  const { items } = (await api.get('audit')).body as { items: { action: string; details: object }[] };
  return items
    .filter(({ action }) => action.startsWith('member.'))
    .map(({ action, details }) => ({ action, ...details }));
}

describe('shops:members', () => {
  it('lists the members with their roles', async () => {
    const owner = await newOwner(app.api);
    const staff = await newMember(owner);
    const { code, stdout } = await run(owner, '--json');
    const { members } = JSON.parse(stdout) as { members: object[] };
    expect(code).toBe(0);
    expect(members).toEqual((await owner.api.get(`shops/${owner.shop.id}/members`)).body.items);
    const lines = (await run(owner)).stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^e-mail +role +name +since$/);
    expect(lines.join('\n')).toMatch(new RegExp(`^${staff.email} +staff `, 'm'));
    expect(lines.at(-1)).toBe('2 member(s)');
  });

  it('adds a user, changes the role and removes the member, and the owner reads all of it', async () => {
    const owner = await newOwner(app.api);
    const user = await newUser(app.api);
    expect((await run(owner, '--add', user.email.toUpperCase(), '--role', 'staff')).stdout).toMatch(
      new RegExp(`^${user.email} is staff$`, 'm'),
    );
    const { body } = await user.api.post('auth/switch', {
      shopId: owner.shop.id,
      refreshToken: user.refreshToken,
    });
    const inShop = app.api.as(body.accessToken as string);
    expect((await inShop.get('products')).status).toBe(200);
    expect((await run(owner, '--add', user.email, '--role', 'staff')).stdout).toContain(' is already staff');
    const changed = await run(owner, '--add', user.email, '--role', 'admin', '--json');
    expect(JSON.parse(changed.stdout)).toMatchObject({
      change: { what: 'is admin', member: { role: 'admin' } },
    });
    expect((await run(owner, '--remove', user.email)).stdout).toContain(
      `${user.email} is no longer a member`,
    );
    expect((await untilRefused(() => inShop.get('products'))).problem).toBe('403 NOT_A_MEMBER');
    const about = { userId: user.id, by: 'command' };
    expect(await audited(owner)).toEqual([
      { action: 'member.removed', role: 'admin', ...about },
      { action: 'member.changed', role: 'admin', ...about },
      { action: 'member.added', role: 'staff', ...about },
    ]);
  });

  it('keeps the last owner', async () => {
    const owner = await newOwner(app.api);
    for (const options of [
      ['--remove', owner.email],
      ['--add', owner.email, '--role', 'staff'],
    ]) {
      const { code, stdout, stderr } = await runHere(command(owner, options), env());
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('LAST_OWNER');
    }
    const second = await newMember(owner, 'owner');
    const both = await Promise.all(
      [owner, second].map(({ email }) => runCli(command(owner, ['--remove', email]), { env: env() })),
    );
    expect(both.map(({ code }) => code)).toEqual(expect.arrayContaining([0, 1]));
  });

  it('refuses unknown users, strangers, and options that do not go together', async () => {
    const [owner, stranger] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const refusal = async (...options: string[]) => (await runHere(command(owner, options), env())).stderr;
    expect(await refusal('--add', 'nobody@example.com', '--role', 'staff')).toContain('USER_NOT_FOUND');
    expect(await refusal('--remove', 'nobody@example.com')).toContain('USER_NOT_FOUND');
    expect(await refusal('--remove', stranger.email)).toContain('MEMBER_NOT_FOUND');
    expect(await refusal('--add', stranger.email)).toContain('--add and --role need each other');
    expect(await refusal('--role', 'staff')).toContain('--add and --role need each other');
    expect(await refusal('--add', stranger.email, '--role', 'king')).toContain('--role');
    expect(await refusal('--add', 'x', '--role', 'staff')).toContain('VALIDATION_FAILED');
    expect(await refusal('--add', stranger.email, '--role', 'staff', '--remove', owner.email)).toContain(
      'not both',
    );
    expect(await audited(owner)).toEqual([]);
  });

  it('leaves the shops beside it alone', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await run(ada, '--add', bob.email, '--role', 'staff');
    expect(await audited(bob)).toEqual([]);
    expect((await bob.api.get(`shops/${bob.shop.id}/members`)).body.items).toHaveLength(1);
  });
});
