import { newMember, newOrder, newOwner, newProduct, PASSWORD } from '../../support/factories';
import { backUp, restore, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { problemIn } from '../../support/problem';
import { runCli } from '../../support/program';
import { useTestApp } from '../../support/test-app';

describe('a backup of another installation', () => {
  const here = useTestApp();
  const there = useTestApp();
  const folder = useBackupFolder();

  it('finds members by e-mail, and gives the others an account that no password opens', async () => {
    const owner = await newOwner(here.api);
    const member = await newMember(owner, 'staff');
    const { id: productId } = await newProduct(owner.api);
    await newOrder(member.inShop, productId);
    const saved = await rowsOf(here, owner.shop.id);
    const file = await backUp(here, folder.path, owner.shop.id);

    const known = await there.api.post('auth/register', {
      email: owner.email,
      password: 'another good password',
    });
    expect(known.body.user.id).not.toBe(owner.user.id);
    const stranger = await newOwner(there.api);
    const strangers = await rowsOf(there, stranger.shop.id);
    const restored = await restore(there, { file });
    expect(restored).toMatchObject({ state: 'done', invited: [member.email] });
    const { members, ...rows } = await rowsOf(there, restored.id);
    const { members: savedMembers, ...savedRows } = saved;
    expect(rows).toEqual(savedRows);
    expect(members).toEqual(expect.arrayContaining(savedMembers!));
    expect(members).toHaveLength(savedMembers!.length + 1); // the owner has another id there
    expect(await rowsOf(there, stranger.shop.id)).toEqual(strangers);

    const entered = await there.api.as(known.body.accessToken).post('auth/switch', {
      shopId: restored.id,
      refreshToken: known.body.refreshToken,
    });
    const inside = there.api.as(entered.body.accessToken);
    expect((await inside.get('me')).body).toMatchObject({ shop: { role: 'owner' } });
    await newOrder(inside, productId);
    expect((await inside.get('orders')).body.items).toHaveLength(2);
    const listed = (await inside.get(`shops/${restored.id}/members`)).body.items as {
      email: string;
      role: string;
    }[];
    expect(listed.map(({ email, role }) => [email, role])).toEqual(
      expect.arrayContaining([
        [owner.email, 'owner'],
        [member.email, 'staff'],
      ]),
    );
    expect(listed).toHaveLength(2);

    for (const password of [PASSWORD, '!', ''])
      expect((await there.api.post('auth/login', { email: member.email, password })).status).not.toBe(200);
    const login = await there.api.post('auth/login', { email: member.email, password: PASSWORD });
    expect(problemIn(login)).toBe('401 INVALID_CREDENTIALS');
    const reset = await runCli(['users:reset-password', member.email], {
      env: { DATABASE_URL: there.database.url },
    });
    const token = /[\w-]{30,}/.exec(reset.stdout)![0]; // the command prints it
    const changed = await there.api.post('auth/reset-password', {
      token,
      newPassword: 'a wholly new password',
    });
    expect(changed.status).toBeLessThan(300);
    const again = await there.api.post('auth/login', {
      email: member.email,
      password: 'a wholly new password',
    });
    expect([again.status, again.body.user.email]).toEqual([200, member.email]);
  });

  it('may be restored twice, and an owner who is unknown can be let in', async () => {
    const owner = await newOwner(here.api);
    const file = await backUp(here, folder.path, owner.shop.id);
    expect(await restore(there, { file })).toMatchObject({ state: 'done', invited: [owner.email] });
    const second = await restore(there, { file, as: 'second-copy' });
    expect(second).toMatchObject({ state: 'done', invited: [] });
    const users = await there.database.query('SELECT FROM users WHERE email = $1', [owner.email]);
    expect(users).toHaveLength(1);
    const shops = await there.database.query(
      'SELECT FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = $1',
      [owner.email],
    );
    expect(shops).toHaveLength(2);
  });
});
