import { randomUUID } from 'node:crypto';
import { type OpenStatus, ShopStatusService } from '../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../src/tenancy/audit-log';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { CustomersService } from '../../src/tenant/customers/customers.service';
import { created, newMember, newOwner, newShop, newUser, type Owner, PASSWORD } from '../support/factories';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { startTestApp, useTestApp } from '../support/test-app';
import { claimsOf } from '../support/tokens';
import { until } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });
const statuses = () => app.app.get(ShopStatusService);
const remove = ({ shop }: Owner) => statuses().remove(shop.slug, BY_COMMAND);
const undelete = ({ shop }: Owner) => statuses().undelete(shop.slug, BY_COMMAND);
const update = ({ shop }: Owner, status: OpenStatus) => statuses().update(shop.slug, status, BY_COMMAND);

async function rowOf({ shop }: Owner) {
  const [row] = await app.database.query<{ status: string; deleted_at: Date | null }>(
    'SELECT status, deleted_at FROM shops WHERE id = $1',
    [shop.id],
  );
  return row!;
}

async function actionsOf({ shop }: Owner): Promise<unknown[]> {
  const entries = await app.database.query<{ action: string; actor_id: string | null; details: object }>(
    `SELECT action, details FROM audit_log
     WHERE shop_id = $1 AND action LIKE 'shop.%' AND action <> 'shop.created' ORDER BY id`,
    [shop.id],
  );
  return entries.map(({ action, details }) => [action, details]);
}

const OPEN: OpenStatus[] = ['active', 'read_only', 'suspended'];
const ACTIONS = { active: 'shop.resumed', read_only: 'shop.read_only', suspended: 'shop.suspended' };

describe('the status of a shop', () => {
  const moves = OPEN.flatMap((from) => OPEN.filter((to) => to !== from).map((to) => [from, to] as const));

  it.each(moves)('goes from %s to %s, once, with an entry', async (from, to) => {
    const owner = await newOwner(app.api);
    await update(owner, from);
    const before = (await actionsOf(owner)).length;
    const { id, slug } = owner.shop;
    expect(await update(owner, to)).toEqual({ id, slug, status: to, hasChanged: true });
    expect(await update(owner, to)).toEqual({ id, slug, status: to, hasChanged: false });
    expect(await rowOf(owner)).toEqual({ status: to, deleted_at: null });
    expect((await actionsOf(owner)).slice(before)).toEqual([[ACTIONS[to], { by: 'command' }]]);
  });

  it.each(OPEN)('comes back as %s after a deletion', async (status) => {
    const owner = await newOwner(app.api);
    await update(owner, status);
    const before = (await actionsOf(owner)).length;
    expect(await remove(owner)).toMatchObject({ status: 'deleted', hasChanged: true });
    expect(await rowOf(owner)).toEqual({ status: 'deleted', deleted_at: expect.any(Date) });
    expect(await undelete(owner)).toMatchObject({ status, hasChanged: true });
    expect(await rowOf(owner)).toEqual({ status, deleted_at: null });
    expect((await actionsOf(owner)).slice(before)).toEqual([
      ['shop.deleted', { by: 'command', from: status }],
      ['shop.undeleted', { by: 'command' }],
    ]);
  });

  it('comes back as it was before the last of several deletions', async () => {
    const owner = await newOwner(app.api);
    await remove(owner);
    await undelete(owner);
    await update(owner, 'suspended');
    await remove(owner);
    expect(await undelete(owner)).toMatchObject({ status: 'suspended' });
  });

  it('keeps the time of the first deletion when it is repeated', async () => {
    const owner = await newOwner(app.api);
    await remove(owner);
    const { deleted_at } = await rowOf(owner);
    expect(await remove(owner)).toMatchObject({ status: 'deleted', hasChanged: false });
    expect((await rowOf(owner)).deleted_at).toEqual(deleted_at);
    expect(await actionsOf(owner)).toHaveLength(1);
  });

  it('stays what it is when a shop that is not deleted is undeleted', async () => {
    const owner = await newOwner(app.api);
    await update(owner, 'suspended');
    expect(await undelete(owner)).toMatchObject({ status: 'suspended', hasChanged: false });
  });

  it.each(OPEN)('does not go from deleted to %s without undelete', async (status) => {
    const owner = await newOwner(app.api);
    await remove(owner);
    await expect(update(owner, status)).rejects.toThrow('is deleted');
    expect((await rowOf(owner)).status).toBe('deleted');
  });

  it('is not opened by a program that does not know deleted shops', async () => {
    const owner = await newOwner(app.api);
    await remove(owner);
    const resume = app.database.query(`UPDATE shops SET status = 'active' WHERE id = $1`, [owner.shop.id]);
    await expect(resume).rejects.toMatchObject({ code: '23514' });
  });

  it('changes once when it is deleted twenty times at once', async () => {
    const owner = await newOwner(app.api);
    const changes = await Promise.all(Array.from({ length: 20 }, () => remove(owner)));
    expect(changes.filter(({ hasChanged }) => hasChanged)).toHaveLength(1);
    expect(await actionsOf(owner)).toHaveLength(1);
  });

  it('is recorded with the actor and the request', async () => {
    const owner = await newOwner(app.api);
    const actor = { actorId: null, requestId: 'r-1', details: { by: 'operator', operatorId: randomUUID() } };
    await statuses().update(owner.shop.id, 'suspended', actor);
    const entries = await app.database.query(
      `SELECT actor_id, request_id, details FROM audit_log WHERE shop_id = $1 AND action = 'shop.suspended'`,
      [owner.shop.id],
    );
    expect(entries).toEqual([{ actor_id: null, request_id: 'r-1', details: actor.details }]);
  });
});

describe('a deleted shop', () => {
  it('closes its routes in every process within the time of the cache, and opens them again', async () => {
    const owner = await newOwner(app.api);
    const other = await startTestApp({}, { database: app.database, times: CACHE_TIMES });
    try {
      const apis = [owner.api, other.api.as(owner.accessToken)];
      for (const api of apis) expect((await api.get('products')).status).toBe(200); // cached from here on
      await remove(owner);
      for (const api of apis) {
        const refused = await until(
          () => api.get('products'),
          ({ status }) => status !== 200,
        );
        expect(problemIn(refused)).toBe('403 NOT_A_MEMBER');
      }
      await undelete(owner);
      for (const api of apis) expect((await api.get('products')).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('looks to its owner like a shop that does not exist', async () => {
    const owner = await newOwner(app.api);
    const member = await newMember(owner);
    await remove(owner);
    const asked = (id: string) => {
      const { api } = owner;
      const path = `shops/${id}`;
      return [
        api.get(path),
        api.patch(path, { name: 'Renamed' }),
        api.get(`${path}/members`),
        api.post(`${path}/members`, { email: member.email, role: 'staff' }),
        api.patch(`${path}/members/${member.id}`, { role: 'admin' }),
        api.delete(`${path}/members/${member.id}`),
        app.api.post('auth/login', { email: owner.email, password: PASSWORD, shopId: id }),
        api.post('auth/switch', { shopId: id, refreshToken: owner.refreshToken }),
      ];
    };
    const answers = await Promise.all(asked(owner.shop.id));
    const missing = await Promise.all(asked(randomUUID()));
    expect(answers.map(problemIn)).toEqual(Array(8).fill('404 SHOP_NOT_FOUND'));
    const bare = ({ body }: { body: object }) => ({ ...body, instance: null });
    expect(answers.map(bare)).toEqual(missing.map(bare));
    expect((await owner.api.get('shops')).body.items).toEqual([]);
    expect((await owner.api.get('me')).body).toMatchObject({ shop: null, shops: [] });
  });

  it('is left out of a login, which opens another shop of the user', async () => {
    const first = await newOwner(app.api);
    const second = await newShop(first);
    await remove(first);
    const { body } = await app.api.post('auth/login', { email: first.email, password: PASSWORD });
    expect([body.shop.id, claimsOf(body.accessToken).shop_id]).toEqual([second.shop.id, second.shop.id]);
    expect(body.shops).toHaveLength(1);
    expect((await second.api.get('shops?limit=1')).body).toMatchObject({ items: [{ id: second.shop.id }] });
  });

  it('leaves a user who has no other with a token that names none', async () => {
    const owner = await newOwner(app.api);
    await remove(owner);
    const login = await app.api.post('auth/login', { email: owner.email, password: PASSWORD });
    const refreshed = await app.api.post('auth/refresh', { refreshToken: owner.refreshToken });
    for (const { status, body } of [login, refreshed])
      expect([status, body.shop, claimsOf(body.accessToken).shop_id]).toEqual([200, null, undefined]);
  });

  it('keeps its slug', async () => {
    const owner = await newOwner(app.api);
    const other = await newOwner(app.api);
    await remove(owner);
    const { slug } = owner.shop;
    expect(problemIn(await other.api.post('shops', { name: 'Heir', slug }))).toBe('409 SLUG_TAKEN');
    expect(problemIn(await other.api.patch(`shops/${other.shop.id}`, { slug }))).toBe('409 SLUG_TAKEN');
  });

  it('lets no command in', async () => {
    const owner = await newOwner(app.api);
    await remove(owner);
    const entering = app.app.get(TenantSession).resolve(CustomersService, owner.shop.slug);
    await expect(entering).rejects.toMatchObject({ kind: { code: 'SHOP_NOT_FOUND' } });
  });

  it('keeps its data and its members', async () => {
    const owner = await newOwner(app.api);
    const { inShop } = await newMember(owner);
    created(await owner.api.post('customers', { name: 'Grace' }));
    await remove(owner);
    await undelete(owner);
    expect((await inShop.get('customers')).body.items).toMatchObject([{ name: 'Grace' }]);
  });

  it('leaves the shops beside it alone', async () => {
    const [owner, other] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    const { email } = await newUser(app.api);
    await remove(owner);
    expect((await other.api.get('products')).status).toBe(200);
    created(await other.api.post(`shops/${other.shop.id}/members`, { email, role: 'staff' }));
  });
});
