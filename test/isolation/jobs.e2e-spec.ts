import { PublicDatabase } from '../../src/database/control-database';
import { Slice, SliceTools } from '../../src/operations/tenant-jobs/slice';
import { JobStore } from '../../src/operations/tenant-jobs/job-store';
import { TenantJobWorker } from '../../src/operations/tenant-jobs/tenant-job-worker';
import { TenantJobs } from '../../src/operations/tenant-jobs/tenant-jobs';
import { newId } from '../../src/common/ids';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { effectsOf, makeEffects, NOTE } from '../support/effects';
import { KIT } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';
import { type KitShop, openShops } from './shops';

const JOBS = 12;

const app = useTestApp({}, { times: { jobPollMs: 50 } });
let shops: KitShop[];
let jobs: TenantJobs;

beforeAll(async () => {
  shops = await openShops(app.api, KIT.shops);
  for (const { id } of shops) await makeEffects(app, id);
  jobs = app.app.get(TenantJobs);
  jobs.handle('note', NOTE);
});

const left = () => app.database.query<{ id: string; state: string }>('SELECT id, state FROM tenant_jobs');
const roleOf = ({ id }: KitShop) => new TenantLocator().locate(id).role;

describe('jobs of many shops', () => {
  it('leave the transaction that adds them as the role of its shop', async () => {
    const [shop] = shops;
    const rows = await app.app.get(TenantDatabase).transaction(shop!.id, async (manager) => {
      await jobs.add(manager, 'unknown', {});
      return manager.query<{ role: string }[]>('SELECT current_user AS role');
    });
    expect(rows).toEqual([{ role: roleOf(shop!) }]);
    await app.database.query('DELETE FROM tenant_jobs');
  });

  it('that are added and done at once write into their own shop only', async () => {
    app.app.get(TenantJobWorker).start();
    const numbers = Array.from({ length: JOBS }, (_, job) => job);
    await Promise.all(
      numbers.map(async (job) => {
        for (const { id, marker } of shops)
          await app.app
            .get(TenantDatabase)
            .transaction(id, (manager) => jobs.add(manager, 'note', { job, marker }));
      }),
    );
    await until(left, ({ length }) => length === 0);
    for (const { id, marker } of shops) {
      const effects = await effectsOf(app, id);
      expect(new Set(effects.map((effect) => effect.marker))).toEqual(new Set([marker]));
      expect(effects.map(({ job }) => job).toSorted((a, b) => a - b)).toEqual(numbers);
    }
  });
});

describe('a runner that another has followed', () => {
  it('stores nothing', async () => {
    const { id } = shops[0]!;
    const store = new JobStore(app.app.get(PublicDatabase));
    const [slow, fast] = [newId(), newId()];
    jobs.handle('followed', {
      payload: NOTE.payload,
      run: (connection, payload) =>
        connection.transaction(async (manager) => {
          await app.database.query(`UPDATE tenant_job_leases SET leased_until = now() - interval '1 s'`);
          await store.lease(id, fast, 60_000);
          await store.take(id, fast, ['followed']);
          await manager.query('INSERT INTO effects (job, marker) VALUES ($1, $2)', [payload.job, 'twice']);
        }),
    });
    await app.database.query(
      `INSERT INTO tenant_job_leases VALUES ('${id}', '${slow}', now() + interval '1 min')`,
    );
    await app.app
      .get(TenantDatabase)
      .transaction(id, (manager) => jobs.add(manager, 'followed', { job: 1, marker: '' }));
    const tools = app.app.get(SliceTools, { strict: false });
    await new Slice(tools, id, slow, new AbortController().signal, () => false).run();
    expect((await effectsOf(app, id)).filter(({ marker }) => marker === 'twice')).toEqual([]);
    expect(await left()).toMatchObject([{ state: 'running' }]);
  });
});
