import type { EntityManager } from 'typeorm';
import { type Installation, INSTALLATION } from '../../src/database/installation';
import { AccessDirectory } from '../../src/tenancy/access-directory';
import { LIMIT_NAMES, PLAN_LIMITS } from '../../src/tenancy/plan';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { newOwner, type Owner } from '../support/factories';
import { CACHE_TIMES } from '../support/sizes';
import { startTestApp, useTestApp } from '../support/test-app';
import { until } from '../support/until';

const STATEMENT_MS = 700;
const NETWORK_MS = 300;
const app = useTestApp(
  { STATEMENT_TIMEOUT_MS: String(STATEMENT_MS) },
  { times: { ...CACHE_TIMES, networkMs: NETWORK_MS } },
);
const database = () => app.app.get(TenantDatabase, { strict: false });
const accessOf = ({ user, shop }: Owner) =>
  app.app.get(AccessDirectory, { strict: false }).enter(user.id, shop.id);

const setPlan = ({ shop }: Owner, plan: string) =>
  app.database.query('UPDATE shops SET plan = $2 WHERE id = $1', [shop.id, plan]);
const setLimits = ({ shop }: Owner, limits: object) =>
  app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [shop.id, JSON.stringify(limits)]);

async function settingsIn(manager: EntityManager): Promise<string[]> {
  const [row] = await manager.query<Record<string, string>[]>(
    `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
       current_setting('work_mem') AS "workMem", current_setting('temp_file_limit') AS "tempFiles"`,
  );
  return Object.values(row!);
}

const tenantLogin = () => app.app.get<Installation>(INSTALLATION, { strict: false }).roles.tenant;

describe('limits of a plan', () => {
  it('hold in each transaction of the shop, and no longer', async () => {
    const [free, standard] = [await newOwner(app.api), await newOwner(app.api)];
    await setPlan(free, 'free');
    const access = await accessOf(free);
    expect(access.allowance).toMatchObject({ plan: 'free', limits: { statementMs: 5000, seats: 3 } });
    const inFree = ['5s', '2s', '4MB', '1GB'];
    const [own, ofServer] = [`${STATEMENT_MS}ms`, ['5s', '4MB', '1GB']];
    expect(await database().run(access, settingsIn)).toEqual(inFree);
    expect(await database().run(access, settingsIn, true)).toEqual(inFree);
    expect(await database().snapshot(access, settingsIn)).toEqual(inFree);
    expect(await database().transaction(access, settingsIn)).toEqual(inFree);
    expect(await database().run(await accessOf(standard), settingsIn)).toEqual([own, ...ofServer]);
    expect(await database().run(free.shop.id, settingsIn)).toEqual([own, ...ofServer]);
  });

  it('bound temporary files where a superuser has granted that to the tenant login', async () => {
    const right = 'SET ON PARAMETER temp_file_limit';
    await app.database.query(`GRANT ${right} TO ${tenantLogin()}`);
    const granted = await startTestApp({}, { database: app.database });
    try {
      const owner = await newOwner(granted.api);
      await setPlan(owner, 'free');
      const access = await granted.app
        .get(AccessDirectory, { strict: false })
        .enter(owner.user.id, owner.shop.id);
      const tenants = granted.app.get(TenantDatabase, { strict: false });
      expect((await tenants.run(access, settingsIn))[3]).toBe('256MB');
      expect((await tenants.run(owner.shop.id, settingsIn))[3]).toBe('1GB');
    } finally {
      await granted.close();
      await app.database.query(`REVOKE ${right} FROM ${tenantLogin()}`);
    }
  });

  it('are replaced by those of the shop itself, name by name', async () => {
    const owner = await newOwner(app.api);
    await setPlan(owner, 'free');
    await setLimits(owner, { statementMs: 1234, workMemKiB: null, aNewerProgramKnows: 7 });
    const { limits } = (await accessOf(owner)).allowance;
    expect(limits).toMatchObject({ statementMs: 1234, workMemKiB: null, lockMs: 2000 });
    expect(Object.keys(limits).toSorted()).toEqual(LIMIT_NAMES.toSorted());
  });

  it('are in force soon after a change, without another login', async () => {
    const owner = await newOwner(app.api);
    const read = async () => database().run(await accessOf(owner), settingsIn);
    expect((await read())[0]).toBe(`${STATEMENT_MS}ms`);
    await setPlan(owner, 'free');
    await until(read, ([statement]) => statement === '5s');
  });

  it('let a statement take longer than the setting, and one with the setting as long as before', async () => {
    const [patient, hasty] = [await newOwner(app.api), await newOwner(app.api)];
    await setLimits(patient, { statementMs: 20_000, lockMs: 20_000 });
    const { schema } = new TenantLocator().locate(patient.shop.id);
    const read = async (owner: Owner) =>
      database().run(await accessOf(owner), (manager) => manager.query('SELECT count(*) FROM products'));
    const heldMs = 2 * (STATEMENT_MS + NETWORK_MS);
    const holding = app.database.query(
      `DO $$ BEGIN LOCK TABLE ${schema}.products; PERFORM pg_sleep(${heldMs / 1000}); END $$`,
    );
    await until(
      () => app.database.query(`SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted`),
      ({ length }) => length > 0,
    );
    expect(await read(patient)).toEqual([{ count: 0 }]);
    await holding;
    expect(await read(hasty)).toEqual([{ count: 0 }]);
  });

  it('are refused by name when somebody stored what no program writes', async () => {
    const owner = await newOwner(app.api);
    await setLimits(owner, { statementMs: 'soon' });
    await expect(accessOf(owner)).rejects.toThrow(/statementMs/);
  });

  it('of the plans that every installation begins with are in their bounds', async () => {
    const plans = await app.database.query<{ name: string; limits: object }>(
      'SELECT name, limits FROM plans',
    );
    expect(plans.map(({ name }) => name).toSorted()).toEqual(['enterprise', 'free', 'standard']);
    for (const { limits } of plans) PLAN_LIMITS.strict().parse(limits);
  });
});

describe('application name', () => {
  it('names the shop during its transaction', async () => {
    const owner = await newOwner(app.api);
    const { schema } = new TenantLocator().locate(owner.shop.id);
    const named = () =>
      app.database.query<{ name: string }>(
        `SELECT application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'stoa shop_%' AND datname = current_database()`,
      );
    await database().run(owner.shop.id, async (manager) => {
      await manager.query('SELECT 1 AS one');
      expect(await named()).toEqual([{ name: `stoa ${schema}` }]);
    });
    expect(await named()).toEqual([]);
  });
});
