import { utimesSync } from 'node:fs';
import path from 'node:path';
import type { OperationState } from '../../src/operations/lifecycle/operation.entity';
import { type Env, ENV } from '../../src/config/env';
import { INSTALLATION } from '../../src/database/installation';
import { pruneImports } from '../../src/operations/lifecycle/import-files';
import { findClaimable } from '../../src/operations/lifecycle/operation-store';
import type { ShopStatus } from '../../src/tenancy/tenant';
import { TenantFiles } from '../../src/tenancy/tenant-files';
import { withClient } from '../support/database';
import { newMember, newOwner, newProduct, type Owner } from '../support/factories';
import { LeaseLost, Postponed, type Tools } from '../../src/operations/lifecycle/operation-kind';
import { OperationsService } from '../../src/operations/lifecycle/operations.service';
import { runnerOf } from '../support/lifecycle';
import { problemIn } from '../support/problem';
import { type RunningServer, scratchFolder, startServer } from '../support/program';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until, untilRefused, untilTrue } from '../support/until';

const folder = scratchFolder();
const app = useTestApp(
  { IMPORT_INLINE_MB: '1', FILES_TARGET: folder },
  { times: { ...CACHE_TIMES, usageCacheMs: 50 } },
);
const HEADER = 'Handle,Title,Body (HTML),Variant SKU,Variant Price';
const SMALL = `${HEADER}\nmug,Mug,,MUG,5.00\nbowl,Bowl,,BOWL,7.00\n`;
const ASYNC = { prefer: 'respond-async' };
let owner: Owner;

beforeEach(async () => {
  owner = await newOwner(app.api);
});
afterEach(() => app.database.query('DELETE FROM operations'));

/** More than a MiB. The product `last` of the shop is the last of the file. */
function largeFile(products = 3000): string {
  const rows = Array.from(
    { length: products },
    (_, i) => `p-${i},Product ${i},${'x'.repeat(400)},SKU-${i},1.00`,
  );
  return [HEADER, ...rows, 'last,Last,,LAST,2.00'].join('\n');
}

const send = ({ api }: Owner, csv: string, headers: Record<string, string> = {}, query = '') =>
  api.raw('POST', `products/import${query}`, csv, { 'content-type': 'text/csv', ...headers });

async function queue(by: Owner, csv = SMALL, query = ''): Promise<string> {
  const answer = await send(by, csv, ASYNC, query);
  expect(answer.status).toBe(202);
  return answer.body.operationId as string;
}

const show = ({ api }: Owner, id: string) => api.get(`operations/${id}`);
const run = (id: string) => runnerOf(app).run(id);
const count = async ({ shop }: Owner) =>
  (
    await app.database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${schemaOf(shop.id)}.products`)
  )[0]!.n;
const schemaOf = (id: string) => `shop_${id.replaceAll('-', '')}`;
const isIn = (by: Owner, id: string, state: OperationState) =>
  until(
    () => show(by, id),
    ({ body }) => body.state === state,
  );

/** Holds a product while `work` runs: an import that changes it waits. */
async function holding({ api, shop }: Owner, handle: string, work: () => Promise<void>): Promise<void> {
  await newProduct(api, { name: 'Held', handle });
  await withClient(app.database.url, async (client) => {
    await client.query(
      `BEGIN; SELECT FROM ${schemaOf(shop.id)}.products WHERE handle = '${handle}' FOR UPDATE`,
    );
    await work();
    await client.query('ROLLBACK');
  });
}

async function filesOf({ shop }: Owner): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of app.app.get(TenantFiles).of({ shopId: shop.id }, 'imports').list())
    names.push(name);
  return names;
}
const hasFile = async (by: Owner, id: string) => (await filesOf(by)).includes(`${id}.csv`);

/** Lets the file of an import be of the day before yesterday. */
function age(id: string): void {
  const then = new Date(Date.now() - 2 * 86_400_000);
  utimesSync(path.join(folder, 'shops', owner.shop.id, 'imports', `${id}.csv`), then, then);
}
const prune = () =>
  pruneImports(
    { installation: app.app.get(INSTALLATION), env: app.app.get<Env>(ENV) } as Tools,
    new AbortController().signal,
  );

const waitsForLock = () =>
  untilTrue(async () => {
    const waiting = await app.database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  });

const setStatus = ({ shop }: Owner, status: ShopStatus) =>
  app.database.query(
    `UPDATE shops SET status = $2, deleted_at = CASE WHEN $2 = 'deleted' THEN now() END WHERE id = $1`,
    [shop.id, status],
  );
const untilClosed = ({ api }: Owner) => untilRefused(() => api.get('products'));

describe('an import that an operation does', () => {
  it('is named by an answer 202, and reports what the request would have answered', async () => {
    const inline = (await send(await newOwner(app.api), SMALL)).body;
    const { status, headers, body: queued } = await send(owner, SMALL, ASYNC);
    expect([status, headers.get('location')]).toEqual([202, queued.path]);
    expect(queued.path).toBe(`/api/v1/operations/${queued.operationId}`);
    const id = queued.operationId as string;
    const wanted = { kind: 'products-import', state: 'queued', report: null };
    expect((await show(owner, id)).body).toMatchObject(wanted);
    await run(id);
    const { body } = await show(owner, id);
    const ended = { state: 'done', done: 2, total: 2, errors: [], errorCode: null, file: null };
    expect(body).toMatchObject(ended);
    expect(body.report).toEqual({ ...inline, importId: body.report.importId });
    const imports = (await owner.api.get('imports')).body.items;
    expect(imports).toMatchObject([{ id: body.report.importId, createdBy: owner.user.id }]);
    expect((await owner.api.post(`imports/${body.report.importId}/undo`)).status).toBe(200);
    expect([await count(owner), await hasFile(owner, id)]).toEqual([0, false]);
  });

  it('is one whose file is larger than IMPORT_INLINE_MB', async () => {
    const { status, body } = await send(owner, largeFile());
    expect(status).toBe(202);
    await run(body.operationId);
    expect((await show(owner, body.operationId)).body.report.products.created).toBe(3001);
    expect(await count(owner)).toBe(3001);
  });

  it('names the rows of a file that is refused, and stores nothing', async () => {
    const bad = `${SMALL}cup,Cup,,CUP,much\n`;
    const refused = (await send(owner, bad)).body;
    const id = await queue(owner, bad);
    await run(id);
    const { body } = await show(owner, id);
    expect(body).toMatchObject({ state: 'failed', errorCode: 'IMPORT_REJECTED', report: null });
    expect(body.errors).toEqual(refused.errors);
    expect([await count(owner), await hasFile(owner, id)]).toEqual([0, false]);
  });

  it('stores nothing in a dry run, and lists the changes', async () => {
    const id = await queue(owner, SMALL, '?dry-run=true');
    await run(id);
    const { report } = (await show(owner, id)).body;
    expect([report.importId, report.changes.length, await count(owner)]).toEqual([null, 4, 0]);
  });

  it('is recorded as the change of the member who asked, by the request that asked', async () => {
    const member = await newMember(owner);
    const { headers, body } = await send({ ...owner, api: member.inShop }, SMALL, ASYNC);
    await run(body.operationId);
    const { items } = (await owner.api.get('products')).body;
    const changes = (await owner.api.get(`audit?resource=products&id=${items[0].id}`)).body.items;
    const by = { actorId: member.id, requestId: headers.get('x-request-id') };
    expect(changes).toMatchObject([
      { ...by, importId: (await show(owner, body.operationId)).body.report.importId },
    ]);
  });

  it('is done once, whoever finds it after its COMMIT', async () => {
    const id = await queue(owner);
    await run(id);
    const { report } = (await show(owner, id)).body;
    await app.database.query(
      `UPDATE operations SET state = 'queued', result = NULL, checkpoint = jsonb_build_object('result', result -> 'report')`,
    );
    await run(id);
    expect((await show(owner, id)).body).toMatchObject({ state: 'done', report });
    expect((await owner.api.get('imports')).body.items).toHaveLength(1);
  });

  it('stores nothing once another runner has taken it', async () => {
    const id = await queue(owner);
    let running: Promise<unknown> = Promise.resolve();
    await holding(owner, 'mug', async () => {
      running = run(id);
      running.catch(() => undefined); // awaited below
      await waitsForLock();
      await app.database.query('UPDATE operations SET runner = gen_random_uuid()');
    });
    await expect(running).rejects.toThrow(LeaseLost);
    expect((await owner.api.get('imports')).body.items).toEqual([]);
  });

  it('shows its progress, ends between two batches when it is cancelled, and leaves nothing', async () => {
    const id = await queue(owner, largeFile());
    await holding(owner, 'last', async () => {
      const running = run(id);
      const { body } = await until(
        () => show(owner, id),
        (answer) => answer.body.done > 0,
      );
      expect([body.state, body.total]).toEqual(['running', 3001]);
      expect(body.done).toBeLessThan(3001);
      expect((await owner.api.post(`operations/${id}/cancel`)).body.id).toBe(id);
      await running;
    });
    const { body } = await show(owner, id);
    expect(body).toMatchObject({ state: 'cancelled', errorCode: 'CANCELLED', report: null });
    expect([await count(owner), await hasFile(owner, id)]).toEqual([1, false]);
    expect(problemIn(await owner.api.post(`operations/${id}/cancel`))).toBe('409 OPERATION_ENDED');
    const [entry] = (await owner.api.get('audit')).body.items;
    expect(entry).toMatchObject({ action: 'operation.cancelled', actorId: owner.user.id });
  });

  it('can be retried for a week after a failure of the program, and no longer', async () => {
    const [soon, late] = [await queue(owner), await queue(owner, SMALL.replaceAll(',MUG', ',CUP'))];
    await app.database.query('UPDATE operations SET attempts = 5'); // runners that have ended during it
    for (const id of [soon, late]) {
      await run(id);
      expect((await show(owner, id)).body).toMatchObject({ state: 'failed', errorCode: 'INTERNAL_ERROR' });
      age(id);
    }
    await app.database.query(
      `UPDATE operations SET finished_at = now() - interval '8 days' WHERE id = '${late}'`,
    );
    await prune();
    expect(await filesOf(owner)).toEqual([`${soon}.csv`]);
    const operations = app.app.get(OperationsService, { strict: false });
    for (const id of [soon, late]) {
      await operations.retry(id);
      await run(id);
    }
    expect((await show(owner, soon)).body).toMatchObject({ state: 'done', errorCode: null });
    expect((await show(owner, late)).body).toMatchObject({ state: 'failed', errorCode: 'FILE_NOT_FOUND' });
    expect([await count(owner), await filesOf(owner)]).toEqual([2, []]);
  });

  it('is repeated by its Idempotency-Key, and not done twice', async () => {
    const headers = { ...ASYNC, 'idempotency-key': 'a' };
    const first = await send(owner, SMALL, headers);
    const again = await send(owner, SMALL, headers);
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(problemIn(await send(owner, `${SMALL} `, headers))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    expect(await app.database.query('SELECT FROM operations')).toHaveLength(1);
    expect(await filesOf(owner)).toHaveLength(1);
  });

  it('is refused while ten others of the shop wait', async () => {
    for (let i = 0; i < 10; i++) await queue(owner);
    const refused = await send(owner, SMALL, ASYNC);
    expect([problemIn(refused), refused.headers.get('retry-after')]).toEqual(['429 IMPORTS_WAITING', '60']);
    expect(await filesOf(owner)).toHaveLength(10);
    await queue(await newOwner(app.api));
  });

  it.each([
    ['the feature', { features: { productImports: false } }, '403 FEATURE_OFF', 'FEATURE_OFF'],
    ['room', { limits: { rows: 1 } }, '403 QUOTA_EXCEEDED', 'QUOTA_EXCEEDED'],
  ])('needs %s, when it is asked for and when it is done', async (_what, columns, problem, errorCode) => {
    const id = await queue(owner);
    for (const [name, value] of Object.entries(columns))
      await app.database.query(`UPDATE shops SET ${name} = $2 WHERE id = $1`, [
        owner.shop.id,
        JSON.stringify(value),
      ]);
    await until(
      () => send(owner, SMALL),
      ({ status }) => status === 403,
    );
    expect(problemIn(await send(owner, SMALL, ASYNC))).toBe(problem);
    await run(id);
    expect((await show(owner, id)).body).toMatchObject({ state: 'failed', errorCode });
    expect(await hasFile(owner, id)).toBe(false);
  });
});

describe('GET /operations/:id of an import', () => {
  it('is for those who may import', async () => {
    const [staff, reader, other] = [
      await newMember(owner),
      await newMember(owner, 'read_only'),
      await newOwner(app.api),
    ];
    const id = await queue(owner);
    const exported = (await owner.api.post('exports')).body.id;
    expect((await staff.inShop.get(`operations/${id}`)).status).toBe(200);
    const asked = [
      await staff.inShop.get(`operations/${exported}`),
      await staff.inShop.post(`operations/${exported}/cancel`),
      await reader.inShop.get(`operations/${id}`),
      await reader.inShop.post(`operations/${id}/cancel`),
      await other.api.get(`operations/${id}`),
      await other.api.post(`operations/${id}/cancel`),
    ];
    expect(asked.map(problemIn)).toEqual([
      ...['403 OWNER_REQUIRED', '403 OWNER_REQUIRED', '403 ROLE_REQUIRED', '403 ROLE_REQUIRED'],
      ...['404 OPERATION_NOT_FOUND', '404 OPERATION_NOT_FOUND'],
    ]);
    expect((await show(owner, id)).body.state).toBe('queued');
  });

  it('shows operators no rows of the shop', async () => {
    const id = await queue(owner);
    await run(id);
    const operations = app.app.get(OperationsService, { strict: false });
    expect((await operations.get(id)).result).toEqual({});
  });
});

describe('the turn of an import', () => {
  const claimable = async () => {
    const found = await withClient(app.database.url, (client) =>
      findClaimable(client, [], ['products-import']),
    );
    return found.map(({ id }) => id);
  };

  it('comes after the others of the shop, and first for the shop whose last one began the longest ago', async () => {
    const other = await newOwner(app.api);
    const [first, second] = [await queue(owner), await queue(owner)];
    const ofOther = await queue(other);
    expect(await claimable()).toEqual([first, ofOther]);
    await run(first);
    expect(await claimable()).toEqual([ofOther, second]);
  });

  it('waits while the shop is suspended or can only be read', async () => {
    const id = await queue(owner);
    for (const status of ['suspended', 'read_only'] as const) {
      await setStatus(owner, status);
      expect(await claimable()).toEqual([]);
    }
    await setStatus(owner, 'active');
    expect(await claimable()).toEqual([id]);
  });

  it('comes again when the shop is suspended meanwhile', async () => {
    const id = await queue(owner);
    await setStatus(owner, 'suspended');
    await untilClosed(owner);
    await expect(run(id)).rejects.toThrow(Postponed);
    const [operation] = await app.database.query('SELECT state, attempts FROM operations');
    expect(operation).toEqual({ state: 'queued', attempts: 0 });
    expect(await hasFile(owner, id)).toBe(true);
  });

  it('ends for a shop that is deleted, and the file goes', async () => {
    const id = await queue(owner);
    await setStatus(owner, 'deleted');
    expect(await claimable()).toEqual([id]);
    await untilClosed(owner);
    await run(id);
    const [operation] = await app.database.query('SELECT state, error FROM operations');
    expect(operation).toMatchObject({ state: 'failed', error: { code: 'NOT_A_MEMBER' } });
    expect(await hasFile(owner, id)).toBe(false);
  });
});

describe('housekeeping', () => {
  it('removes the files of a day ago that belong to no open import, and no others', async () => {
    const [left, fresh, open] = [await queue(owner), await queue(owner), await queue(owner)];
    await app.database.query('DELETE FROM operations WHERE id <> $1', [open]);
    for (const id of [left, open]) age(id);
    await prune();
    expect(await filesOf(owner)).toEqual([fresh, open].map((id) => `${id}.csv`).toSorted());
  });
});

describe('a worker that is killed during an import', () => {
  const servers: RunningServer[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.end('SIGKILL'))));
  const start = async () => {
    const server = await startServer({ env: { DATABASE_URL: app.database.url, FILES_TARGET: folder } });
    servers.push(server);
    return server;
  };

  it('leaves nothing, and the next one stores each row once; then comes the next import of the shop', async () => {
    const [first, second] = [await queue(owner, largeFile()), await queue(owner, largeFile())];
    await holding(owner, 'last', async () => {
      const worker = await start();
      const { body } = await until(
        () => show(owner, first),
        (answer) => answer.body.done > 0,
      );
      expect(body.state).toBe('running');
      expect((await show(owner, second)).body.state).toBe('queued');
      await worker.end('SIGKILL');
    });
    expect(await count(owner)).toBe(1);
    await app.database.query(`UPDATE operations SET seen_at = now() - interval '1 minute' WHERE id = $1`, [
      first,
    ]);
    await start();
    const done = await isIn(owner, first, 'done');
    expect(done.body.report.products).toEqual({ created: 3000, updated: 1, unchanged: 0 });
    const next = await isIn(owner, second, 'done');
    expect(next.body.report.products).toEqual({ created: 0, updated: 0, unchanged: 3001 });
    expect(await count(owner)).toBe(3001);
    expect((await owner.api.get('imports')).body.items).toHaveLength(2);
    expect(await filesOf(owner)).toEqual([]);
  });
});
