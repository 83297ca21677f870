import { randomUUID } from 'node:crypto';
import type { Answer, Api } from '../support/api';
import {
  created,
  newMember,
  newOrder,
  newOwner,
  newUser,
  newProduct,
  type Owner,
} from '../support/factories';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const RIVALS = 20;

const app = useTestApp({}, { times: CACHE_TIMES });

const members = ({ shop }: Owner, userId?: string) =>
  `shops/${shop.id}/members${userId === undefined ? '' : `/${userId}`}`;

/** Reads a user's row in the shop's own table. */
function rowInShop({ shop }: Owner, userId: string): Promise<{ name: string; role: string }[]> {
  const schema = `shop_${(shop.id as string).replaceAll('-', '')}`;
  return app.database.query(`SELECT name, role FROM ${schema}.members WHERE user_id = $1`, [userId]);
}

async function rolesIn(owner: Owner, api: Api = owner.api): Promise<Record<string, string>> {
  const { items } = (await api.get(members(owner))).body as { items: { userId: string; role: string }[] };
  return Object.fromEntries(items.map(({ userId, role }) => [userId, role]));
}

/** Reads the audit log of a shop, oldest first, without ids and times. */
function entriesOf({ shop }: Owner): Promise<object[]> {
  return app.database.query(
    `SELECT action, actor_id, details FROM audit_log WHERE shop_id = $1 AND action LIKE 'member.%' ORDER BY id`,
    [shop.id],
  );
}

describe('POST /shops/:id/members', () => {
  it('adds a registered user', async () => {
    const [owner, person] = await Promise.all([newOwner(app.api), newUser(app.api, { name: 'Grace' })]);
    const { status, body } = await owner.api.post(members(owner), { email: person.email, role: 'staff' });
    expect(status).toBe(201);
    expect(body).toEqual({
      userId: person.id,
      email: person.email,
      name: 'Grace',
      role: 'staff',
      createdAt: expect.stringMatching(/Z$/),
    });
    expect(await rowInShop(owner, person.id)).toEqual([{ name: 'Grace', role: 'staff' }]);
  });

  it('accepts the address in any case', async () => {
    const [owner, person] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const email = person.email.toUpperCase();
    expect((await owner.api.post(members(owner), { email, role: 'owner' })).status).toBe(201);
  });

  it.each(['owner', 'admin', 'staff', 'read_only'] as const)(
    'adds one as %s, in the shop too',
    async (role) => {
      const owner = await newOwner(app.api);
      const { id } = await newMember(owner, role);
      expect((await rolesIn(owner))[id]).toBe(role);
      expect(await rowInShop(owner, id)).toMatchObject([{ role }]);
    },
  );

  it('lets staff take an order', async () => {
    const owner = await newOwner(app.api);
    const { inShop } = await newMember(owner);
    const product = await newProduct(owner.api);
    expect(await newOrder(inShop, product.id)).toMatchObject({ number: 1 });
  });

  it.each([`O'Brien"; DROP TABLE members; --`, `'); DELETE FROM public.users; --`, '%I $1 \\ 🛒'])(
    'keeps the name %j as it is',
    async (name) => {
      const [owner, person] = await Promise.all([newOwner(app.api), newUser(app.api, { name })]);
      created(await owner.api.post(members(owner), { email: person.email, role: 'staff' }));
      expect(await rowInShop(owner, person.id)).toEqual([{ name, role: 'staff' }]);
    },
  );

  it('refuses an address that is not registered', async () => {
    const owner = await newOwner(app.api);
    const body = { email: `${randomUUID()}@example.com`, role: 'staff' };
    expect(problemIn(await owner.api.post(members(owner), body))).toBe('404 USER_NOT_FOUND');
  });

  it('refuses a member and leaves the role as it was', async () => {
    const owner = await newOwner(app.api);
    const { email, id } = await newMember(owner);
    const again = await owner.api.post(members(owner), { email, role: 'owner' });
    expect(problemIn(again)).toBe('409 ALREADY_A_MEMBER');
    expect(await rolesIn(owner)).toEqual({ [owner.user.id]: 'owner', [id]: 'staff' });
  });

  it('adds a user once when twenty requests add them at once', async () => {
    const [owner, { email, id }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const answers = await atOnce(() => owner.api.post(members(owner), { email, role: 'staff' }));
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(problemIn)).toEqual(Array(RIVALS - 1).fill('409 ALREADY_A_MEMBER'));
    expect(await entriesOf(owner)).toEqual([
      { action: 'member.added', actor_id: owner.user.id, details: { userId: id, role: 'staff' } },
    ]);
  });

  it('adds a removed member again, with the present role and name', async () => {
    const owner = await newOwner(app.api);
    const { email, id } = await newMember(owner);
    await owner.api.delete(members(owner, id));
    await app.database.query(`UPDATE users SET name = 'New name' WHERE id = $1`, [id]);
    expect((await owner.api.post(members(owner), { email, role: 'owner' })).status).toBe(201);
    expect(await rowInShop(owner, id)).toEqual([{ name: 'New name', role: 'owner' }]);
  });

  it('leaves nothing if the row in the shop cannot be written', async () => {
    const [owner, { email }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const schema = `shop_${(owner.shop.id as string).replaceAll('-', '')}`;
    await app.database.query(`ALTER TABLE ${schema}.members RENAME TO elsewhere`);
    const refused = await owner.api.post(members(owner), { email, role: 'staff' });
    expect(problemIn(refused)).toBe('500 INTERNAL_ERROR');
    expect(Object.keys(await rolesIn(owner))).toEqual([owner.user.id]);
    expect(await entriesOf(owner)).toEqual([]);
  });
});

describe('GET /shops/:id/members', () => {
  it('lists owners and staff to each of them, by id, page by page', async () => {
    const owner = await newOwner(app.api);
    const added = [await newMember(owner), await newMember(owner, 'owner'), await newMember(owner)];
    const ids = [owner.user.id as string, ...added.map(({ id }) => id)].toSorted();
    const first = await added[0]!.api.get(`${members(owner)}?limit=3`);
    const rest = await added[0]!.api.get(`${members(owner)}?limit=3&cursor=${first.body.nextCursor}`);
    expect([first.status, idsOf(first), idsOf(rest)]).toEqual([200, ids.slice(0, 3), ids.slice(3)]);
    expect(rest.body.nextCursor).toBeNull();
  });

  it('refuses a cursor of another list', async () => {
    const owner = await newOwner(app.api);
    expect(problemIn(await owner.api.get(`${members(owner)}?cursor=1`))).toBe('400 INVALID_CURSOR');
  });
});

describe('PATCH /shops/:id/members/:userId', () => {
  it('changes the role, in the shop too', async () => {
    const owner = await newOwner(app.api);
    const { id, api } = await newMember(owner);
    const { status, body } = await owner.api.patch(members(owner, id), { role: 'owner' });
    expect([status, body.userId, body.role]).toEqual([200, id, 'owner']);
    expect(await rowInShop(owner, id)).toMatchObject([{ role: 'owner' }]);
    expect((await api.patch(`shops/${owner.shop.id}`, { name: 'Ours' })).status).toBe(200);
  });

  it('changes and records nothing if the role is the same', async () => {
    const owner = await newOwner(app.api);
    expect((await owner.api.patch(members(owner, owner.user.id), { role: 'owner' })).status).toBe(200);
    expect(await entriesOf(owner)).toEqual([]);
  });

  it('refuses a user who is not a member', async () => {
    const [owner, { id }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const refused = await owner.api.patch(members(owner, id), { role: 'owner' });
    expect(problemIn(refused)).toBe('404 MEMBER_NOT_FOUND');
  });

  it('refuses to make the last owner staff', async () => {
    const owner = await newOwner(app.api);
    await newMember(owner);
    const refused = await owner.api.patch(members(owner, owner.user.id), { role: 'staff' });
    expect(problemIn(refused)).toBe('409 LAST_OWNER');
    expect(await rowInShop(owner, owner.user.id)).toMatchObject([{ role: 'owner' }]);
  });
});

describe('DELETE /shops/:id/members/:userId', () => {
  it('removes a member, whose orders stay', async () => {
    const owner = await newOwner(app.api);
    const { id, api, inShop } = await newMember(owner);
    const order = await newOrder(inShop, (await newProduct(owner.api)).id);
    expect((await owner.api.delete(members(owner, id))).status).toBe(204);
    expect(await rolesIn(owner)).toEqual({ [owner.user.id]: 'owner' });
    expect(problemIn(await api.get(`shops/${owner.shop.id}`))).toBe('404 SHOP_NOT_FOUND');
    expect((await owner.api.get(`orders/${order.id}`)).body).toEqual(order);
    expect(await rowInShop(owner, id)).toHaveLength(1);
  });

  it('closes the routes of the shop within seconds', async () => {
    const owner = await newOwner(app.api);
    const { id, inShop } = await newMember(owner);
    expect((await inShop.get('products')).status).toBe(200); // cached from here on
    await owner.api.delete(members(owner, id));
    const refused = await until(
      () => inShop.get('products'),
      ({ status }) => status !== 200,
    );
    expect(problemIn(refused)).toBe('403 NOT_A_MEMBER');
  });

  it('lets staff leave, by an id in any case', async () => {
    const owner = await newOwner(app.api);
    const { id, api } = await newMember(owner);
    expect((await api.delete(members(owner, id.toUpperCase()))).status).toBe(204);
    expect(await rolesIn(owner)).toEqual({ [owner.user.id]: 'owner' });
  });

  it('refuses a user who is not a member', async () => {
    const owner = await newOwner(app.api);
    expect(problemIn(await owner.api.delete(members(owner, randomUUID())))).toBe('404 MEMBER_NOT_FOUND');
  });

  it('refuses to remove the last owner, who may leave if there is another', async () => {
    const owner = await newOwner(app.api);
    expect(problemIn(await owner.api.delete(members(owner, owner.user.id)))).toBe('409 LAST_OWNER');
    await newMember(owner, 'owner');
    expect((await owner.api.delete(members(owner, owner.user.id))).status).toBe(204);
  });

  it('leaves one of two owners who remove each other at once', async () => {
    for (let round = 0; round < RIVALS; round++) {
      const owner = await newOwner(app.api);
      const other = await newMember(owner, 'owner');
      const answers = await Promise.all([
        owner.api.delete(members(owner, other.id)),
        other.api.delete(members(owner, owner.user.id)),
      ]);
      expect(answers.map(outcomeOf).toSorted()).toEqual(['204', '404 SHOP_NOT_FOUND']);
      expect(await ownersIn(owner)).toBe(1);
    }
  });

  it('leaves one of twenty owners who all leave at once', async () => {
    const owner = await newOwner(app.api);
    const others = await Promise.all(Array.from({ length: RIVALS - 1 }, () => newMember(owner, 'owner')));
    const all = [{ api: owner.api, id: owner.user.id as string }, ...others];
    const answers = await Promise.all(all.map(({ api, id }) => api.delete(members(owner, id))));
    const left = Array<string>(RIVALS - 1).fill('204');
    expect(answers.map(outcomeOf).toSorted()).toEqual([...left, '409 LAST_OWNER']);
    expect(await ownersIn(owner)).toBe(1);
  });

  it('leaves one of two owners who make each other staff at once', async () => {
    const owner = await newOwner(app.api);
    const other = await newMember(owner, 'owner');
    const answers = await Promise.all([
      owner.api.patch(members(owner, other.id), { role: 'staff' }),
      other.api.patch(members(owner, owner.user.id), { role: 'staff' }),
    ]);
    expect(answers.map(outcomeOf).toSorted()).toEqual(['200', '403 ROLE_REQUIRED']);
  });
});

describe('the members of a shop', () => {
  const routes: [string, (api: Api, owner: Owner, shopId: string) => Promise<Answer>][] = [
    ['GET', (api, _, shopId) => api.get(`shops/${shopId}/members`)],
    ['POST', (api, { email }, shopId) => api.post(`shops/${shopId}/members`, { email, role: 'owner' })],
    ['PATCH', (api, { user }, shopId) => api.patch(`shops/${shopId}/members/${user.id}`, { role: 'staff' })],
    ['DELETE', (api, { user }, shopId) => api.delete(`shops/${shopId}/members/${user.id}`)],
  ];

  it.each(routes)('are closed to %s from another shop as if the shop did not exist', async (_, call) => {
    const [owner, stranger] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const [foreign, missing] = await Promise.all([
      call(stranger.api, owner, owner.shop.id),
      call(stranger.api, owner, randomUUID()),
    ]);
    expect(problemIn(foreign)).toBe('404 SHOP_NOT_FOUND');
    expect({ ...foreign.body, instance: null }).toEqual({ ...missing.body, instance: null });
    expect(await rolesIn(owner)).toEqual({ [owner.user.id]: 'owner' });
  });

  it.each(routes.slice(1))('are closed to %s by staff', async (_, call) => {
    const owner = await newOwner(app.api);
    const { api, id } = await newMember(owner);
    expect(problemIn(await call(api, owner, owner.shop.id))).toBe('403 ROLE_REQUIRED');
    expect(await rolesIn(owner)).toEqual({ [owner.user.id]: 'owner', [id]: 'staff' });
  });

  it.each(routes)('need an access token at %s', async (_, call) => {
    const owner = await newOwner(app.api);
    expect(problemIn(await call(app.api, owner, owner.shop.id))).toBe('401 UNAUTHENTICATED');
  });

  it('can be managed by the owner while the shop is suspended', async () => {
    const [owner, { email, id }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    await app.database.query(`UPDATE shops SET status = 'suspended' WHERE id = $1`, [owner.shop.id]);
    const answers = [
      await owner.api.post(members(owner), { email, role: 'staff' }),
      await owner.api.get(members(owner)),
      await owner.api.patch(members(owner, id), { role: 'owner' }),
      await owner.api.delete(members(owner, id)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 204]);
  });

  it('have every change recorded with its user and request', async () => {
    const owner = await newOwner(app.api);
    const { id } = await newMember(owner);
    await owner.api.patch(members(owner, id), { role: 'owner' });
    const removed = await owner.api.delete(members(owner, id));
    const actor_id = owner.user.id;
    expect(await entriesOf(owner)).toEqual([
      { action: 'member.added', actor_id, details: { userId: id, role: 'staff' } },
      { action: 'member.changed', actor_id, details: { userId: id, role: 'owner' } },
      { action: 'member.removed', actor_id, details: { userId: id, role: 'owner' } },
    ]);
    const [last] = await app.database.query(
      `SELECT request_id FROM audit_log WHERE shop_id = $1 ORDER BY id DESC LIMIT 1`,
      [owner.shop.id],
    );
    expect(last).toEqual({ request_id: removed.headers.get('x-request-id') });
  });
});

function idsOf({ body }: Answer): string[] {
  return (body.items as { userId: string }[]).map(({ userId }) => userId);
}

function outcomeOf(answer: Answer): string {
  return answer.status < 300 ? String(answer.status) : problemIn(answer);
}

async function ownersIn({ shop }: Owner): Promise<number> {
  const owners = await app.database.query(`SELECT FROM memberships WHERE shop_id = $1 AND role = 'owner'`, [
    shop.id,
  ]);
  return owners.length;
}

function atOnce(call: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: RIVALS }, call));
}
