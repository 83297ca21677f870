import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { newMember, newOwner, newProduct, type Owner } from '../support/factories';
import { operate, runnerOf, useBackupFolder } from '../support/lifecycle';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';
import { unzip } from '../support/unzip';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path });

/** Asks for an export and has it run. @returns the finished operation, as the API shows it */
async function exported({ api }: Owner) {
  const asked = await api.post('exports');
  expect(asked.status).toBe(202);
  await runnerOf(app).run(asked.body.id);
  const { body } = await until(
    () => api.get(`operations/${asked.body.id}`),
    (answer) => answer.body.finishedAt !== null,
  );
  return body;
}

async function download({ accessToken }: Owner, id: string): Promise<Response> {
  return fetch(`${app.url}/api/v1/operations/${id}/file`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
}

describe('POST /exports', () => {
  it('gives the owner everything of the shop', async () => {
    const owner = await newOwner(app.api);
    const { id } = await newProduct(owner.api, { name: 'Mug' });
    const done = await exported(owner);
    expect(done).toMatchObject({ kind: 'export', state: 'done', errorCode: null });
    const { file } = done;
    expect(file.path).toBe(`/api/v1/operations/${done.id}/file`);
    expect(Date.parse(file.expiresAt)).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    const response = await download(owner, done.id);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${file.name}"`);
    expect(Number(response.headers.get('content-length'))).toBe(file.bytes);
    const entries = unzip(Buffer.from(await response.arrayBuffer()));
    expect(JSON.parse(entries.get('products.ndjson')!)).toMatchObject({ id, name: 'Mug' });
    const { items } = (await owner.api.get('audit?action=shop.exported')).body;
    expect(items).toMatchObject([{ actorId: owner.user.id, details: { by: 'member', operation: done.id } }]);
  });

  it('keeps the newest three files of a shop, whatever others keep', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const first = await exported(owner);
    const ofOther = await exported(other);
    const input = { shop: owner.shop.id, out: null };
    const shop = { id: owner.shop.id as string, slug: owner.shop.slug as string };
    const by = { kind: 'operator' as const, id: null };
    expect((await operate(app, { kind: 'export', shop, by, input })).state).toBe('done');
    const kept = [];
    for (let i = 0; i < 3; i++) kept.push(await exported(owner));
    expect((await download(owner, first.id)).status).toBe(404);
    for (const { id } of kept) expect((await download(owner, id)).status).toBe(200);
    expect((await download(other, ofOther.id)).status).toBe(200);
    const files = readdirSync(folder.path).filter((name) => name.startsWith(`export.${owner.shop.slug}.`));
    expect(files).toHaveLength(4); // that of the operator too
    expect(files).not.toContain(first.file.name);
  });

  const jobs = async () =>
    (await app.database.query<{ count: number }>('SELECT count(*)::int FROM jobs._private_jobs'))[0]!.count;

  it('adds a job that wakes a worker, in the same transaction', async () => {
    const owner = await newOwner(app.api);
    const before = await jobs();
    const { body } = await owner.api.post('exports');
    expect(await jobs()).toBe(before + 1);
    expect(body).toMatchObject({ state: 'queued', file: null, finishedAt: null });
  });

  it('is refused while another operation on the shop is open', async () => {
    const owner = await newOwner(app.api);
    const other = await newOwner(app.api);
    await app.database.query(
      `INSERT INTO operations (id, kind, shop_id, by_kind, state, runner, seen_at, is_exclusive)
       VALUES ($1, 'export', $2, 'member', 'running', $1, now() + interval '1 hour', true)`,
      [randomUUID(), owner.shop.id],
    );
    expect(problemIn(await owner.api.post('exports'))).toBe('409 OPERATION_IN_PROGRESS');
    expect((await other.api.post('exports')).status).toBe(202);
  });

  it('is done once for twenty requests with one key, of one shop', async () => {
    const owner = await newOwner(app.api);
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        until(
          () => owner.api.raw('POST', 'exports', undefined, headers),
          (answer) => answer.body?.code !== 'IDEMPOTENCY_IN_FLIGHT',
        ),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const { body: shop } = await owner.api.post('shops', { name: 'Second' });
    const { body } = await owner.api.post('auth/switch', {
      shopId: shop.id,
      refreshToken: owner.refreshToken,
    });
    const elsewhere = await app.api.as(body.accessToken).raw('POST', 'exports', undefined, headers);
    expect(problemIn(elsewhere)).toBe('422 IDEMPOTENCY_KEY_REUSED');
  });

  it('is possible in a read-only shop', async () => {
    const owner = await newOwner(app.api);
    await app.database.query(`UPDATE shops SET status = 'read_only' WHERE id = $1`, [owner.shop.id]);
    expect((await exported(owner)).state).toBe('done');
  });

  it.each(['admin', 'staff', 'read_only'] as const)('is not for %s', async (role) => {
    const owner = await newOwner(app.api);
    const { id } = await exported(owner);
    const { inShop } = await newMember(owner, role);
    const answers = [
      await inShop.post('exports'),
      await inShop.get(`operations/${id}`),
      await inShop.get(`operations/${id}/file`),
    ];
    const shown = role === 'read_only' ? 'ROLE_REQUIRED' : 'OWNER_REQUIRED'; // the others may see imports
    expect(answers.map(({ body }) => body.code)).toEqual(['OWNER_REQUIRED', shown, 'OWNER_REQUIRED']);
  });
});

describe('GET /operations/:id', () => {
  it('and its file answer another shop as if there were none', async () => {
    const owner = await newOwner(app.api);
    const { id } = await exported(owner);
    const other = await newOwner(app.api);
    for (const way of ['', '/file'])
      expect([
        problemIn(await other.api.get(`operations/${id}${way}`)),
        problemIn(await other.api.get(`operations/${randomUUID()}${way}`)),
      ]).toEqual(['404 OPERATION_NOT_FOUND', '404 OPERATION_NOT_FOUND']);
  });

  it('shows none that an operator asked for', async () => {
    const { api, shop } = await newOwner(app.api);
    const out = { target: folder.path, file: `${randomUUID()}.zip` };
    const { id } = await operate(app, {
      kind: 'export',
      shop: { id: shop.id, slug: shop.slug },
      input: { shop: shop.id, out },
    });
    expect(problemIn(await api.get(`operations/${id}`))).toBe('404 OPERATION_NOT_FOUND');
    expect(problemIn(await api.get(`operations/${id}/file`))).toBe('404 OPERATION_NOT_FOUND');
  });

  it('shows why an export failed, without what the server said', async () => {
    const { api } = await newOwner(app.api);
    const { body } = await api.post('exports');
    await app.database.query(`UPDATE operations SET input = '{"shop": "none"}' WHERE id = $1`, [body.id]);
    await runnerOf(app).run(body.id);
    expect((await api.get(`operations/${body.id}`)).body).toMatchObject({
      state: 'failed',
      errorCode: 'INTERNAL_ERROR',
      file: null,
    });
    expect(problemIn(await api.get(`operations/${body.id}/file`))).toBe('404 OPERATION_FILE_NOT_FOUND');
  });

  it('has no file before the end, nor after its removal', async () => {
    const owner = await newOwner(app.api);
    const done = await exported(owner);
    rmSync(path.join(folder.path, done.file.name));
    expect(problemIn(await owner.api.get(`operations/${done.id}/file`))).toBe('404 OPERATION_FILE_NOT_FOUND');
    const { body } = await owner.api.post('exports');
    expect(problemIn(await owner.api.get(`operations/${body.id}/file`))).toBe('404 OPERATION_FILE_NOT_FOUND');
  });
});

describe('GET /operations', () => {
  it('lists what the member may see of the own shop, newest first, by state and page', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const staff = (await newMember(owner)).inShop;
    const csv = { 'content-type': 'text/csv', prefer: 'respond-async' };
    const queueImport = async ({ api }: Owner) =>
      (await api.raw('POST', 'products/import', 'Title,Variant Price\nMug,1', csv)).body
        .operationId as string;
    const { id: exportId } = await exported(owner);
    const [first, second] = [await queueImport(owner), await queueImport(owner)];
    const ofOther = await queueImport(other);
    const input = { shop: owner.shop.id, out: null };
    const shop = { id: owner.shop.id as string, slug: owner.shop.slug as string };
    await operate(app, { kind: 'export', shop, by: { kind: 'operator', id: null }, input });
    const list = async (api: Owner['api'], query = '') => {
      const { body } = await api.get(`operations${query}`);
      return { ids: body.items.map((item: { id: string }) => item.id) as string[], next: body.nextCursor };
    };
    expect(await list(owner.api)).toEqual({ ids: [second, first, exportId], next: null });
    expect(await list(staff)).toEqual({ ids: [second, first], next: null });
    expect(await list(other.api)).toEqual({ ids: [ofOther], next: null });
    expect((await list(owner.api, '?state=done')).ids).toEqual([exportId]);
    const page = await list(owner.api, '?limit=2');
    expect(page.ids).toEqual([second, first]);
    expect(await list(owner.api, `?limit=2&cursor=${page.next}`)).toEqual({ ids: [exportId], next: null });
    const { items } = (await owner.api.get('operations?state=done')).body;
    expect(items[0]).toMatchObject({ kind: 'export', file: { path: `/api/v1/operations/${exportId}/file` } });
    expect(problemIn(await owner.api.get('operations?state=lost'))).toBe('400 VALIDATION_FAILED');
    expect(problemIn(await owner.api.get('operations?cursor=x'))).toBe('400 INVALID_CURSOR');
    const reader = (await newMember(owner, 'read_only')).inShop;
    expect(problemIn(await reader.get('operations'))).toBe('403 ROLE_REQUIRED');
  });
});
