import { PublicDatabase } from '../../src/database/control-database';
import { TenantJobs } from '../../src/operations/tenant-jobs/tenant-jobs';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { newOwner, type Owner } from '../support/factories';
import { newOperator, type TestOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { runCli } from '../support/program';
import { useTestApp } from '../support/test-app';

const app = useTestApp(); // nobody does the jobs
const operators = useOperators(app);
let grace: TestOperator;
let ada: Owner;
let bob: Owner;
let ids: string[];

beforeAll(async () => {
  grace = await newOperator(app, operators, 'operator');
  [ada, bob] = [await newOwner(app.api), await newOwner(app.api)];
});
beforeEach(async () => {
  await app.database.query('DELETE FROM tenant_jobs');
  ids = [await add(ada, 'first'), await add(ada, 'second'), await add(bob, 'first')];
});

function add({ shop }: Owner, kind: string): Promise<string> {
  return app.app
    .get(TenantDatabase)
    .transaction(shop.id, (manager) => app.app.get(TenantJobs).add(manager, kind, { id: shop.id }));
}

const setState = (id: string, state: 'dead' | 'running') =>
  app.app
    .get(PublicDatabase)
    .transaction((manager) =>
      manager.query('UPDATE tenant_jobs SET state = $2, lease = $3, attempts = 15 WHERE id = $1', [
        id,
        state,
        state === 'running' ? id : null,
      ]),
    );
const audit = async () =>
  (await ada.api.get('audit')).body.items
    .filter(({ action }: { action: string }) => action.startsWith('job.'))
    .map(({ action, actorId }: { action: string; actorId: string | null }) => ({ action, actorId }));

describe('jobs in the operators’ API', () => {
  it('are listed in pages, by shop, kind and state', async () => {
    await setState(ids[1]!, 'dead');
    const found = async (query: string) =>
      (await grace.api.get(`jobs?${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await found('')).toEqual(ids.toReversed());
    expect(await found(`shop=${ada.shop.slug}&kind=first`)).toEqual([ids[0]]);
    expect(await found('state=dead')).toEqual([ids[1]]);
    const { body } = await grace.api.get('jobs?limit=2');
    expect(await found(`limit=2&cursor=${body.nextCursor}`)).toEqual([ids[0]]);
    expect(problemIn(await grace.api.get('jobs?cursor=x'))).toBe('400 INVALID_CURSOR');
    expect(problemIn(await grace.api.get('jobs?shop=nobody'))).toBe('404 SHOP_NOT_FOUND');
  });

  it('are shown with payload, retried and dropped, with entries that the owners read', async () => {
    const [first, second] = ids as [string, string];
    await setState(first, 'dead');
    const { body } = await grace.api.get(`jobs/${first}`);
    expect(body).toMatchObject({ state: 'dead', payload: { id: ada.shop.id }, shopSlug: ada.shop.slug });
    const retried = await grace.api.post(`jobs/${first}/retry`);
    expect(retried).toMatchObject({ status: 202, body: { state: 'waiting', attempts: 0 } });
    expect(await grace.api.post(`jobs/${second}/drop`)).toMatchObject({ status: 200, body: { id: second } });
    expect(problemIn(await grace.api.get(`jobs/${second}`))).toBe('404 JOB_NOT_FOUND');
    expect((await audit()).slice(0, 2)).toEqual([
      { action: 'job.dropped', actorId: grace.id },
      { action: 'job.retried', actorId: grace.id },
    ]);
  });

  it('that are running are left alone', async () => {
    const [first] = ids as [string];
    await setState(first, 'running');
    for (const change of ['retry', 'drop'])
      expect(problemIn(await grace.api.post(`jobs/${first}/${change}`))).toBe('409 JOB_RUNNING');
  });
});

describe('commands for jobs', () => {
  const run = (...args: string[]) => runCli(args, { env: { DATABASE_URL: app.database.url } });

  it('list, show, retry and drop them', async () => {
    const [first, second] = ids as [string, string];
    await setState(first, 'dead');
    const { stdout } = await run('jobs:list', '--shop', ada.shop.slug, '--json');
    const { jobs } = JSON.parse(stdout) as { jobs: { id: string }[] };
    expect(jobs.map(({ id }) => id)).toEqual([second, first]);
    expect((await run('jobs:list', '--state', 'dead')).stdout).toMatch(
      new RegExp(`${first} .* dead .*15/15[^]*1 job\\(s\\), 1 dead`),
    );
    expect((await run('jobs:show', first)).stdout).toContain(`payload   {"id":"${ada.shop.id}"}`);
    expect((await run('jobs:show', second)).stdout).toContain('does not know the kind'); // it is one of this test
    await app.database.query(`UPDATE tenant_jobs SET kind = 'remove-expired-keys' WHERE id = $1`, [second]);
    expect((await run('jobs:show', second)).stdout).not.toContain('does not know the kind');
    expect(await run('jobs:list', '--kind', 'nope')).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringMatching(/OPTION_INVALID: .* nope.*remove-expired-keys/),
    });
    expect((await run('jobs:retry', first)).stdout).toContain('waiting');
    expect(await run('jobs:drop', second)).toMatchObject({ code: 0 });
    expect(await run('jobs:show', second)).toMatchObject({ code: 1 });
    expect((await audit()).slice(0, 2)).toEqual([
      { action: 'job.dropped', actorId: null },
      { action: 'job.retried', actorId: null },
    ]);
  });
});
