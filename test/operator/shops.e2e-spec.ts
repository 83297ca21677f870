import { newMember, newOrder, newOwner, newProduct, newUser } from '../support/factories';
import { rowsOf, runnerOf, useBackupFolder } from '../support/lifecycle';
import { newOperator, type TestOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path }, { times: CACHE_TIMES });
const operators = useOperators(app);

let ada: TestOperator;
let grace: TestOperator;
beforeAll(async () => {
  ada = await newOperator(app, operators, 'administrator');
  grace = await newOperator(app, operators, 'operator');
});

/** Entries of a shop's audit log as its owner reads them, newest first. */
async function auditOf(owner: { api: { get(path: string): Promise<{ body: { items: object[] } }> } }) {
  return (await owner.api.get('audit')).body.items;
}

describe('shops', () => {
  it('are listed in pages, in each order, without gaps or repetitions', async () => {
    for (let i = 0; i < 5; i++) await newOwner(app.api, { name: `Same name ${i % 2}` });
    const [seller] = [await newOwner(app.api)];
    await newOrder(seller.api, (await newProduct(seller.api)).id);
    const all = (await app.database.query('SELECT FROM shops')).length;
    for (const sort of ['created', 'name', 'size', 'last-order']) {
      const seen: { id: string; name: string }[] = [];
      let cursor = '';
      do {
        const { status, body } = await grace.api.get(`shops?sort=${sort}&limit=2${cursor}`);
        expect([sort, status]).toEqual([sort, 200]);
        seen.push(...body.items);
        cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
      } while (cursor !== '');
      expect(new Set(seen.map(({ id }) => id)).size).toBe(all);
      expect(seen).toHaveLength(all);
      if (sort === 'last-order') expect(seen[0]!.id).toBe(seller.shop.id);
      if (sort === 'created') expect(seen[0]!.id).toBe(seller.shop.id);
      if (sort === 'name')
        expect(seen.map(({ name }) => name)).toEqual(seen.map(({ name }) => name).toSorted());
    }
  });

  it('are filtered by status', async () => {
    const owner = await newOwner(app.api);
    await grace.api.post(`shops/${owner.shop.slug}/suspend`);
    const { items } = (await grace.api.get('shops?status=suspended')).body;
    expect(items).toEqual([expect.objectContaining({ id: owner.shop.id, status: 'suspended', members: 1 })]);
  });

  it.each([
    '!',
    'WyJuYW1lIiwiXHUwMDAwIiwiIl0',
    'WyJzaXplIiwiMSIsIjAxOThjMGRlLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMCJd',
  ])('refuse a cursor of another list: %s', async (cursor) => {
    expect(problemIn(await grace.api.get(`shops?sort=name&cursor=${cursor}`))).toBe('400 INVALID_CURSOR');
  });

  it('are shown by slug, id and former slug, with the rows of each table', async () => {
    const owner = await newOwner(app.api);
    await newProduct(owner.api);
    const former = owner.shop.slug as string;
    const renamed = await grace.api.patch(`shops/${former}`, { slug: `${former}-2` });
    expect(renamed.body).toMatchObject({ slug: `${former}-2`, formerSlug: former });
    for (const name of [former, `${former}-2`, owner.shop.id, owner.shop.id.toUpperCase()]) {
      const { status, body } = await grace.api.get(`shops/${name}`);
      expect([status, body.id]).toEqual([200, owner.shop.id]);
      expect(body.tables).toContainEqual(
        expect.objectContaining({ name: 'products', rows: 1, isExact: true }),
      );
    }
    expect(problemIn(await grace.api.get('shops/no-such-shop'))).toBe('404 SHOP_NOT_FOUND');
    expect(problemIn(await grace.api.get('shops/No%20Slug'))).toBe('400 VALIDATION_FAILED');
  });

  it('are created for a registered user, who finds the operator in the audit log', async () => {
    const user = await newUser(app.api);
    const { status, body } = await grace.api.post('shops', { name: 'Tea House', owner: user.email });
    expect([status, body.slug]).toEqual([201, 'tea-house']);
    const inside = await user.api.post('auth/switch', { shopId: body.id, refreshToken: user.refreshToken });
    const entries = await auditOf({ api: app.api.as(inside.body.accessToken) });
    expect(entries).toContainEqual(
      expect.objectContaining({
        action: 'shop.created',
        actorId: grace.id,
        requestId: expect.any(String),
        details: { by: 'operator', userId: user.user.id },
      }),
    );
    expect(JSON.stringify(entries)).not.toContain(grace.email);
  });

  it('are suspended, made read-only and resumed, and their owners see by whom', async () => {
    const owner = await newOwner(app.api);
    const { slug } = owner.shop;
    const readable = async (wanted: number) =>
      until(
        async () => (await owner.api.get('products')).status,
        (status) => status === wanted,
      );
    expect((await grace.api.post(`shops/${slug}/suspend`)).body).toMatchObject({ hasChanged: true });
    await readable(403);
    expect((await grace.api.post(`shops/${slug}/suspend`)).body).toMatchObject({ hasChanged: false });
    await grace.api.post(`shops/${slug}/read-only`);
    await readable(200);
    await grace.api.post(`shops/${slug}/resume`);
    const entries = await auditOf(owner);
    expect(entries.slice(0, 3)).toEqual(
      ['shop.resumed', 'shop.read_only', 'shop.suspended'].map((action) =>
        expect.objectContaining({ action, actorId: grace.id, details: { by: 'operator' } }),
      ),
    );
    const shown = (await grace.api.get(`shops/${slug}/audit?action=shop.suspended`)).body.items;
    expect(shown).toEqual([entries[2]]);
  });

  it('are deleted and undeleted by administrators who repeat the slug', async () => {
    const owner = await newOwner(app.api);
    const { slug, id } = owner.shop;
    const path = `shops/${id}/delete`;
    expect(problemIn(await grace.api.post(path, { confirm: slug }))).toBe('403 OPERATOR_ROLE_REQUIRED');
    expect(problemIn(await ada.api.post(path))).toBe('400 VALIDATION_FAILED');
    for (const wrong of [id, `${slug}-2`])
      expect(problemIn(await ada.api.post(path, { confirm: wrong }))).toBe('409 CONFIRMATION_WRONG');
    expect((await owner.api.get('products')).status).toBe(200);
    expect((await ada.api.post(path, { confirm: slug })).body).toMatchObject({ status: 'deleted' });
    await until(
      async () => (await owner.api.get('products')).status,
      (status) => status === 403,
    );
    expect(problemIn(await ada.api.post(`shops/${slug}/resume`))).toBe('409 SHOP_DELETED');
    expect((await ada.api.post(`shops/${slug}/undelete`)).body).toMatchObject({ status: 'active' });
    const actions = (await auditOf(owner)).map((entry) => [
      (entry as { action: string }).action,
      (entry as { actorId: string }).actorId,
    ]);
    expect(actions.slice(0, 2)).toEqual([
      ['shop.undeleted', ada.id],
      ['shop.deleted', ada.id],
    ]);
  });
});

describe('members and users', () => {
  it('are added, changed and removed', async () => {
    const owner = await newOwner(app.api);
    const user = await newUser(app.api);
    const path = `shops/${owner.shop.slug}/members`;
    const added = await grace.api.post(path, { email: user.email, role: 'staff' });
    expect(added.body).toMatchObject({ hasChanged: true, member: { email: user.email, role: 'staff' } });
    await grace.api.post(path, { email: user.email, role: 'admin' });
    expect((await grace.api.get(path)).body.members).toHaveLength(2);
    expect((await grace.api.post(`${path}/remove`, { email: user.email })).status).toBe(200);
    expect(problemIn(await grace.api.post(`${path}/remove`, { email: owner.email }))).toBe('409 LAST_OWNER');
    const entries = await auditOf(owner);
    expect(entries.slice(0, 3)).toEqual(
      ['member.removed', 'member.changed', 'member.added'].map((action) =>
        expect.objectContaining({ action, actorId: grace.id }),
      ),
    );
  });

  it('get a token for a new password, and lose their sessions', async () => {
    const owner = await newOwner(app.api);
    const member = await newMember(owner);
    const { email } = member;
    expect((await grace.api.post('users/sessions', { email })).body.sessions).toHaveLength(1);
    expect((await grace.api.post('users/sessions/end', { email })).body.sessions).toHaveLength(1);
    await until(
      async () => (await member.inShop.get('me')).status,
      (status) => status === 401,
    );
    const { status, body } = await grace.api.post('users/reset-password', { email, hours: 2 });
    expect(status).toBe(201);
    const newPassword = 'another battery staple';
    const reset = await app.api.post('auth/reset-password', { token: body.token, newPassword });
    expect(reset.status).toBe(200);
    expect((await app.api.post('auth/login', { email, password: newPassword })).status).toBe(200);
    const issued = (await auditOf(owner)).filter(
      (entry) => (entry as { actorId: string }).actorId === grace.id,
    );
    expect(issued).toEqual([
      expect.objectContaining({ action: 'reset.issued' }),
      expect.objectContaining({ action: 'sessions.ended' }),
    ]);
    expect(problemIn(await grace.api.post('users/sessions', { email: 'no@example.com' }))).toBe(
      '404 USER_NOT_FOUND',
    );
  });
});

describe('operations', () => {
  const run = (id: string) => runnerOf(app).run(id);

  it('back a shop up and restore it, as a new shop and over itself', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    const product = await newProduct(owner.api);
    const saved = await rowsOf(app, id);
    const queued = await grace.api.post(`shops/${slug}/backup`);
    expect(queued.status).toBe(202);
    expect(queued.body).toMatchObject({
      kind: 'backup',
      state: 'queued',
      byKind: 'operator',
      byId: grace.id,
    });
    await run(queued.body.id);
    expect((await grace.api.get(`operations/${queued.body.id}`)).body).toMatchObject({ state: 'done' });
    const [backup] = (await grace.api.get(`backups?shop=${slug}`)).body.items;
    expect(backup).toMatchObject({ shopId: id, shopSlug: slug, isEncrypted: false });

    const copy = await grace.api.post(`backups/${backup.id}/restore`, { slug: `${slug}-copy` });
    await run(copy.body.id);
    const { result } = (await grace.api.get(`operations/${copy.body.id}`)).body;
    expect(await rowsOf(app, result.id)).toEqual(saved);

    await newOrder(owner.api, product.id);
    const later = await rowsOf(app, id);
    const body = { backupId: backup.id, confirm: slug };
    const over = await ada.api.post(`shops/${slug}/restore`, body);
    expect(over.status).toBe(202);
    expect(problemIn(await ada.api.post(`shops/${slug}/restore`, body))).toBe('409 OPERATION_IN_PROGRESS');
    await ada.api.post(`operations/${over.body.id}/cancel`);
    await run(over.body.id);
    expect(problemIn(await grace.api.post(`operations/${over.body.id}/retry`))).toBe(
      '403 OPERATOR_ROLE_REQUIRED',
    );
    expect((await ada.api.post(`operations/${over.body.id}/retry`)).status).toBe(202);
    await run(over.body.id);
    expect(await rowsOf(app, id)).toEqual(saved);
    const undo = await ada.api.post(`shops/${slug}/undo-restore`, { confirm: slug });
    await run(undo.body.id);
    expect(await rowsOf(app, id)).toEqual(later);

    const entries = await auditOf(owner);
    const asked = entries.filter((entry) => (entry as { action: string }).action === 'operation.queued');
    expect(asked).toEqual([
      expect.objectContaining({
        actorId: ada.id,
        details: expect.objectContaining({ kind: 'undo-restore' }),
      }),
      expect.objectContaining({ actorId: ada.id, details: expect.objectContaining({ kind: 'restore' }) }),
      expect.objectContaining({ actorId: grace.id, details: expect.objectContaining({ kind: 'restore' }) }),
      expect.objectContaining({ actorId: grace.id, details: expect.objectContaining({ kind: 'backup' }) }),
    ]);
    expect(entries).toContainEqual(
      expect.objectContaining({
        action: 'shop.restored',
        actorId: ada.id,
        details: expect.objectContaining({ by: 'operator' }),
      }),
    );
  });

  it('replace nothing without the slug, or by the backup of another shop', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const { id: operation } = (await grace.api.post(`shops/${other.shop.slug}/backup`)).body;
    await run(operation);
    const [backup] = (await grace.api.get(`backups?shop=${other.shop.id}`)).body.items;
    const path = `shops/${owner.shop.slug}/restore`;
    const restore = (confirm: string) => ada.api.post(path, { backupId: backup.id, confirm });
    expect(problemIn(await restore(other.shop.slug))).toBe('409 CONFIRMATION_WRONG');
    expect(problemIn(await restore(owner.shop.slug))).toBe('404 BACKUP_NOT_FOUND');
    const undo = await ada.api.post(`shops/${owner.shop.slug}/undo-restore`, { confirm: 'no' });
    expect(problemIn(undo)).toBe('409 CONFIRMATION_WRONG');
    expect((await grace.api.get(`operations?shop=${owner.shop.slug}`)).body.items).toEqual([]);
  });

  it('are cancelled before they begin', async () => {
    const owner = await newOwner(app.api);
    const { id } = (await grace.api.post(`shops/${owner.shop.slug}/backup`)).body;
    expect((await grace.api.post(`operations/${id}/cancel`)).body).toMatchObject({ cancelWanted: true });
    await run(id);
    expect((await grace.api.get(`operations/${id}`)).body).toMatchObject({ state: 'cancelled' });
    expect(problemIn(await grace.api.post(`operations/${id}/cancel`))).toBe('409 OPERATION_ENDED');
    expect(await auditOf(owner)).toContainEqual(
      expect.objectContaining({ action: 'operation.cancelled', actorId: grace.id }),
    );
    expect((await grace.api.post(`operations/${id}/retry`)).body).toMatchObject({
      state: 'queued',
      cancelWanted: false,
    });
    expect(problemIn(await grace.api.post(`operations/${id}/retry`))).toBe('409 OPERATION_NOT_RETRIABLE');
    await run(id);
    expect((await grace.api.get(`operations/${id}`)).body).toMatchObject({ state: 'done' });
    expect(await auditOf(owner)).toContainEqual(
      expect.objectContaining({ action: 'operation.retried', actorId: grace.id }),
    );
    const unknown = await grace.api.get('operations/0198c0de-0000-7000-8000-000000000000');
    expect(problemIn(unknown)).toBe('404 OPERATION_NOT_FOUND');
  });

  it('are listed in pages and by state', async () => {
    const owner = await newOwner(app.api);
    const { slug } = owner.shop;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await grace.api.post(`shops/${slug}/backup`)).body.id);
    const first = (await grace.api.get(`operations?shop=${slug}&limit=2`)).body;
    const second = (await grace.api.get(`operations?shop=${slug}&limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items].map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
    expect((await grace.api.get(`operations?shop=${slug}&state=done`)).body.items).toEqual([]);
  });
});
