import { readdirSync } from 'node:fs';
import { createLogger } from '../../../src/common/logger';
import { type Env, ENV } from '../../../src/config/env';
import { PublicDatabase } from '../../../src/database/control-database';
import { type Housekeeper, HOUSEKEEPING, keepHouse } from '../../../src/operations/lifecycle/housekeeping';
import { TOOLS, type Tools } from '../../../src/operations/lifecycle/operation-kind';
import type { Operation } from '../../../src/operations/lifecycle/operation.entity';
import { requestOperation } from '../../../src/operations/lifecycle/request-operation';
import { requestScheduledBackup } from '../../../src/operations/lifecycle/scheduled-backup';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { withClient } from '../../support/database';
import { newOwner, newProduct, type Owner } from '../../support/factories';
import { useBackupFolder } from '../../support/lifecycle';
import { type RunningServer, startServer } from '../../support/program';
import { useTestApp } from '../../support/test-app';
import { until, untilTrue } from '../../support/until';

const app = useTestApp({ BACKUP_SCHEDULE: '30 2 * * *', BACKUP_TARGET: 'backups-of-a-test' });
const folder = useBackupFolder();
const running: RunningServer[] = [];
let owner: Owner;

beforeAll(async () => {
  owner = await newOwner(app.api);
  await newProduct(owner.api);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')));
  await app.database.query('DELETE FROM operations');
});

async function start(env: Record<string, string> = {}): Promise<RunningServer> {
  const server = await startServer({ env: { DATABASE_URL: app.database.url, ...env } });
  running.push(server);
  return server;
}

/** As a process without admin rights does. */
function request(shops: string[] | null = null): Promise<string> {
  const input = { shops, target: folder.path, keep: null, isEncrypted: false, concurrency: 1 };
  return app.app.get(PublicDatabase).transaction((manager) =>
    requestOperation(manager, {
      ...{ kind: 'backup', shop: null, isExclusive: false, input },
      by: { kind: 'operator', id: null },
    }),
  );
}

async function read(id: string): Promise<Operation> {
  const [row] = await app.database.query<Operation>('SELECT * FROM operations WHERE id = $1', [id]);
  return row!;
}
const isIn = (id: string, state: string) => untilTrue(async () => (await read(id)).state === state);
const forget = (id: string) =>
  app.database.query(`UPDATE operations SET seen_at = now() - interval '1 minute' WHERE id = $1`, [id]);

/** Locks the shop against a backup, which waits. */
async function lockShop(work: () => Promise<void>): Promise<void> {
  const { schema } = new TenantLocator().locate(owner.shop.id);
  await withClient(app.database.url, async (client) => {
    await client.query(`BEGIN; LOCK TABLE ${schema}.products`);
    await work();
    await client.query('ROLLBACK');
  });
}
const waits = () =>
  untilTrue(
    async () =>
      (
        await app.database.query(`SELECT FROM pg_stat_activity WHERE application_name = 'stoa copy out'
        AND wait_event_type = 'Lock'`)
      ).length > 0,
  );

describe('OperationWorker', () => {
  it('runs what the public login requests, in every process with admin rights, each operation once', async () => {
    await start({ WORKERS: '2' });
    const ids = await Promise.all(Array.from({ length: 6 }, () => request()));
    for (const id of ids) await isIn(id, 'done');
    const all = await app.database.query(`SELECT attempts, result->'failed' AS failed FROM operations`);
    expect(all).toEqual(ids.map(() => ({ attempts: 1, failed: [] })));
    const files = await app.database.query('SELECT FROM backups WHERE operation_id = ANY ($1)', [ids]);
    expect(files).toHaveLength(6);
  });

  it('returns an operation to the queue when its process stops, and another goes on', async () => {
    const first = await start();
    let id = '';
    await lockShop(async () => {
      id = await request();
      await waits();
      expect(await first.end('SIGTERM')).toBe(0);
      expect(await read(id)).toMatchObject({ state: 'queued', runner: null, attempts: 0 });
    });
    await start();
    await isIn(id, 'done');
  });

  it('takes over from a process that was killed', async () => {
    const first = await start();
    let id = '';
    await lockShop(async () => {
      id = await request();
      await waits();
      await first.end('SIGKILL');
    });
    expect((await read(id)).state).toBe('running');
    await forget(id);
    await start();
    await isIn(id, 'done');
    expect((await read(id)).attempts).toBe(2);
  });

  it('runs two at once, and cancels others without waiting for those', async () => {
    await start();
    await lockShop(async () => {
      const ids = [await request(), await request(), await request()];
      await until(
        () => Promise.all(ids.map(read)),
        (rows) => rows.filter(({ state }) => state === 'running').length === 2,
      );
      const waiting = (await Promise.all(ids.map(read))).find(({ state }) => state === 'queued')!;
      await app.database.query('UPDATE operations SET cancel_wanted = true WHERE id = $1', [waiting.id]);
      await isIn(waiting.id, 'cancelled');
      await app.database.query('UPDATE operations SET cancel_wanted = true');
    });
  });

  it('keeps the schedules of backup and housekeeping', async () => {
    await start({ BACKUP_SCHEDULE: '30 2 * * *' });
    await until(
      () => app.database.query('SELECT identifier FROM jobs._private_known_crontabs ORDER BY identifier'),
      (rows) =>
        ['housekeeping', 'scheduled-backup'].every((name) => JSON.stringify(rows).includes(`"${name}"`)),
    );
  });
});

describe('BACKUP_SCHEDULE', () => {
  const tick = () =>
    requestScheduledBackup(app.app.get(PublicDatabase), app.app.get<Env>(ENV), createLogger('silent'));
  const scheduled = () =>
    app.database.query<Operation>(`SELECT * FROM operations WHERE by_kind = 'schedule' ORDER BY created_at`);

  it('requests one backup of all shops, and no other while it is not finished', async () => {
    await tick();
    await tick();
    const [operation, ...others] = await scheduled();
    expect(others).toEqual([]);
    expect(operation).toMatchObject({
      ...{ kind: 'backup', shop_id: null, state: 'queued' },
      input: { shops: null, keep: '7d4w', isEncrypted: false },
    });
    await app.database.query(`UPDATE operations SET state = 'failed'`);
    await tick();
    expect(await scheduled()).toHaveLength(2);
  });
});

describe('housekeeping', () => {
  const tools = () => app.app.get<Tools>(TOOLS);
  const { signal } = new AbortController();

  it('removes operations that ended 90 days ago, and no others', async () => {
    const [old, recent, open] = [await request(), await request(), await request()];
    const end = (id: string, days: number) =>
      app.database.query(
        `UPDATE operations SET state = 'done', finished_at = now() - $2 * interval '1 day' WHERE id = $1`,
        [id, days],
      );
    await end(old, 91);
    await end(recent, 89);
    await app.database.query(`UPDATE operations SET created_at = now() - interval '200 days'`);
    await keepHouse(tools(), signal);
    const left = await app.database.query<{ id: string }>('SELECT id FROM operations ORDER BY id');
    expect(left.map(({ id }) => id)).toEqual([recent, open].toSorted());
  });

  it('does the rest when a part of it fails, and says so', async () => {
    const done: string[] = [];
    const work: Housekeeper[] = [
      () => Promise.reject(new Error('no')),
      ...HOUSEKEEPING,
      () => Promise.resolve(void done.push('last')),
    ];
    await expect(keepHouse(tools(), signal, work)).rejects.toThrow('1 part(s)');
    expect(done).toEqual(['last']);
  });
});

it('writes nothing where no test says so', () => {
  expect(() => readdirSync('backups-of-a-test')).toThrow('ENOENT');
});
