import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { TenantJobs } from '../../src/operations/tenant-jobs/tenant-jobs';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { effectsOf, makeEffects } from '../support/effects';
import { newOwner, newShop } from '../support/factories';
import { TENANT_JOBS } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until, untilTrue } from '../support/until';

const TEN_MINUTES = 600_000;
const LEASE_MS = 3000;
/** Processes at the beginning. */
const AT_ONCE = 4;
/** Every third job has one of these order keys; the others have none. */
const KEYS = ['a', 'b'];

const app = useTestApp();
const processes = new Set<ChildProcess>();
/** Jobs that some process has begun, as `<shop> <job>`, and how often. */
const begun = new Map<string, number>();
let shops: string[] = [];

beforeAll(async () => {
  let owner = await newOwner(app.api);
  shops = [owner.shop.id];
  while (shops.length < TENANT_JOBS.shops) {
    owner = await newShop(owner);
    shops.push(owner.shop.id);
  }
  for (const shopId of shops) await makeEffects(app, shopId);
}, TEN_MINUTES);

afterAll(() => processes.forEach((child) => child.kill('SIGKILL')));

async function startProcess(): Promise<ChildProcess> {
  const settings = { url: app.database.url, times: { jobLeaseMs: LEASE_MS, jobPollMs: 200 } };
  const child = fork(path.join(__dirname, 'tenant-jobs-process.js'), [JSON.stringify(settings)]);
  processes.add(child);
  let isReady = false;
  child.on('message', (told: { what: string; job: number; marker: string }) => {
    if (told.what === 'ready') isReady = true;
    const name = `${told.marker} ${told.job}`;
    if (told.what === 'begin') begun.set(name, (begun.get(name) ?? 0) + 1);
  });
  await untilTrue(() => isReady);
  return child;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
  processes.delete(child);
}

async function addAll(): Promise<void> {
  const jobs = app.app.get(TenantJobs);
  const each = TENANT_JOBS.jobs / TENANT_JOBS.shops;
  for (const marker of shops)
    await app.app.get(TenantDatabase).transaction(marker, async (manager) => {
      for (let job = 0; job < each; job++) {
        const key = job % 3 === 0 ? KEYS[job % KEYS.length]! : '';
        const ms = Math.random() * TENANT_JOBS.ms;
        await jobs.add(manager, 'note', { job, key, marker, ms }, key === '' ? {} : { order: key });
      }
    });
}

const left = async () =>
  (await app.database.query<{ n: number }>('SELECT count(*)::int AS n FROM tenant_jobs'))[0]!.n;

describe('workers that are killed', () => {
  it(
    'do each job at least once, its effect exactly once, in its shop, in the order of its key',
    async () => {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, TENANT_JOBS.kills + 1) }, startProcess));
      const start = performance.now();
      await addAll();
      for (let kills = 1; kills <= TENANT_JOBS.kills; kills++) {
        const part = (TENANT_JOBS.jobs * kills) / (TENANT_JOBS.kills + 2);
        await untilTrue(() => begun.size >= part);
        const [victim] = processes;
        await kill(victim!, 'SIGKILL');
        if (kills <= TENANT_JOBS.kills - AT_ONCE) await startProcess();
      }
      await until(left, (n) => n === 0);
      const seconds = (performance.now() - start) / 1000;

      const each = TENANT_JOBS.jobs / TENANT_JOBS.shops;
      const wanted = Array.from({ length: each }, (_, job) => job);
      let foreign = 0;
      for (const shopId of shops) {
        const effects = await effectsOf(app, shopId);
        foreign += effects.filter(({ marker }) => marker !== shopId).length;
        expect(effects.map(({ job }) => job).toSorted((a, b) => a - b)).toEqual(wanted);
        for (const key of KEYS) {
          const inOrder = effects.flatMap((effect) => (effect.key === key ? [effect.job] : []));
          expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
        }
      }
      const twice = [...begun.values()].filter((times) => times > 1).length;
      process.stdout.write(
        `${TENANT_JOBS.jobs} jobs of ${shops.length} shops, ${TENANT_JOBS.kills} kills: ${seconds.toFixed(1)} s, ` +
          `${twice} begun more than once, ${foreign} foreign markers\n`,
      );
      expect(foreign).toBe(0);
      expect(begun.size).toBe(TENANT_JOBS.jobs);
      await Promise.all([...processes].map((child) => kill(child, 'SIGKILL')));
    },
    TEN_MINUTES,
  );

  it('that were frozen store nothing once another has taken their jobs', async () => {
    const [shop] = shops;
    const before = (await effectsOf(app, shop!)).length;
    begun.clear();
    const frozen = await startProcess();
    const jobs = app.app.get(TenantJobs);
    await app.app.get(TenantDatabase).transaction(shop!, async (manager) => {
      for (let job = 1000; job < 1005; job++) {
        const ms = job === 1000 ? 1000 : 0;
        await jobs.add(manager, 'note', { job, key: 'x', marker: shop!, ms }, { order: 'x' });
      }
    });
    await untilTrue(() => begun.size > 0);
    frozen.kill('SIGSTOP');
    const other = await startProcess();
    await untilTrue(() => begun.get(`${shop} 1000`) === 2);
    frozen.kill('SIGCONT');
    await until(left, (n) => n === 0);
    const effects = (await effectsOf(app, shop!)).slice(before).map(({ job }) => job);
    expect(effects).toEqual([1000, 1001, 1002, 1003, 1004]);
    await Promise.all([frozen, other].map((worker) => kill(worker, 'SIGKILL')));
  });
});
