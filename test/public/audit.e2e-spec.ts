import { randomUUID } from 'node:crypto';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import type { Api } from '../support/api';
import { newMember, newOwner, newUser, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

interface Entry {
  id: string;
  at: string;
  action: string;
  actorId: string | null;
  requestId: string | null;
  details: Record<string, string>;
}

const app = useTestApp();

async function entries(api: Api, query = ''): Promise<Entry[]> {
  const { status, body } = await api.get(`audit?limit=100${query}`);
  expect(status).toBe(200);
  return body.items as Entry[];
}

const memberEntries = async (api: Api) =>
  (await entries(api)).filter(({ action }) => action.startsWith('member.'));

describe('GET /audit', () => {
  it('shows an owner the user, action and request of each entry', async () => {
    const [owner, { id, email }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const before = Date.now() - 1000;
    const { headers } = await owner.api.post(`shops/${owner.shop.id}/members`, { email, role: 'staff' });
    const [entry] = await entries(owner.api, '&action=member.added');
    expect(entry).toEqual({
      id: expect.any(String),
      at: expect.stringMatching(/Z$/),
      action: 'member.added',
      actorId: owner.user.id,
      requestId: headers.get('x-request-id'),
      details: { userId: id, role: 'staff' },
    });
    expect(Date.parse(entry!.at)).toBeGreaterThan(before);
  });

  it('lists the newest first, page by page', async () => {
    const owner = await newOwner(app.api);
    for (let i = 0; i < 3; i++) await newMember(owner);
    const all = (await entries(owner.api)).map(({ id }) => id);
    expect(all).toEqual(all.toSorted().toReversed());
    const paged: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await owner.api.get(`audit?limit=2${cursor}`);
      paged.push(...(body.items as Entry[]).map(({ id }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(paged).toEqual(all);
    expect(all.length).toBeGreaterThanOrEqual(3);
  });

  it('filters by action and by actor', async () => {
    const owner = await newOwner(app.api);
    const second = await newMember(owner, 'owner');
    const third = await newMember(owner);
    await second.api.delete(`shops/${owner.shop.id}/members/${third.id}`);
    const added = await entries(owner.api, '&action=member.added');
    expect(added.map(({ details }) => details['userId'])).toEqual([third.id, second.id]);
    const bySecond = await entries(owner.api, `&actorId=${second.id.toUpperCase()}&action=member.removed`);
    expect(bySecond.map(({ actorId }) => actorId)).toEqual([second.id]);
    expect(await entries(owner.api, `&actorId=${second.id}&action=member.added`)).toEqual([]);
  });

  it('refuses filters that cannot match anything', async () => {
    const { api } = await newOwner(app.api);
    for (const query of ['action=everything', 'actorId=me', 'action=member.added&action=member.removed'])
      expect(problemIn(await api.get(`audit?${query}`))).toBe('400 VALIDATION_FAILED');
  });

  it('is for owners and admins', async () => {
    const owner = await newOwner(app.api);
    const [staff, second] = [await newMember(owner), await newMember(owner, 'admin')];
    expect(problemIn(await staff.inShop.get('audit'))).toBe('403 ROLE_REQUIRED');
    expect((await second.inShop.get('audit')).status).toBe(200);
  });

  it('needs a token that names a shop', async () => {
    const { api } = await newUser(app.api);
    expect(problemIn(await api.get('audit'))).toBe('403 TENANT_REQUIRED');
    expect(problemIn(await app.api.get('audit'))).toBe('401 UNAUTHENTICATED');
  });

  it('never shows an entry of shop A in shop B, not even to a member of both', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await ada.api.post(`shops/${ada.shop.id}/members`, { email: bob.email, role: 'owner' });
    const { id } = await newMember({ ...ada, api: bob.api });
    const ofAda = await memberEntries(ada.api);
    expect(ofAda.map(({ actorId }) => actorId)).toEqual([bob.user.id, ada.user.id]);
    expect(await memberEntries(bob.api)).toEqual([]);
    expect(await entries(bob.api, `&actorId=${bob.user.id}&action=member.added`)).toEqual([]);
    expect(JSON.stringify(await entries(bob.api, `&cursor=${ofAda[0]!.id}`))).not.toContain(id);
  });
});

describe('an entry', () => {
  const add = ({ api, shop }: Owner, email: string) =>
    api.post(`shops/${shop.id}/members`, { email, role: 'staff' });

  /** Counts the rows that an addition left in `memberships`, in the shop and in the log. */
  async function traces({ shop }: Owner, userId: string): Promise<object> {
    const schema = `shop_${(shop.id as string).replaceAll('-', '')}`;
    const [counts] = await app.database.query(
      `SELECT (SELECT count(*)::int FROM memberships WHERE user_id = $1) AS memberships,
              (SELECT count(*)::int FROM ${schema}.members WHERE user_id = $1) AS members,
              (SELECT count(*)::int FROM audit_log WHERE details->>'userId' = $1::text) AS entries`,
      [userId],
    );
    return counts!; // an aggregate always has a row
  }

  it('exists if the action succeeds', async () => {
    const [owner, { id, email }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    await add(owner, email);
    expect(await traces(owner, id)).toEqual({ memberships: 1, members: 1, entries: 1 });
  });

  it('does not exist if the action is refused', async () => {
    const [owner, { id, email }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const staff = await newMember(owner);
    expect(problemIn(await add({ ...owner, api: staff.api }, email))).toBe('403 ROLE_REQUIRED');
    const path = `shops/${owner.shop.id}/members/${owner.user.id}`;
    expect(problemIn(await owner.api.delete(path))).toBe('409 LAST_OWNER');
    expect(await traces(owner, id)).toEqual({ memberships: 0, members: 0, entries: 0 });
    expect(await entries(owner.api, '&action=member.removed')).toEqual([]);
  });

  it('does not exist if the action fails at its very end', async () => {
    const [owner, { id, email }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    await app.database.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'at the end'; END $$;
      CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON memberships DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail();`);
    try {
      expect(problemIn(await add(owner, email))).toBe('500 INTERNAL_ERROR');
    } finally {
      await app.database.query('DROP FUNCTION fail CASCADE');
    }
    expect(await traces(owner, id)).toEqual({ memberships: 0, members: 0, entries: 0 });
    expect((await add(owner, email)).status).toBe(201);
  });

  it('that cannot be written fails the action', async () => {
    const [owner, { id, email }] = await Promise.all([newOwner(app.api), newUser(app.api)]);
    const { roles } = app.app.get<Installation>(INSTALLATION, { strict: false });
    const columns = 'id, action, actor_id, shop_id, request_id, details';
    await app.database.query(`REVOKE INSERT (${columns}) ON audit_log FROM ${roles.public}`);
    try {
      expect(problemIn(await add(owner, email))).toBe('500 INTERNAL_ERROR');
    } finally {
      await app.database.query(`GRANT INSERT (${columns}) ON audit_log TO ${roles.public}`);
    }
    expect(await traces(owner, id)).toEqual({ memberships: 0, members: 0, entries: 0 });
  });

  it('contains no address and no name', async () => {
    const owner = await newOwner(app.api);
    const { email } = await newMember(owner);
    const text = JSON.stringify(await entries(owner.api));
    expect(text).not.toContain(email);
    expect(text).not.toContain(owner.email);
  });

  it('of a deleted user is still shown', async () => {
    const owner = await newOwner(app.api);
    const { id } = await newMember(owner);
    await app.database.query('DELETE FROM users WHERE id = $1', [id]);
    expect((await memberEntries(owner.api)).map(({ details }) => details['userId'])).toEqual([id]);
  });

  it('of a shop that does not exist is shown to nobody', async () => {
    const owner = await newOwner(app.api);
    const id = randomUUID();
    await app.database.query(
      `INSERT INTO audit_log (id, action, shop_id, details) VALUES ($1, 'member.added', $2, '{}'), ($3, 'member.added', NULL, '{}')`,
      [id, randomUUID(), randomUUID()],
    );
    expect(await memberEntries(owner.api)).toEqual([]);
  });
});
