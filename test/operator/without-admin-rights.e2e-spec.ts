import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../../src/app/http-server';
import { createLogger } from '../../src/common/logger';
import { readEnv } from '../../src/config/env';
import { AdminDatabase } from '../../src/database/control-database';
import { joinInstallation } from '../../src/database/installation';
import { runCli } from '../support/program';
import { Api } from '../support/api';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { runnerOf, useBackupFolder } from '../support/lifecycle';
import { newOperator, startOperators, type TestOperator } from '../support/operators';
import { problemIn } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { until } from '../support/until';

const ADMIN_SECRET = 'another secret that only the worker knows, for admin rights';
const APP_SECRET = 'a secret that only tests use, at least 32 characters';
const folder = useBackupFolder();

/** An API process that has no admin rights, and another process that has them and serves nobody. */
let database: TestDatabase;
let worker: TestApp;
let server: NestFastifyApplication;
let api: Api;
let ada: TestOperator;
let end: () => Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase();
  const workerEnv = { PROVISIONING: 'worker', ADMIN_SECRET, BACKUP_TARGET: folder.path, WARM_TENANTS: '6' };
  worker = await startTestApp(workerEnv, { database });
  await runCli(['provisioning:worker', '--once'], { env: { ...workerEnv, DATABASE_URL: database.url } });
  const url = new URL(database.url);
  [url.username, url.password] = ['', ''];
  const env = readEnv({
    ...{ DATABASE_URL: url.href, APP_SECRET, PROVISIONING: 'worker', BACKUP_TARGET: folder.path },
    LOG_LEVEL: 'silent',
  });
  const base = { env, logger: createLogger('silent'), installation: await joinInstallation(env) };
  server = await createHttpApp(base);
  await server.listen(0, '127.0.0.1');
  api = new Api(await server.getUrl());
  const operators = await startOperators(server, base);
  ada = await newOperator({ app: server }, operators, 'administrator');
  end = async () => {
    await operators.close();
    await server.close();
    await worker.close();
    await database.drop();
  };
});
afterAll(() => end());

describe('an API process without admin rights', () => {
  it('has no connection of the admin login', () => {
    expect(server.get(AdminDatabase)).toBeNull();
  });

  it('shows sizes and rows of shops', async () => {
    const owner = await newOwner(api);
    await newProduct(owner.api);
    const { body } = await ada.api.get(`shops/${owner.shop.slug}`);
    expect(body.bytes).toBeGreaterThan(0);
    expect(body.tables).toContainEqual(expect.objectContaining({ name: 'products', rows: 1 }));
    expect((await ada.api.get('shops?sort=size')).status).toBe(200);
  });

  it('holds shops to the quotas of their plans', async () => {
    const owner = await newOwner(api);
    await ada.api.patch(`shops/${owner.shop.slug}/limits`, { limits: { rows: 1 } });
    const refused = await until(
      () => owner.api.post('customers', { name: 'Ada' }),
      ({ status }) => status === 403,
    );
    expect(problemIn(refused)).toBe('403 QUOTA_EXCEEDED');
  });

  it('creates, closes and deletes shops', async () => {
    const owner = await newOwner(api);
    const made = await ada.api.post('shops', { name: 'From the pool', owner: owner.email });
    expect([made.status, made.body.slug]).toEqual([201, 'from-the-pool']);
    expect((await ada.api.post('shops/from-the-pool/suspend')).status).toBe(200);
    const removed = await ada.api.post('shops/from-the-pool/delete', { confirm: 'from-the-pool' });
    expect(removed.body.status).toBe('deleted');
  });

  it('queues operations, which the process with admin rights runs', async () => {
    const owner = await newOwner(api);
    const { slug } = owner.shop;
    const { body } = await ada.api.post(`shops/${slug}/backup`);
    expect(body.state).toBe('queued');
    const jobs = await database.query('SELECT FROM jobs.jobs');
    expect(jobs).not.toEqual([]);
    await runnerOf(worker).run(body.id);
    expect((await ada.api.get(`operations/${body.id}`)).body).toMatchObject({ state: 'done', error: null });
    const [backup] = (await ada.api.get(`backups?shop=${slug}`)).body.items;
    const copy = await ada.api.post(`backups/${backup.id}/restore`, { slug: `${slug}-copy` });
    await runnerOf(worker).run(copy.body.id);
    expect((await ada.api.get(`shops/${slug}-copy`)).status).toBe(200);
  });
});
