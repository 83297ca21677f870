import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { sqlState } from '../../src/common/sqlstate';
import { AdminDatabase, PublicDatabase } from '../../src/database/control-database';
import { adminOf, type Installation, INSTALLATION } from '../../src/database/installation';
import { JOB_SCHEMA_VERSION, migrateJobs, TENANT_FUNCTIONS } from '../../src/database/job-schema';
import { withClient as withAdmin } from '../../src/database/with-client';
import { createLogger } from '../../src/common/logger';
import { addJob, type JobOptions } from '../../src/operations/jobs/add-job';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { PGBOUNCER, startPooler } from '../../bench/lib/pooler';
import { withClient } from '../support/database';
import { newOwner } from '../support/factories';
import { scratchFolder } from '../support/program';
import { useTestApp } from '../support/test-app';
import { until, untilTrue } from '../support/until';

const DENIED = '42501';
const LEASE_MS = 1500;

const app = useTestApp();
const processes: RunnerProcess[] = [];

/** A message of a process about a job. */
interface Told {
  what: 'ready' | 'begin' | 'end' | 'aborted';
  id?: number;
  key?: string;
  by: number;
}
let told: Told[] = [];

interface RunnerProcess {
  pid: number;
  /** Sends a signal, or asks to stop in order, and waits for the end. */
  end(how: 'SIGKILL' | 'stop'): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

async function startRunner(options: { cron?: string; clockMs?: number } = {}): Promise<RunnerProcess> {
  const settings = { url: app.database.url, leaseMs: LEASE_MS, ...options };
  const child: ChildProcess = fork(path.join(__dirname, 'jobs-process.js'), [JSON.stringify(settings)]);
  const pid = child.pid!; // the event `error` would come instead
  child.on('message', (message: Omit<Told, 'by'>) => told.push({ ...message, by: pid }));
  const runner: RunnerProcess = {
    pid,
    end: async (how) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (how === 'stop') child.send('stop');
      else child.kill(how);
      await once(child, 'exit');
    },
    signal: (name) => child.kill(name),
  };
  processes.push(runner);
  await untilTrue(() => told.some(({ what, by }) => what === 'ready' && by === pid));
  return runner;
}

function add(payload: object, options?: JobOptions): Promise<number> {
  return app.app.get(PublicDatabase).transaction((manager) => addJob(manager, 'work', payload, options));
}

const jobs = () =>
  app.database.query<{ id: number; attempts: number; locked: boolean; waits: boolean; error: string | null }>(
    `SELECT id::int, attempts, locked_by IS NOT NULL AS locked, run_at > now() AS waits, last_error AS error
     FROM jobs.jobs WHERE task_identifier = 'work' ORDER BY id`,
  );
const cutConnections = () =>
  app.database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stoa jobs'`,
  );
const noJobs = () => until(jobs, ({ length }) => length === 0);
const ofKind = (kind: Told['what']) => told.filter(({ what }) => what === kind);
const has = (kind: Told['what'], id: number, by?: number) =>
  ofKind(kind).some((it) => it.id === id && (by === undefined || it.by === by));

afterEach(async () => {
  await Promise.all(processes.splice(0).map((runner) => runner.end('SIGKILL')));
  told = [];
  await app.database.query('DELETE FROM jobs._private_jobs; DELETE FROM jobs._private_job_queues');
});

function installation(): Installation {
  return app.app.get<Installation>(INSTALLATION, { strict: false });
}

describe('the schema of jobs', () => {
  it('is at the newest version of the library', async () => {
    const { migrations } = jest.requireActual<{ migrations: Record<string, string> }>(
      '../../node_modules/graphile-worker/dist/generated/sql',
    );
    const newest = Math.max(...Object.keys(migrations).map((file) => Number.parseInt(file, 10)));
    const [row] = await app.database.query('SELECT max(id) AS version FROM jobs.migrations');
    expect([row, newest]).toEqual([{ version: JOB_SCHEMA_VERSION }, JOB_SCHEMA_VERSION]);
  });

  it('belongs to the owner, and grants nothing but two functions to the tenant login', async () => {
    const { owner, public: publicLogin, tenant } = installation().roles;
    const { shop } = await newOwner(app.api);
    const { schema: shopRole } = app.app.get(TenantLocator, { strict: false }).locate(shop.id as string);
    const objects = await app.database.query<{ object: string; owner: string; acl: string | null }>(
      `SELECT c.oid::regclass::text AS object, c.relowner::regrole::text AS owner, c.relacl::text AS acl
       FROM pg_class c WHERE c.relnamespace = 'jobs'::regnamespace AND c.relkind IN ('r', 'v', 'S')
       UNION ALL SELECT p.oid::regprocedure::text, p.proowner::regrole::text,
         nullif(p.proacl::text, format('{%1$s=X/%1$s}', p.proowner::regrole))
       FROM pg_proc p WHERE p.pronamespace = 'jobs'::regnamespace
       UNION ALL SELECT nspname, nspowner::regrole::text, nullif(nspacl::text, format('{%1$s=UC/%1$s}', nspowner::regrole))
       FROM pg_namespace WHERE nspname = 'jobs'`,
    );
    expect(objects.length).toBeGreaterThan(15);
    expect(objects.filter((it) => it.owner !== owner)).toEqual([]);
    const granted = objects.filter(({ acl }) => acl !== null).map(({ object, acl }) => [object, acl]);
    const functions = TENANT_FUNCTIONS.map((signature) => [
      `jobs.${signature.replaceAll(', ', ',')}`,
      `{${owner}=X/${owner},${tenant}=X/${owner}}`,
    ]);
    expect(new Map(granted as [string, string][])).toEqual(
      new Map([...functions, ['jobs', `{${owner}=UC/${owner},${tenant}=U/${owner}}`]] as [string, string][]),
    );
    const open = await app.database.query(
      `SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND has_schema_privilege(oid, 'jobs', 'USAGE, CREATE')`,
      [[publicLogin, tenant, shopRole]],
    );
    expect(open).toEqual([{ rolname: tenant }]);
  });

  it('is made once by twenty processes that start at once', async () => {
    const { roles } = installation();
    const { url } = adminOf(installation());
    await app.database.query('DROP SCHEMA jobs CASCADE');
    const logger = createLogger('silent');
    await Promise.all(
      Array.from({ length: 20 }, () =>
        withAdmin(url, 'test', (client) => migrateJobs(client, url, roles, logger)),
      ),
    );
    const rows = await app.database.query('SELECT FROM jobs.migrations');
    expect(rows).toHaveLength(JOB_SCHEMA_VERSION);
  });
});

describe('addJob', () => {
  it.each([PublicDatabase, AdminDatabase])(
    'adds a job with the transaction of %p, or not at all',
    async (login) => {
      const database = app.app.get<PublicDatabase>(login, { strict: false });
      await expect(
        database.transaction(async (manager) => {
          await addJob(manager, 'work', { id: 1 });
          throw new Error('rolled back');
        }),
      ).rejects.toThrow('rolled back');
      expect(await jobs()).toEqual([]);
      await database.transaction((manager) => addJob(manager, 'work', { id: 1 }));
      expect(await jobs()).toHaveLength(1);
    },
  );

  it('replaces the waiting job of a key', async () => {
    await add({ id: 1 }, { key: 'same' });
    await add({ id: 2 }, { key: 'same' });
    await add({ id: 3 }, { key: 'another' });
    await startRunner();
    await noJobs();
    expect(new Set(ofKind('end').map(({ id }) => id))).toEqual(new Set([2, 3]));
  });

  it('is refused to the tenant login, and tables and functions of the library to the public login', async () => {
    const call = `SELECT public.add_job('work', '{}', NULL, NULL, NULL, NULL)`;
    const direct = [
      `SELECT jobs.add_job('work')`,
      `INSERT INTO jobs._private_jobs (task_id) VALUES (1)`,
      'SELECT FROM jobs.jobs',
    ];
    const { logins } = installation();
    const refused = async (url: string, sql: string) =>
      withClient(url, (client) =>
        client.query(sql).then(
          () => 'done',
          (error: unknown) => sqlState(error),
        ),
      );
    expect(await refused(logins.tenant, call)).toBe(DENIED);
    for (const sql of direct) expect(await refused(logins.public, sql)).toBe(DENIED);
  });
});

(PGBOUNCER === undefined ? describe.skip : describe)('behind a PgBouncer in transaction mode', () => {
  it('jobs are added by the same function', async () => {
    const pooler = await startPooler(app.database, 2, scratchFolder());
    const url = new URL(pooler.url);
    const { username, password } = new URL(installation().logins.public);
    Object.assign(url, { username, password });
    await Promise.all(
      Array.from({ length: 20 }, (_, id) =>
        withClient(url.href, (client) =>
          client.query(`SELECT public.add_job('work', $1, NULL, NULL, NULL, NULL)`, [{ id }]),
        ),
      ),
    );
    await pooler.stop();
    await startRunner();
    await noJobs();
    expect(ofKind('end')).toHaveLength(20);
  });
});

describe('a runner', () => {
  it('tries a failed job again later, and leaves it as dead after its attempts', async () => {
    await startRunner();
    await add({ id: 1, fail: true }, { attempts: 2 });
    const [waiting] = await until(jobs, ([job]) => job?.attempts === 1 && !job.locked);
    expect(waiting).toMatchObject({ waits: true, error: 'told to fail' });
    await app.database.query('UPDATE jobs._private_jobs SET run_at = now()'); // rather than wait
    const [dead] = await until(jobs, ([job]) => job?.attempts === 2 && !job.locked);
    expect(dead).toMatchObject({ error: 'told to fail' });
    await add({ id: 2 });
    await untilTrue(() => has('end', 2));
    expect(ofKind('begin').filter(({ id }) => id === 1)).toHaveLength(2);
  });

  it('takes the job of a killed one when its lease is over', async () => {
    const runners = [await startRunner(), await startRunner()];
    await add({ id: 1, ms: 1000, deaf: true });
    await untilTrue(() => has('begin', 1));
    const { by } = ofKind('begin')[0]!; // there is one
    const [victim, survivor] = runners.toSorted((runner) => (runner.pid === by ? -1 : 1));
    await victim!.end('SIGKILL');
    await untilTrue(() => has('end', 1, survivor!.pid));
    await noJobs();
  });

  it('keeps a job that takes many leases', async () => {
    await startRunner();
    const second = await startRunner();
    await add({ id: 1, ms: 4 * LEASE_MS, deaf: true });
    await untilTrue(() => has('end', 1));
    expect(ofKind('begin')).toHaveLength(1);
    expect(second.pid).toBeGreaterThan(0);
  });

  it('gives up the job that another has taken while it was frozen', async () => {
    const frozen = await startRunner();
    await add({ id: 1, ms: 5 * LEASE_MS });
    await untilTrue(() => has('begin', 1));
    const other = await startRunner();
    frozen.signal('SIGSTOP');
    await untilTrue(() => has('begin', 1, other.pid));
    frozen.signal('SIGCONT');
    await untilTrue(() => has('aborted', 1, frozen.pid));
    await untilTrue(() => has('end', 1, other.pid));
    await noJobs();
    await add({ id: 2, ms: 200 });
    await add({ id: 3, ms: 200 });
    await other.end('stop');
    await untilTrue(() => has('end', 3, frozen.pid) || has('end', 2, frozen.pid)); // it works again, under a new lease
  });

  it('keeps the order of a queue, whoever is killed, and lets others pass', async () => {
    const runners = [await startRunner(), await startRunner()];
    for (let id = 0; id < 12; id++) await add({ id, key: 'a', ms: 150 }, { queue: 'a' });
    await add({ id: 100, key: 'b' }, { queue: 'b' });
    await untilTrue(() => has('end', 100));
    expect(has('end', 11)).toBe(false);
    await untilTrue(() => has('begin', 3));
    const { by } = ofKind('begin').at(-1)!; // there is one
    await runners.find(({ pid }) => pid === by)!.end('SIGKILL');
    await untilTrue(() => has('end', 11));
    const begun = ofKind('begin').flatMap(({ key, id }) => (key === 'a' ? [id!] : []));
    expect(begun).toEqual(begun.toSorted((a, b) => a - b));
    expect(new Set(begun).size).toBe(12);
    await noJobs();
  });

  it('goes from one job of a queue to the next without waiting for a poll', async () => {
    for (let id = 0; id < 80; id++) await add({ id }, { queue: 'a' });
    await startRunner();
    await noJobs(); // a poll for each would take minutes
    expect(ofKind('end')).toHaveLength(80);
  });

  it('does every job when all its connections break', async () => {
    const runner = await startRunner();
    for (let id = 0; id < 60; id++) await add({ id, ms: 50 });
    await untilTrue(() => ofKind('end').length > 5);
    await cutConnections();
    await noJobs();
    expect(new Set(ofKind('end').map(({ id }) => id)).size).toBe(60);
    expect(ofKind('end').every(({ by }) => by === runner.pid)).toBe(true);
  });

  it('does every job when the ends of several could not be stored at once', async () => {
    const runner = await startRunner();
    const waiting = () =>
      app.database.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE application_name = 'stoa jobs' AND wait_event_type = 'Lock' AND query LIKE '%delete from%_private_jobs%'`,
      );
    await withClient(app.database.url, async (client) => {
      for (let id = 0; id < 12; id++) await add({ id, ms: 300 + 150 * id }); // ends at once would be stored together
      await untilTrue(() => ofKind('begin').length >= 4);
      await client.query('BEGIN; LOCK TABLE jobs._private_jobs IN ACCESS EXCLUSIVE MODE');
      await until(waiting, ({ length }) => length >= 2);
      await cutConnections();
      await client.query('ROLLBACK');
    });
    await noJobs();
    expect(new Set(ofKind('end').map(({ id }) => id)).size).toBe(12);
    expect(ofKind('end').every(({ by }) => by === runner.pid)).toBe(true);
  });

  it('returns a job at a stop, at once and without counting the attempt', async () => {
    const first = await startRunner();
    await add({ id: 1, ms: 60_000 });
    await untilTrue(() => has('begin', 1));
    await first.end('stop');
    expect(has('aborted', 1)).toBe(true);
    expect(await jobs()).toMatchObject([{ attempts: 0, locked: false, waits: false }]);
    const second = await startRunner();
    await untilTrue(() => has('begin', 1, second.pid));
  });

  it('waits at a stop for a job that ends soon, and returns one that does not', async () => {
    const runner = await startRunner();
    await add({ id: 1, ms: 500, deaf: true });
    await add({ id: 2, ms: 60_000, deaf: true });
    await untilTrue(() => has('begin', 1) && has('begin', 2));
    await runner.end('stop');
    expect([has('end', 1), has('end', 2)]).toEqual([true, false]);
    expect(await jobs()).toMatchObject([{ attempts: 0, locked: false, waits: false }]);
  });

  it('adds one job at the time of a schedule, of three processes', async () => {
    const clockMs = -((Date.now() % 60_000) + 5000); // the next minute begins in five seconds
    const options = { cron: '* * * * *', clockMs };
    await Promise.all([startRunner(options), startRunner(options), startRunner(options)]);
    await untilTrue(() => ofKind('end').length > 0);
    const known = await app.database.query(
      `SELECT identifier FROM jobs._private_known_crontabs WHERE last_execution IS NOT NULL`,
    );
    expect(known).toEqual([{ identifier: 'work' }]);
    await noJobs();
    expect(ofKind('begin')).toHaveLength(1);
  });
});
