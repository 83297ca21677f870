import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Client } from 'pg';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { faultOf } from '../../../src/operations/faults';
import { type RunOptions, targetOf } from '../../../src/operations/migrator/run-options';
import type { TenantMigrations } from '../../../src/tenancy/tenant-migrations';
import { TenantMigrator } from '../../../src/operations/migrator/tenant-migrator';
import { assertWhole, at, type FleetShop, makeShops, readFleet } from '../../support/fleet';
import { migrationsWith, type NextMigration } from '../../support/program';
import { useTestApp } from '../../support/test-app';

const SHOPS = 12;
const VERSION = 1900000000000;
const COLUMN: NextMigration = {
  name: `${VERSION}-add-season`,
  up: 'ALTER TABLE products ADD COLUMN season text',
  down: 'ALTER TABLE products DROP COLUMN season',
};

const app = useTestApp();
const fleet = () => readFleet(app);
const sql = <T extends object>(text: string) => app.database.query<T>(text);
const run = (migrations: TenantMigrations, options: RunOptions = {}) =>
  new TenantMigrator(migrations, app.app.get<Installation>(INSTALLATION)).run(options);

let season: TenantMigrations;

/** A transaction that has read the products of these shops and does not end. */
async function readerOf(shops: readonly FleetShop[]): Promise<Client> {
  const client = new Client({ connectionString: app.database.url });
  await client.connect();
  await client.query('BEGIN');
  for (const { schema } of shops) await client.query(`SELECT FROM ${schema}.products`);
  return client;
}

beforeAll(async () => {
  await makeShops(app, SHOPS);
  season = await migrationsWith(COLUMN);
});
afterEach(async () => {
  await sql(`UPDATE tenants SET status = 'ready', run_id = NULL`);
  await new TenantMigrator(season, app.app.get<Installation>(INSTALLATION)).run(
    { patienceMs: 0 },
    targetOf(season, { undo: true }),
  );
  assertWhole(await fleet());
});

describe('a step that takes long', () => {
  it('does not make the run look gone: its heartbeat goes on', async () => {
    const shop = (await fleet())[0]!;
    const slow = await migrationsWith({
      ...COLUMN,
      up: [
        COLUMN.up as string,
        `DO $$ BEGIN
           WHILE current_schema = '${shop.schema}' AND NOT EXISTS (
             SELECT FROM public.migration_runs WHERE outcome IS NULL AND seen_at > started_at) LOOP
             PERFORM pg_sleep(0.05);
           END LOOP;
         END $$`,
      ],
    });
    const summary = await run(slow, { shopIds: [shop.id], patienceMs: 0, statementMs: 15_000 });
    expect(summary).toMatchObject({ migrated: 1, deferred: [], outcome: 'done' });
    await new TenantMigrator(slow, app.app.get<Installation>(INSTALLATION)).run(
      {},
      targetOf(slow, { undo: true }),
    );
  });
});

describe('a shop that somebody reads all the time', () => {
  it('is put off, and named when it stays busy', async () => {
    const busy = (await fleet()).slice(2, 4);
    const reader = await readerOf(busy);
    const summary = await run(season, { patienceMs: 0 });
    const statuses = (await fleet()).filter(({ status }) => status === 'deferred').map(({ slug }) => slug);
    await reader.end();
    expect(summary).toMatchObject({ migrated: SHOPS - 2, failed: [], outcome: 'unfinished' });
    expect(summary.deferred.map(({ slug, sqlState }) => [slug, sqlState])).toEqual(
      busy.map(({ slug }) => [slug, '55P03']),
    );
    expect(statuses).toEqual(busy.map(({ slug }) => slug));
  });

  it('is migrated in a later pass, once the reader has gone', async () => {
    const reader = await readerOf((await fleet()).slice(0, 1));
    let gone: Promise<void> | undefined;
    const summary = await run(season, {
      patienceMs: 20_000,
      onProgress: ({ done }) => {
        if (done === SHOPS - 1) gone ??= reader.end(); // all others are there
      },
    });
    await gone;
    expect(summary).toMatchObject({ migrated: SHOPS, failed: [], deferred: [], outcome: 'done' });
  });
});

describe('a server in trouble', () => {
  const full = (code: string): NextMigration => ({
    ...COLUMN,
    up: [
      COLUMN.up as string,
      `DO $$ BEGIN IF EXISTS (SELECT FROM public.trouble) THEN RAISE EXCEPTION 'trouble' USING ERRCODE = '${code}'; END IF; END $$`,
    ],
  });
  beforeAll(() => sql('CREATE TABLE public.trouble (); GRANT SELECT ON public.trouble TO PUBLIC'));
  afterAll(() => sql('DROP TABLE public.trouble'));
  afterEach(() => sql('DELETE FROM public.trouble'));

  it.each(['53100', '53200', '57P03', '08006'])('pauses the run on %s and fails no tenant', async (code) => {
    await sql('INSERT INTO public.trouble DEFAULT VALUES');
    const troubled = await migrationsWith(full(code));
    let pauses = 0;
    let repaired: Promise<unknown> | undefined;
    const summary = await run(troubled, {
      onPause: () => {
        if (++pauses === 2) repaired = sql('DELETE FROM public.trouble');
      },
    });
    await repaired;
    expect(pauses).toBeGreaterThanOrEqual(2);
    expect(summary).toMatchObject({ migrated: SHOPS, failed: [], deferred: [], outcome: 'done' });
    await new TenantMigrator(troubled, app.app.get<Installation>(INSTALLATION)).run(
      {},
      targetOf(troubled, { undo: true }),
    );
  });

  it('ends the run with the error when it lasts too long, and no tenant has failed', async () => {
    await sql('INSERT INTO public.trouble DEFAULT VALUES');
    await expect(run(await migrationsWith(full('53100')), { pauseLimitMs: 300 })).rejects.toMatchObject({
      code: '53100',
    });
    expect((await fleet()).filter(({ status }) => status !== 'ready')).toEqual([]);
    const [last] = await sql<{ outcome: string }>(
      'SELECT outcome FROM migration_runs ORDER BY started_at DESC LIMIT 1',
    );
    expect(last).toEqual({ outcome: 'stopped' });
  });

  it('ends as interrupted when it is stopped while the server is away', async () => {
    const stop = new AbortController();
    const here = app.app.get<Installation>(INSTALLATION);
    const away = { ...here, admin: { ...here.admin!, url: 'postgres://admin@127.0.0.1:1/none' } };
    const summary = await new TenantMigrator(season, away).run({
      signal: stop.signal,
      onPause: () => stop.abort(),
    });
    expect(summary).toMatchObject({ outcome: 'interrupted', migrated: 0, failed: [], deferred: [] });
  });

  describe('that only one tenant has', () => {
    let shop: FleetShop;
    let one: TenantMigrations;
    beforeAll(async () => {
      shop = (await fleet())[0]!;
      one = await migrationsWith({
        ...COLUMN,
        up: [
          COLUMN.up as string,
          `DO $$ BEGIN IF current_schema = '${shop.schema}' THEN RAISE EXCEPTION 'mine' USING ERRCODE = '53200'; END IF; PERFORM pg_sleep(0.2); END $$`,
        ],
      });
    });

    it('does not hold up the others, and that one is named', async () => {
      const { deferred, migrated } = await run(one, { patienceMs: 2000, concurrency: 1 });
      expect(deferred).toMatchObject([{ slug: shop.slug, sqlState: '53200' }]);
      expect(migrated).toBe(SHOPS - 1);
      await new TenantMigrator(one, app.app.get<Installation>(INSTALLATION)).run(
        { patienceMs: 0 },
        targetOf(one, { undo: true }),
      );
    });

    it('is distinguished from that of the server when it is the last', async () => {
      const { deferred, outcome } = await run(one, { shopIds: [shop.id], patienceMs: 0 });
      expect([deferred, outcome]).toMatchObject([[{ slug: shop.slug, sqlState: '53200' }], 'unfinished']);
    });
  });

  it('is survived when connections break in the middle', async () => {
    const slow = await migrationsWith({ ...COLUMN, up: [COLUMN.up as string, 'SELECT pg_sleep(0.05)'] });
    let killed: Promise<{ name: string }[]> | undefined;
    const summary = await run(slow, {
      onProgress: () => {
        killed ??= sql<{ name: string }>(`SELECT application_name AS name, pg_terminate_backend(pid)
          FROM pg_stat_activity WHERE application_name IN ('stoa each tenant', 'stoa one tenant', 'stoa migrator')
            AND datname = current_database()`);
      },
    });
    expect((await killed)!.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['stoa each tenant', 'stoa migrator']),
    );
    expect(summary).toMatchObject({ failed: [], deferred: [], outcome: 'done' });
    expect(at(VERSION, await fleet())).toHaveLength(SHOPS);
    await new TenantMigrator(slow, app.app.get<Installation>(INSTALLATION)).run(
      {},
      targetOf(slow, { undo: true }),
    );
  });
});

describe('faultOf', () => {
  it('takes a server that does not answer for one in trouble, not for a failure of the tenant', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const client = new Client({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 });
    const error: unknown = await client.connect().catch((reason: unknown) => reason);
    silent.close();
    expect(faultOf(error)).toBe('server');
  });
});
