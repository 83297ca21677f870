import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newMember, newOwner, newProduct, type Owner } from '../support/factories';
import { backUp, operate, rowsOf, runnerOf, useBackupFolder } from '../support/lifecycle';
import { newOperator, type OperatorApi, type TestOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { unzip } from '../support/unzip';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path }, { times: CACHE_TIMES });
const operators = useOperators(app);

let ada: TestOperator;
let grace: TestOperator;
beforeAll(async () => {
  ada = await newOperator(app, operators, 'administrator');
  grace = await newOperator(app, operators, 'operator');
});

/** Sends a request for an operation and runs it. @returns how it ended */
async function ended(api: OperatorApi, route: string, body?: object) {
  const asked = await api.post(route, body);
  expect(asked.status).toBe(202);
  expect(asked.body).toMatchObject({ state: 'queued', byKind: 'operator' });
  await runnerOf(app).run(asked.body.id);
  return (await api.get(`operations/${asked.body.id}`)).body;
}

/** Actions of the shop's audit log, newest first, that this operator has done. */
async function done(shopId: string, { id }: TestOperator): Promise<string[]> {
  const { items } = (await grace.api.get(`shops/${shopId}/audit?limit=100`)).body;
  return items
    .filter(({ actorId }: { actorId: string }) => actorId === id)
    .map(({ action }: { action: string }) => action);
}

describe('POST shops/:shop/clone', () => {
  it('makes a new shop with the same data, and the owners see it', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    await newProduct(owner.api);
    await newMember(owner);
    const body = { slug: `${slug}-copy`, name: 'The copy' };
    const { kind, state, result } = await ended(grace.api, `shops/${slug}/clone`, body);
    expect([kind, state]).toEqual(['clone', 'done']);
    const shown = (await grace.api.get(`shops/${slug}-copy`)).body;
    expect(shown).toMatchObject({ id: result.id, name: 'The copy', members: 2 });
    expect((await rowsOf(app, result.id))['products']).toEqual((await rowsOf(app, id))['products']);
    expect(await done(id, grace)).toEqual(['shop.cloned', 'operation.queued']);
  });

  it('leaves tables out, and invents people', async () => {
    const owner = await newOwner(app.api);
    const { slug } = owner.shop;
    await newProduct(owner.api);
    await newMember(owner);
    const body = { slug: `${slug}-test`, without: ['products'], anonymise: true };
    const { result } = await ended(grace.api, `shops/${slug}/clone`, body);
    expect((await rowsOf(app, result.id))['products']).toEqual([]);
    expect((await grace.api.get(`shops/${slug}-test`)).body).toMatchObject({
      name: owner.shop.name,
      members: 1,
    });
  });

  it('is refused with a slug that a shop has, or a table that no copy can lack', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const clone = (body: object) => grace.api.post(`shops/${owner.shop.slug}/clone`, body);
    expect(problemIn(await clone({ slug: other.shop.slug }))).toBe('409 SLUG_TAKEN');
    for (const wrong of [{}, { slug: 'No Slug' }, { slug: 'free-slug', without: ['members'] }])
      expect(problemIn(await clone(wrong))).toBe('400 VALIDATION_FAILED');
    expect(await done(owner.shop.id, grace)).toEqual([]);
  });
});

describe('POST backups/:id/restore', () => {
  it('is refused with a slug that a shop has: a given one, and that of the backup', async () => {
    const owner = await newOwner(app.api);
    await backUp(app, folder.path, owner.shop.id);
    const [backup] = (await grace.api.get(`backups?shop=${owner.shop.slug}`)).body.items;
    for (const body of [{ slug: owner.shop.slug }, {}])
      expect(problemIn(await grace.api.post(`backups/${backup.id}/restore`, body))).toBe('409 SLUG_TAKEN');
    expect(await done(owner.shop.id, grace)).toEqual([]);
  });
});

describe('POST shops/:shop/export', () => {
  const download = (api: OperatorApi, id: string) => api.get(`operations/${id}/file`);

  it('gives operators a zip of everything, and each download is in the audit log', async () => {
    const owner = await newOwner(app.api);
    const product = await newProduct(owner.api, { name: 'Mug' });
    const { id, state, result } = await ended(grace.api, `shops/${owner.shop.slug}/export`);
    expect(state).toBe('done');
    const response = await fetch(`${operators.url}/operator/v1/operations/${id}/file`, {
      headers: { authorization: `Bearer ${grace.api.token}` },
    });
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${result.file}"`);
    expect(Number(response.headers.get('content-length'))).toBe(result.bytes);
    const entries = unzip(Buffer.from(await response.arrayBuffer()));
    expect(JSON.parse(entries.get('products.ndjson')!)).toMatchObject({ id: product.id, name: 'Mug' });
    expect(await done(owner.shop.id, grace)).toEqual([
      'export.downloaded',
      'shop.exported',
      'operation.queued',
    ]);
  });

  it('has a file only after its end and before its removal', async () => {
    const owner = await newOwner(app.api);
    const route = `shops/${owner.shop.slug}/export`;
    const { body } = await grace.api.post(route);
    expect(problemIn(await grace.api.post(route))).toBe('409 OPERATION_IN_PROGRESS');
    expect(problemIn(await download(grace.api, body.id))).toBe('404 OPERATION_FILE_NOT_FOUND');
    await runnerOf(app).run(body.id);
    const { result } = (await grace.api.get(`operations/${body.id}`)).body;
    rmSync(path.join(folder.path, result.file));
    expect(problemIn(await download(grace.api, body.id))).toBe('404 OPERATION_FILE_NOT_FOUND');
    expect(await done(owner.shop.id, grace)).not.toContain('export.downloaded');
  });

  it('opens nothing that a command has written to a place of its own, and no file of another kind', async () => {
    const { shop } = await newOwner(app.api);
    const out = { target: folder.path, file: `${randomUUID()}.zip` };
    const wanted = { kind: 'export', shop: { id: shop.id, slug: shop.slug }, input: { shop: shop.id, out } };
    const { id, state } = await operate(app, wanted);
    expect(state).toBe('done');
    expect(problemIn(await download(ada.api, id))).toBe('404 OPERATION_FILE_NOT_FOUND');
    const backup = await ended(grace.api, `shops/${shop.slug}/backup`);
    expect(problemIn(await download(ada.api, backup.id))).toBe('404 OPERATION_FILE_NOT_FOUND');
    expect(problemIn(await download(ada.api, randomUUID()))).toBe('404 OPERATION_NOT_FOUND');
  });
});

describe('POST shops/:shop/purge', () => {
  const purge = ({ shop }: Owner, body: object) => ada.api.post(`shops/${shop.id}/purge`, body);
  const statusOf = async ({ shop }: Owner) => (await grace.api.get(`shops/${shop.id}`)).body.status;
  const entriesOf = (id: string) =>
    app.database.query<{ action: string }>(
      `SELECT action FROM audit_log WHERE shop_id = $1 AND actor_id = $2 ORDER BY id`,
      [id, ada.id],
    );

  it.each([
    [{}, true],
    [{ archive: false }, false],
  ])('with %j removes the shop for good', async (flags, hasArchive) => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    await backUp(app, folder.path, id);
    const { state, error, result } = await ended(ada.api, `shops/${slug}/purge`, { confirm: slug, ...flags });
    expect([state, error]).toEqual(['done', null]);
    expect(result.archive !== null).toBe(hasArchive);
    expect(problemIn(await ada.api.get(`shops/${id}`))).toBe('404 SHOP_NOT_FOUND');
    expect((await ada.api.get(`backups?shop=${id}`)).body.items).toHaveLength(hasArchive ? 1 : 0);
    const actions = (await entriesOf(id)).map(({ action }) => action);
    expect(actions).toEqual(['shop.deleted', 'operation.queued', 'shop.purged']);
  });

  it('changes nothing without the slug, or while another operation is open', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    expect(problemIn(await purge(owner, {}))).toBe('400 VALIDATION_FAILED');
    for (const confirm of [id, `${slug}-2`])
      expect(problemIn(await purge(owner, { confirm }))).toBe('409 CONFIRMATION_WRONG');
    await grace.api.post(`shops/${slug}/export`);
    expect(problemIn(await purge(owner, { confirm: slug }))).toBe('409 OPERATION_IN_PROGRESS');
    expect(await statusOf(owner)).toBe('active');
    expect(await entriesOf(id)).toEqual([]);
  });

  it('is called off until it runs', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    const { body } = await purge(owner, { confirm: slug });
    expect(await statusOf(owner)).toBe('deleted');
    await ada.api.post(`operations/${body.id}/cancel`);
    await runnerOf(app).run(body.id);
    expect((await ada.api.post(`shops/${id}/undelete`)).body).toMatchObject({ status: 'active' });
  });
});

describe('POST backups/:id/verify', () => {
  it('reads a whole file, and fails with the code of what is wrong with it', async () => {
    const owner = await newOwner(app.api);
    await newProduct(owner.api);
    const file = await backUp(app, folder.path, owner.shop.id);
    const { items } = (await grace.api.get(`backups?shop=${owner.shop.slug}`)).body;
    const path = `backups/${items[0].id}/verify`;
    const { kind, state, result } = await ended(grace.api, path);
    expect([kind, state]).toEqual(['verify-backup', 'done']);
    expect(result).toMatchObject({ isRecorded: true, shop: { id: owner.shop.id }, members: 1, behind: 0 });
    expect(result.tables.products.rows).toBe(1);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 100));
    const damaged = await ended(grace.api, path);
    expect([damaged.state, damaged.error.code]).toEqual(['failed', 'BACKUP_INVALID']);
    rmSync(file);
    expect((await ended(grace.api, path)).error.code).toBe('BACKUP_FILE_NOT_FOUND');
    const missing = await grace.api.post(`backups/${randomUUID()}/verify`);
    expect(problemIn(missing)).toBe('404 BACKUP_NOT_FOUND');
  });
});

describe('POST backups/rehearse', () => {
  it('restores the newest backups as scratch shops and leaves none', async () => {
    const [first, second] = [await newOwner(app.api), await newOwner(app.api)];
    for (const { shop } of [first, second]) await backUp(app, folder.path, shop.id);
    const { state, result } = await ended(grace.api, 'backups/rehearse', { newest: 1 });
    expect(state).toBe('done');
    expect(result.backups).toEqual([expect.objectContaining({ slug: second.shop.slug, isGood: true })]);
    expect((await ended(grace.api, 'backups/rehearse')).result.backups.length).toBeGreaterThan(1);
    expect(await app.database.query(`SELECT FROM held_tenants`)).toEqual([]);
    const asked = await app.database.query(
      `SELECT FROM audit_log WHERE action = 'operation.queued' AND shop_id IS NULL AND actor_id = $1
         AND details ->> 'kind' = 'rehearse'`,
      [grace.id],
    );
    expect(asked).toHaveLength(2);
  });

  it.each([0, 10_001, 1.5, '5'])('refuses %j shops', async (newest) => {
    expect(problemIn(await grace.api.post('backups/rehearse', { newest }))).toBe('400 VALIDATION_FAILED');
  });
});
