import { z } from 'zod';
import { sqlState } from '../../src/common/sqlstate';
import { PublicDatabase } from '../../src/database/control-database';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { addScheduled } from '../../src/operations/tenant-jobs/scheduled-jobs';
import { TenantJobWorker } from '../../src/operations/tenant-jobs/tenant-job-worker';
import {
  type TenantJobHandler,
  type TenantJobOptions,
  TenantJobs,
} from '../../src/operations/tenant-jobs/tenant-jobs';
import { TenantJobsService } from '../../src/operations/tenant-jobs/tenant-jobs.service';
import { AccessDirectory } from '../../src/tenancy/access-directory';
import type { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { withClient } from '../support/database';
import { effectsOf, makeEffects, NOTE } from '../support/effects';
import { newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';
import { until, untilTrue } from '../support/until';

const DENIED = '42501';
const CHECK_VIOLATION = '23514';

const app = useTestApp({}, { times: { jobPollMs: 50, accessCacheMs: 50 } });
let ada: Owner;
let bob: Owner;
let jobs: TenantJobs;

beforeAll(async () => {
  jobs = app.app.get(TenantJobs);
  [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
  for (const { shop } of [ada, bob]) await makeEffects(app, shop.id);
  jobs.handle('note', NOTE);
  app.app.get(TenantJobWorker).start();
});

afterEach(async () => {
  for (const { shop } of [ada, bob]) await setStatus(shop.id, 'active');
  await app.database.query(`DELETE FROM tenant_jobs`);
  for (const { shop } of [ada, bob]) await app.database.query(`DELETE FROM ${schemaOf(shop.id)}.effects`);
});

const schemaOf = (shopId: string) => new TenantLocator().locate(shopId).schema;
const setStatus = (shopId: string, status: string) =>
  app.database.query(
    `UPDATE shops SET status = '${status}',
     deleted_at = ${status === 'deleted' ? 'now()' : 'NULL'} WHERE id = '${shopId}'`,
  );
const inside = <T>({ shop }: Owner, work: Parameters<TenantDatabase['transaction']>[1]) =>
  app.app.get(TenantDatabase).transaction(shop.id, work) as Promise<T>;
const add = (owner: Owner, kind: string, payload: object, options?: TenantJobOptions) =>
  inside<string>(owner, (manager) => jobs.add(manager, kind, payload, options));
const waiting = () => app.database.query<{ kind: string }>('SELECT * FROM tenant_jobs ORDER BY position');
const allDone = () => until(waiting, ({ length }) => length === 0);
const notes = async ({ shop }: Owner) => (await effectsOf(app, shop.id)).map(({ job }) => job);

/** A handler for one test, under a kind of its own. */
let kinds = 0;
function handled(
  run: (connection: TenantConnection, payload: Record<string, never>, signal: AbortSignal) => Promise<void>,
  payload: TenantJobHandler<Record<string, never>>['payload'] = z.any(),
): string {
  const kind = `test-${++kinds}`;
  jobs.handle(kind, { payload, run });
  return kind;
}

describe('TenantJobs.add', () => {
  it('adds a job that is done in the shop of its transaction', async () => {
    await add(ada, 'note', { job: 1, marker: 'ada' });
    await allDone();
    expect([await notes(ada), await notes(bob)]).toEqual([[1], []]);
  });

  it('gives the handler the settings of its shop', async () => {
    await app.database.query(`UPDATE shops SET settings = '{"orderPrefix": "ADA-"}' WHERE id = $1`, [
      ada.shop.id,
    ]);
    const seen: Record<string, string> = {};
    const kind = handled(async (connection) => {
      seen[connection.access.shopId] = connection.settings.orderPrefix;
      await connection.transaction(() => Promise.resolve());
    });
    for (const owner of [ada, bob]) await add(owner, kind, {});
    await allDone();
    expect(seen).toEqual({ [ada.shop.id]: 'ADA-', [bob.shop.id]: '' });
  });

  it('adds nothing when the transaction, or the savepoint around it, is rolled back', async () => {
    await expect(
      inside(ada, async (manager) => {
        await jobs.add(manager, 'unknown', {});
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await inside(ada, async (manager) => {
      await manager
        .transaction(async (savepoint) => {
          await jobs.add(savepoint, 'unknown', { job: 1 });
          throw new Error('inner');
        })
        .catch(() => undefined);
      await jobs.add(manager, 'unknown', { job: 2 });
      await manager.query('SELECT FROM products'); // still as the shop's role
    });
    expect(await waiting()).toEqual([expect.objectContaining({ payload: { job: 2 }, shop_id: ada.shop.id })]);
  });

  it('leaves the transaction usable as the role of the shop after it was refused inside a savepoint', async () => {
    const role = await inside<{ role: string }[]>(ada, async (manager) => {
      await manager
        .transaction((savepoint) => jobs.add(savepoint, 'Not A Kind', {}))
        .catch((error: unknown) => expect(sqlState(error)).toBe(CHECK_VIOLATION));
      return manager.query('SELECT current_user AS role');
    });
    expect(role).toEqual([{ role: schemaOf(ada.shop.id) }]);
  });

  it.each([
    ['kind', () => add(ada, 'Kind', {})],
    ['payload', () => add(ada, 'unknown', { text: 'x'.repeat(65_536) })],
    ['key', () => add(ada, 'unknown', {}, { order: '' })],
    ['number of attempts', () => add(ada, 'unknown', {}, { attempts: 0 })],
  ])('refuses a %s that is not accepted', async (_, adding) => {
    await expect(adding()).rejects.toMatchObject({ code: CHECK_VIOLATION });
  });

  it('refuses a manager of no shop', async () => {
    const adding = app.app.get(PublicDatabase).transaction((manager) => jobs.add(manager, 'note', {}));
    await expect(adding).rejects.toThrow(`not that of a tenant's transaction`);
  });

  it('lets one job wait under a unique key, and a next one once that has begun', async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    const ids = await Promise.all(
      Array.from({ length: 20 }, () => add(ada, 'unknown', {}, { unique: 'same', runAt })),
    );
    expect(new Set(ids).size).toBe(1);
    await add(bob, 'unknown', {}, { unique: 'same', runAt });
    await add(ada, 'other', {}, { unique: 'same', runAt });
    expect(await waiting()).toHaveLength(3);
    const soon = new Date(Date.now() + 1_800_000);
    await add(ada, 'unknown', {}, { unique: 'same', runAt: soon });
    expect(await waiting()).toEqual(expect.arrayContaining([expect.objectContaining({ run_at: soon })]));
  });

  it('lets a job of a unique key begin only when the last transaction that wanted it is committed', async () => {
    const seen: number[] = [];
    const kind = handled((connection) =>
      connection.transaction(async (manager) => {
        const [row] = await manager.query<{ n: number }[]>('SELECT count(*)::int AS n FROM effects');
        seen.push(row!.n);
      }),
    );
    const runAt = new Date(Date.now() + 300);
    await add(ada, kind, {}, { unique: 'sum', runAt });
    await inside(ada, async (manager) => {
      await manager.query('INSERT INTO effects (job) VALUES (1)');
      await jobs.add(manager, kind, {}, { unique: 'sum' });
      await until(() => due(ada), (isDue) => isDue); // prettier-ignore
      await manager.query('SELECT pg_catalog.count(*) FROM effects');
    });
    await allDone();
    expect(seen).toEqual([1]);
  });
});

async function due({ shop }: Owner): Promise<boolean> {
  const [row] = await app.database.query<{ due: boolean }>(
    `SELECT run_at <= now() - interval '0.2 s' AS due FROM tenant_jobs WHERE shop_id = '${shop.id}'`,
  );
  return row!.due;
}

describe('the functions of jobs', () => {
  const ADD = `SELECT jobs.add_tenant_job(gen_random_uuid(), gen_random_uuid(), 'x', '{}', NULL, NULL, NULL, NULL, NULL, NULL)`;
  const FINISH = 'SELECT jobs.finish_tenant_job(gen_random_uuid(), gen_random_uuid())';
  const outcome = (sql: string, become: string, login: 'tenant' | 'public' = 'tenant') =>
    withClient(app.app.get<Installation>(INSTALLATION).logins[login], async (client) => {
      await client.query(become);
      return client.query(sql).then(
        () => 'done',
        (error: unknown) => sqlState(error),
      );
    });

  it.each([ADD, FINISH])('are the tenant login’s alone: %s', async (sql) => {
    expect(await outcome(sql, 'SELECT 1')).toBe('done');
    expect(await outcome(sql, `SET ROLE ${schemaOf(ada.shop.id)}`)).toBe(DENIED);
    expect(await outcome(sql, 'SELECT 1', 'public')).toBe(DENIED);
  });

  it.each(['SELECT FROM jobs.jobs', `SELECT jobs.add_job('x')`, 'SELECT FROM public.tenant_jobs'])(
    'are all that the tenant login may use: %s',
    async (sql) => {
      expect(await outcome(sql, 'SELECT 1')).toBe(DENIED);
    },
  );

  it('cannot be called by statements of a shop', async () => {
    await expect(inside(ada, (manager) => manager.query(ADD))).rejects.toMatchObject({ code: DENIED });
  });
});

describe('a job', () => {
  it('has as author of its changes the member and the request that added it', async () => {
    let author: unknown;
    const kind = handled((connection) => {
      author = connection.author;
      return Promise.resolve();
    });
    await add(ada, kind, {}, { author: { userId: ada.user.id, requestId: 'r-1' } });
    await allDone();
    expect(author).toEqual({ userId: ada.user.id, requestId: 'r-1' });
  });

  it('finds no other shop, whatever its handler tries', async () => {
    const states: unknown[] = [];
    const kind = handled(async (connection) => {
      const tables = [`${schemaOf(bob.shop.id)}.effects`, 'public.tenant_jobs', 'public.shops', 'jobs.jobs'];
      for (const table of tables)
        states.push(await connection.run((manager) => manager.query(`SELECT FROM ${table}`)).catch(sqlState));
    });
    await add(ada, kind, {});
    await allDone();
    expect(states).toEqual([DENIED, DENIED, DENIED, DENIED]);
  });

  it('takes one transaction, because it ends with that', async () => {
    let refusal: unknown;
    const kind = handled(async (connection) => {
      await connection.transaction((manager) => manager.query('INSERT INTO effects (job) VALUES (1)'));
      refusal = await connection
        .transaction((manager) => manager.query('INSERT INTO effects (job) VALUES (2)'))
        .catch((error: unknown) => error);
    });
    await add(ada, kind, {});
    await allDone();
    await untilTrue(() => refusal !== undefined);
    expect(refusal).toBeInstanceOf(Error);
    expect(await notes(ada)).toEqual([1]);
  });

  it('is tried again after a failure, which stores nothing, and left as dead after its attempts', async () => {
    const kind = handled((connection) =>
      connection.transaction(async (manager) => {
        await manager.query('INSERT INTO effects (job) VALUES (1)');
        throw new Error('told to fail');
      }),
    );
    await add(ada, kind, {}, { attempts: 2 });
    const [once] = await until(waiting, ([job]) => (job as { error?: string }).error === 'told to fail');
    expect(once).toMatchObject({ state: 'waiting', attempts: 1 });
    expect((once as unknown as { run_at: Date }).run_at.getTime()).toBeGreaterThan(Date.now());
    await app.database.query('UPDATE tenant_jobs SET run_at = now()'); // rather than wait
    const [dead] = await until(waiting, ([job]) => (job as unknown as { state: string }).state === 'dead');
    expect(dead).toMatchObject({ attempts: 2, error: 'told to fail', lease: null });
    expect(await notes(ada)).toEqual([]);
  });

  it('is dead at once if its payload has another form', async () => {
    const kind = handled(() => Promise.resolve(), z.object({ id: z.uuid() }) as never);
    await add(ada, kind, { id: 7 });
    const [dead] = await until(waiting, ([job]) => (job as unknown as { state: string }).state === 'dead');
    expect(dead).toMatchObject({ attempts: 1 });
  });

  it('of an unknown kind waits', async () => {
    await add(ada, 'of-a-newer-program', {});
    await add(ada, 'note', { job: 1 });
    await until(() => notes(ada), ({ length }) => length === 1); // prettier-ignore
    expect(await waiting()).toMatchObject([
      { kind: 'of-a-newer-program', attempts: 0, state: 'waiting', shop_id: ada.shop.id },
    ]);
  });

  it('that was dropped meanwhile stores nothing', async () => {
    const kind = handled((connection) =>
      connection.transaction(async (manager) => {
        await manager.query('INSERT INTO effects (job) VALUES (1)');
        await app.database.query('DELETE FROM tenant_jobs');
      }),
    );
    await add(ada, kind, {});
    await allDone();
    await add(ada, 'note', { job: 2 });
    await allDone();
    expect(await notes(ada)).toEqual([2]);
  });
});

describe('jobs of an order key', () => {
  it('are done in the order of adding, while those of others pass', async () => {
    let isHeld = true;
    const kind = handled(async (connection) => {
      if (isHeld) throw new Error('told to fail');
      await NOTE.run(connection, { job: 0, key: '', marker: '' }, new AbortController().signal);
    });
    await add(ada, kind, {}, { order: 'a' });
    for (let job = 1; job < 30; job++) await add(ada, 'note', { job }, { order: 'a' });
    await add(ada, 'note', { job: 100 }, { order: 'b' });
    await until(() => notes(ada), ({ length }) => length > 0); // prettier-ignore
    expect(await notes(ada)).toEqual([100]);
    isHeld = false;
    await app.database.query('UPDATE tenant_jobs SET run_at = now()');
    await allDone();
    expect(await notes(ada)).toEqual([100, ...Array.from({ length: 30 }, (_, job) => job)]);
  });

  it('pass one that is dead', async () => {
    const kind = handled(() => Promise.reject(new Error('told to fail')));
    await add(ada, kind, {}, { order: 'a', attempts: 1 });
    await add(ada, 'note', { job: 1 }, { order: 'a' });
    await until(waiting, (left) => left.length === 1);
    expect(await notes(ada)).toEqual([1]);
  });
});

describe('jobs of a shop', () => {
  it.each(['suspended', 'read_only'])('wait while it is %s', async (status) => {
    await setStatus(ada.shop.id, status);
    await add(ada, 'note', { job: 1 });
    await add(bob, 'note', { job: 2 });
    await until(() => notes(bob), ({ length }) => length === 1); // prettier-ignore
    expect(await waiting()).toMatchObject([{ attempts: 0, shop_id: ada.shop.id }]);
    await setStatus(ada.shop.id, 'active');
    await allDone();
    expect(await notes(ada)).toEqual([1]);
  });

  it('wait if it is suspended during one, which counts no attempt', async () => {
    const kind = handled(async (connection) => {
      await setStatus(ada.shop.id, 'suspended');
      const directory = app.app.get(AccessDirectory);
      await untilTrue(() => directory.enter(ada.user.id, ada.shop.id).then(() => false, () => true)); // prettier-ignore
      await connection.transaction((manager) => manager.query('INSERT INTO effects (job) VALUES (1)'));
    });
    await add(ada, kind, {});
    const [job] = await until(waiting, ([it]) => (it as unknown as { started_at: unknown }).started_at !== null && (it as unknown as { state: string }).state === 'waiting'); // prettier-ignore
    expect(job).toMatchObject({ attempts: 0 });
    expect(await notes(ada)).toEqual([]);
  });

  it('are dropped, with a record, once it is deleted', async () => {
    await setStatus(ada.shop.id, 'deleted');
    await add(ada, 'note', { job: 1 });
    await add(ada, 'note', { job: 2 }, { runAt: new Date(Date.now() + 3_600_000) });
    await allDone();
    expect(await notes(ada)).toEqual([]);
    const entries = await app.database.query(
      `SELECT shop_id, details FROM audit_log WHERE action = 'jobs.dropped' AND shop_id = '${ada.shop.id}'`,
    );
    expect(entries).toEqual([{ shop_id: ada.shop.id, details: { jobs: 2, reason: 'the shop is deleted' } }]);
  });

  it('do not wait for the many of another', async () => {
    await inside(ada, async (manager) => {
      for (let job = 0; job < 300; job++) await jobs.add(manager, 'note', { job });
    });
    await until(() => notes(ada), ({ length }) => length > 0); // prettier-ignore
    await add(bob, 'note', { job: 1 });
    await until(() => notes(bob), ({ length }) => length === 1); // prettier-ignore
    expect((await notes(ada)).length).toBeLessThan(300);
    await allDone();
    expect(await notes(ada)).toHaveLength(300);
  });
});

describe('scheduled jobs', () => {
  const day = { cron: '0 0 * * *', overMinutes: 0 };
  const fanOut = (kind: string) =>
    addScheduled(app.app.get(PublicDatabase), kind, day, new AbortController().signal);

  it('are added for every active shop, once', async () => {
    await setStatus(bob.shop.id, 'suspended');
    await Promise.all(Array.from({ length: 20 }, () => fanOut('unknown')));
    expect(await waiting()).toMatchObject([{ shop_id: ada.shop.id, kind: 'unknown' }]);
  });

  it('remove the expired idempotency keys of a shop that is idle', async () => {
    const product = await newProduct(ada.api);
    await newOrder(ada.api, product.id);
    const table = `${schemaOf(ada.shop.id)}.idempotency_keys`;
    await app.database.query(
      `INSERT INTO ${table} (user_id, key, fingerprint, status, created_at)
       SELECT '${ada.user.id}', 'k' || n, 'x', 201, now() - CASE WHEN n > 3 THEN interval '25 hours' ELSE interval '1 hour' END
       FROM generate_series(1, 10003) n`,
    );
    await fanOut('remove-expired-keys');
    await allDone();
    expect(await app.database.query(`SELECT FROM ${table}`)).toHaveLength(3);
  });
});

describe('TenantJobsService', () => {
  it('shows, retries and drops jobs, with entries in the audit log', async () => {
    const service = app.app.get(TenantJobsService);
    let isHeld = true;
    const kind = handled(() => (isHeld ? Promise.reject(new Error('told to fail')) : Promise.resolve()));
    const id = await add(ada, kind, { id: 7 }, { attempts: 1 });
    const later = await add(bob, 'unknown', {}, { runAt: new Date(Date.now() + 3_600_000) });
    await until(() => service.list({ state: 'dead', limit: 9 }), ({ length }) => length === 1); // prettier-ignore
    expect(await service.get(id)).toMatchObject({
      ...{ shopSlug: ada.shop.slug, payload: { id: 7 }, error: 'told to fail', attempts: 1 },
    });
    expect(await service.list({ shop: bob.shop.slug, limit: 9 })).toMatchObject([{ id: later }]);
    isHeld = false;
    const by = { actorId: null, requestId: null, by: 'command' } as const;
    await service.retry(by, id);
    await service.drop(by, later);
    await allDone();
    const entries = await app.database.query(
      `SELECT action, shop_id FROM audit_log WHERE action LIKE 'job.%' ORDER BY id`,
    );
    expect(entries).toEqual([
      { action: 'job.retried', shop_id: ada.shop.id },
      { action: 'job.dropped', shop_id: bob.shop.id },
    ]);
    await expect(service.drop(by, id)).rejects.toMatchObject({ kind: { code: 'JOB_NOT_FOUND' } });
  });

  it('neither retries nor drops a job that is running', async () => {
    const service = app.app.get(TenantJobsService);
    let end: () => void = () => undefined;
    const kind = handled(() => new Promise<void>((resolve) => void (end = resolve)));
    const id = await add(ada, kind, {});
    await until(() => service.get(id), ({ state }) => state === 'running'); // prettier-ignore
    const by = { actorId: null, requestId: null, by: 'command' } as const;
    for (const change of ['retry', 'drop'] as const)
      await expect(service[change](by, id)).rejects.toMatchObject({ kind: { code: 'JOB_RUNNING' } });
    end();
    await allDone();
  });
});
