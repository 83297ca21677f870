import { once } from 'node:events';
import { newId } from '../../src/common/ids';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner } from '../support/factories';
import { runCli, spawnProgram, startServer } from '../support/program';
import { until } from '../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const env = (JOBS: string) => ({ DATABASE_URL: database.url, JOBS });
const jobs = () => database.query<{ attempts: number }>('SELECT attempts FROM tenant_jobs');
const addJob = (shopId: string) =>
  database.query(
    `INSERT INTO tenant_jobs (id, shop_id, kind, payload) VALUES ('${newId()}', '${shopId}', 'remove-expired-keys', '{}')`,
  );

describe('JOBS', () => {
  it('says which process does the jobs of shops', async () => {
    const api = await startServer({ env: env('worker') });
    const { shop } = await newOwner(api.api);
    await addJob(shop.id);
    expect((await runCli(['provisioning:worker', '--once'], { env: env('inline') })).code).toBe(1);
    expect(await jobs()).toEqual([{ attempts: 0 }]);
    const worker = spawnProgram('cli', ['provisioning:worker'], { env: env('worker') });
    await until(jobs, ({ length }) => length === 0);
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    expect(await api.end('SIGTERM')).toBe(0);
    const alone = await startServer({ env: env('inline') });
    await addJob(shop.id);
    await until(jobs, ({ length }) => length === 0);
    expect(await alone.end('SIGTERM')).toBe(0);
  });
});
