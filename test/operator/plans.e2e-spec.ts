import { newMember, newOwner, newProduct, type Owner } from '../support/factories';
import { newOperator, type TestOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { startTestApp, useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({ STATEMENT_TIMEOUT_MS: '4321' }, { times: CACHE_TIMES });
const operators = useOperators(app);

let grace: TestOperator;
beforeAll(async () => {
  grace = await newOperator(app, operators, 'operator');
});

interface Named {
  name: string;
}
const named = <T extends Named>(list: T[], name: string) => list.find((one) => one.name === name);
const auditOf = async ({ api }: Owner) => (await api.get('audit')).body.items as { action: string }[];
const bulk = { reason: 'Counted', variants: [{ id: '0198c0de-0000-7000-8000-000000000000', stock: 1 }] };

describe('plans', () => {
  it('are created and changed by name, and listed with the number of their shops', async () => {
    const owner = await newOwner(app.api);
    const plan = { name: 'wholesale', limits: { seats: 200, rows: null }, features: { bulkUpdates: false } };
    const created = await grace.api.post('plans', plan);
    expect([created.status, created.body.shops]).toEqual([201, 0]);
    expect(problemIn(await grace.api.post('plans', plan))).toBe('409 PLAN_EXISTS');
    await grace.api.post(`shops/${owner.shop.slug}/plan`, { plan: 'wholesale' });
    const { body } = await grace.api.patch('plans/wholesale', { limits: { rows: 5000, seats: null } });
    expect(named(body.limits, 'rows')).toEqual({ name: 'rows', value: 5000 });
    expect(named(body.limits, 'seats')).toEqual({ name: 'seats', value: null });
    expect(named(body.features, 'bulkUpdates')).toEqual({ name: 'bulkUpdates', isOn: false });
    const { plans } = (await grace.api.get('plans')).body;
    expect(named(plans, 'wholesale')).toEqual({ ...body, shops: 1 });
    const entries = await app.database.query(
      `SELECT action, shop_id AS shop, details FROM audit_log WHERE action LIKE 'plan.%' ORDER BY id`,
    );
    expect(entries).toEqual([
      { action: 'plan.created', shop: null, details: { plan: 'wholesale', by: 'operator' } },
      {
        action: 'plan.changed',
        shop: null,
        details: { plan: 'wholesale', rows: 5000, seats: 'none', by: 'operator' },
      },
    ]);
  });

  it('have settings of their shops, each by name', async () => {
    const owner = await newOwner(app.api);
    const settings = { timeZone: 'Europe/Berlin', language: 'DE', taxBasisPoints: 1900 };
    const created = await grace.api.post('plans', { name: 'german', settings });
    const none = { country: null, orderPrefix: null, pricesIncludeTax: null };
    expect(created.body.settings).toEqual({ ...none, ...settings, language: 'de' });
    const changes = { settings: { taxBasisPoints: null, pricesIncludeTax: true } };
    const { body } = await grace.api.patch('plans/german', changes);
    expect(body.settings).toMatchObject({ taxBasisPoints: null, pricesIncludeTax: true, language: 'de' });
    await grace.api.post(`shops/${owner.shop.slug}/plan`, { plan: 'german' });
    const shown = (await owner.api.get('settings')).body;
    expect(shown).toMatchObject({ timeZone: 'Europe/Berlin', language: 'de', pricesIncludeTax: true });
    const [newest] = await app.database.query<{ details: object }>(
      `SELECT details FROM audit_log WHERE action = 'plan.changed' ORDER BY id DESC LIMIT 1`,
    );
    expect(newest?.details).toEqual({
      ...{ plan: 'german', by: 'operator' },
      ...{ 'setting.taxBasisPoints': 'none', 'setting.pricesIncludeTax': 'on' },
    });
  });

  it.each([
    [{ timeZone: 'Europe/Atlantis' }, 'settings.timeZone'],
    [{ orderPrefix: 'th_' }, 'settings.orderPrefix'],
    [{ address: { line1: 'Rosenweg 1', city: 'Zurich' } }, 'settings.address'],
    [{ name: 'Corner Shop' }, 'settings.name'],
  ])('refuse the settings %j', async (settings, field) => {
    const refused = await grace.api.patch('plans/free', { settings });
    expect([problemIn(refused), refused.body.errors[0].field]).toEqual(['400 VALIDATION_FAILED', field]);
  });

  it.each([
    [{ limits: { statementms: 500 } }, 'limits.statementms'],
    [{ limits: { statementMs: 99 } }, 'limits.statementMs'],
    [{ limits: { pageSize: 101 } }, 'limits.pageSize'],
    [{ limits: { seats: 1.5 } }, 'limits.seats'],
    [{ features: { timeTravel: true } }, 'features.timeTravel'],
    [{ features: { bulkUpdates: 'yes' } }, 'features.bulkUpdates'],
  ])('refuse %j', async (changes, field) => {
    const owner = await newOwner(app.api);
    for (const path of ['plans/free', `shops/${owner.shop.id}/limits`]) {
      const refused = await grace.api.patch(path, changes);
      expect([problemIn(refused), refused.body.errors[0].field]).toEqual(['400 VALIDATION_FAILED', field]);
    }
  });

  it('that do not exist are refused by name', async () => {
    const { shop } = await newOwner(app.api);
    for (const answer of [
      await grace.api.patch('plans/golden', { limits: { seats: 1 } }),
      await grace.api.post(`shops/${shop.id}/plan`, { plan: 'golden' }),
      await grace.api.get('shops?plan=golden'),
    ])
      expect(problemIn(answer)).toBe('404 PLAN_NOT_FOUND');
    expect(problemIn(await grace.api.post('plans', { name: 'Gold' }))).toBe('400 VALIDATION_FAILED');
  });
});

describe('a shop', () => {
  it('gets another plan, which lists and its owner see', async () => {
    const owner = await newOwner(app.api);
    const { id, slug } = owner.shop;
    const change = { id, slug, plan: 'free', hasChanged: true };
    expect((await grace.api.post(`shops/${slug}/plan`, { plan: 'free' })).body).toEqual(change);
    expect((await grace.api.post(`shops/${slug}/plan`, { plan: 'free' })).body.hasChanged).toBe(false);
    expect((await grace.api.get('shops?plan=free')).body.items).toEqual([
      expect.objectContaining({ id, plan: 'free' }),
    ]);
    expect((await grace.api.get(`shops/${slug}`)).body.plan).toBe('free');
    const [newest] = await auditOf(owner);
    expect(newest).toMatchObject({
      action: 'shop.plan_changed',
      actorId: grace.id,
      details: { from: 'standard', plan: 'free', by: 'operator' },
    });
  });

  it('has limits and features of its own in place of those of its plan, one by one', async () => {
    const owner = await newOwner(app.api);
    const path = `shops/${owner.shop.slug}/limits`;
    await grace.api.post(`shops/${owner.shop.slug}/plan`, { plan: 'free' });
    const changes = { limits: { seats: 9, workMemKiB: 128 }, features: { changeHistory: false } };
    expect((await grace.api.patch(path, changes)).body.plan).toBe('free');
    await grace.api.patch(path, { limits: { workMemKiB: null } });
    const { limits, features } = (await grace.api.get(path)).body;
    expect(named(limits, 'seats')).toMatchObject({ plan: 3, own: 9, inForce: 9 });
    expect(named(limits, 'workMemKiB')).toMatchObject({
      plan: 4096,
      own: null,
      inForce: 4096,
    });
    expect(named(features, 'changeHistory')).toMatchObject({ plan: null, own: false, inForce: false });
    await grace.api.patch(path, { limits: { workMemKiB: null } }); // changes nothing
    expect((await auditOf(owner)).slice(0, 3)).toMatchObject([
      { action: 'shop.limits_changed', details: { workMemKiB: 'none' } },
      {
        action: 'shop.limits_changed',
        details: { seats: 9, workMemKiB: 128, 'feature.changeHistory': 'off' },
      },
      { action: 'shop.plan_changed' },
    ]);
  });

  it('has used parts of its limits', async () => {
    const owner = await newOwner(app.api);
    await newMember(owner);
    await newProduct(owner.api);
    await app.database.query('ANALYZE');
    await app.database.query('SELECT measure_shop($1, 0)', [owner.shop.id]); // the product's own request measured before ANALYZE
    await app.database.query(
      `INSERT INTO shop_activity (process, shop_id, at, database_ms, wait_ms, transactions, rows, requests, errors, jobs)
       VALUES (gen_random_uuid(), $1, now(), 0, 0, 0, 0, 30, 0, 0), (gen_random_uuid(), $1, now(), 0, 0, 0, 0, 20, 0, 0),
         (gen_random_uuid(), $1, now() - interval '2 minutes', 0, 0, 0, 0, 99, 0, 0)`,
      [owner.shop.id],
    );
    const changes = { limits: { seats: 5, rows: 10, storageMiB: 1, requestsPerMinute: 200 } };
    const path = `shops/${owner.shop.id}/limits`;
    const { limits } = (await grace.api.patch(path, changes)).body;
    expect(named(limits, 'seats')).toMatchObject({ used: 2, percent: 40 });
    expect(named(limits, 'requestsPerMinute')).toMatchObject({ used: 50, percent: 25 });
    expect(named(limits, 'storageMiB')).toMatchObject({ used: 1, percent: expect.any(Number) });
    const { used, percent } = named<{ name: string; used?: number; percent?: number }>(limits, 'rows')!;
    expect([used! > 3, percent]).toEqual([true, used! * 10]);
    expect(named(limits, 'statementMs')).toMatchObject({ used: null, percent: null });
    await grace.api.patch(path, { limits: { rows: null } });
    await grace.api.post(`shops/${owner.shop.id}/plan`, { plan: 'enterprise' });
    expect(named((await grace.api.get(path)).body.limits, 'rows')).toMatchObject({ used, percent: null });
  });

  it('without a limit has that of the installation', async () => {
    const { shop } = await newOwner(app.api);
    const { limits } = (await grace.api.get(`shops/${shop.id}/limits`)).body;
    expect(named(limits, 'statementMs')).toMatchObject({ plan: null, own: null, inForce: 4321 });
    expect(named(limits, 'workMemKiB')).toMatchObject({ plan: null, own: null, inForce: null });
  });
});

describe('a feature', () => {
  it('is switched off and on in every process, for one shop only', async () => {
    const second = await startTestApp({}, { database: app.database, times: CACHE_TIMES });
    try {
      const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
      const apis = [owner.api, second.api.as(owner.accessToken)];
      const outcomes = () =>
        Promise.all(apis.map(async (api) => (await api.post('variants/bulk', bulk)).status));
      expect(await outcomes()).toEqual([200, 200]);
      const path = `shops/${owner.shop.slug}/limits`;
      await grace.api.patch(path, { features: { bulkUpdates: false } });
      await until(outcomes, (statuses) => statuses.every((status) => status === 403));
      const refused = await owner.api.post('variants/bulk', bulk);
      expect(problemIn(refused)).toBe('403 FEATURE_OFF');
      expect(refused.body.detail).toContain('limit of its own');
      expect((await other.api.post('variants/bulk', bulk)).status).toBe(200);
      await grace.api.patch(path, { features: { bulkUpdates: null } });
      await until(outcomes, (statuses) => statuses.every((status) => status === 200));
    } finally {
      await second.close();
    }
  });

  it('that its plan has off names the plan in the refusal', async () => {
    const owner = await newOwner(app.api);
    await app.database.query(`INSERT INTO plans (name, features) VALUES ('bare', '{"bulkUpdates": false}')`);
    await app.database.query(`UPDATE shops SET plan = 'bare' WHERE id = $1`, [owner.shop.id]);
    const answer = await until(
      () => owner.api.post('variants/bulk', bulk),
      ({ status }) => status === 403,
    );
    expect([problemIn(answer), answer.body.detail]).toEqual([
      '403 FEATURE_OFF',
      'The plan bare of this shop does not include bulkUpdates.',
    ]);
  });

  it('of a part of a route is refused by its service', async () => {
    const owner = await newOwner(app.api);
    await grace.api.patch(`shops/${owner.shop.slug}/limits`, { features: { changeHistory: false } });
    const read = async () => problemIn(await owner.api.get('audit?resource=products'));
    await until(read, (outcome) => outcome === '403 FEATURE_OFF');
    expect((await owner.api.get('audit')).status).toBe(200);
  });
});
