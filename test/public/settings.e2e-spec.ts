import { AccessDirectory } from '../../src/tenancy/access-directory';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { OrdersService } from '../../src/tenant/orders/orders.service';
import { newMember, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { readCsv } from '../support/independent-csv';
import { backUp, operate, restore, useBackupFolder } from '../support/lifecycle';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path }, { times: CACHE_TIMES });

const DEFAULTS = {
  ...{ country: null, language: 'en', timeZone: 'UTC', address: null },
  ...{ orderPrefix: '', taxBasisPoints: 0, pricesIncludeTax: false },
};
const ADDRESS = { line1: 'Rosenweg 1', line2: null, postalCode: '8001', city: 'Zurich', region: null };
const CHANGES = {
  ...{ country: 'CH', language: 'de-CH', timeZone: 'Europe/Zurich', address: ADDRESS },
  ...{ orderPrefix: 'TH-', taxBasisPoints: 810, pricesIncludeTax: true },
};

const storedOf = async (id: string) =>
  (await app.database.query<{ settings: object }>('SELECT settings FROM shops WHERE id = $1', [id]))[0]!
    .settings;

describe('GET and PATCH settings', () => {
  it('begin with defaults, and keep what is changed, name by name', async () => {
    const [{ api, shop }, other] = [await newOwner(app.api), await newOwner(app.api)];
    const shown = (await api.get('settings')).body;
    expect(shown).toMatchObject({ id: shop.id, name: shop.name, currency: 'USD', ...DEFAULTS });
    expect((await api.patch('settings', CHANGES)).body).toMatchObject({ ...CHANGES, name: shop.name });
    const changed = (await api.patch('settings', { name: 'Tea House', currency: 'chf', country: null })).body;
    expect(changed).toMatchObject({ ...CHANGES, country: null, name: 'Tea House', currency: 'CHF' });
    expect((await api.get('settings')).body).toEqual(changed);
    expect((await api.get(`shops/${shop.id}`)).body).toMatchObject({ name: 'Tea House', currency: 'CHF' });
    expect((await other.api.get('settings')).body).toMatchObject(DEFAULTS);
  });

  it('take back what they show', async () => {
    const { api } = await newOwner(app.api);
    const { body } = await api.get('settings');
    expect((await api.patch('settings', body)).body).toEqual(body);
    const id = '0198c0de-0000-7000-8000-000000000000';
    expect(problemIn(await api.patch('settings', { id }))).toBe('400 VALIDATION_FAILED');
  });

  it.each([
    [{ country: 'XX' }, 'country'],
    [{ country: 'CHE' }, 'country'],
    [{ language: 'german!' }, 'language'],
    [{ timeZone: 'Europe/Atlantis' }, 'timeZone'],
    [{ timeZone: '+02:00' }, 'timeZone'],
    [{ currency: 'ABC' }, 'currency'],
    [{ address: { city: 'Zurich' } }, 'address.line1'],
    [{ address: { ...ADDRESS, planet: 'Earth' } }, 'address.planet'],
    [{ orderPrefix: 'th_' }, 'orderPrefix'],
    [{ orderPrefix: 'ABCDEFGHIJK' }, 'orderPrefix'],
    [{ taxBasisPoints: 10_001 }, 'taxBasisPoints'],
    [{ pricesIncludeTax: 'yes' }, 'pricesIncludeTax'],
    [{ plan: 'enterprise' }, 'plan'],
  ])('refuse %j', async (changes, field) => {
    const { api } = await newOwner(app.api);
    const refused = await api.patch('settings', changes);
    expect([problemIn(refused), refused.body.errors[0].field]).toEqual(['400 VALIDATION_FAILED', field]);
    expect((await api.get('settings')).body).toMatchObject(DEFAULTS);
  });

  it('write codes as they are usually written', async () => {
    const { api } = await newOwner(app.api);
    const { body } = await api.patch('settings', { country: 'ch', language: 'DE-ch' });
    expect(body).toMatchObject({ country: 'CH', language: 'de-CH' });
  });

  it('change nothing that somebody else has changed since it was seen', async () => {
    const { api } = await newOwner(app.api);
    const tag = (await api.get('settings')).headers.get('etag')!;
    const patch = (changes: object) =>
      api.raw('PATCH', 'settings', JSON.stringify(changes), {
        'content-type': 'application/json',
        'if-match': tag,
      });
    expect((await patch({ country: 'CH' })).status).toBe(200);
    expect(problemIn(await patch({ country: 'DE' }))).toBe('412 PRECONDITION_FAILED');
    expect((await api.get('settings')).body.country).toBe('CH');
  });

  it('are changed by admins and read by all, and the audit log names the fields', async () => {
    const owner = await newOwner(app.api);
    const [staff, admin] = [await newMember(owner), await newMember(owner, 'admin')];
    expect((await staff.inShop.get('settings')).status).toBe(200);
    expect(problemIn(await staff.inShop.patch('settings', CHANGES))).toBe('403 ROLE_REQUIRED');
    await admin.inShop.patch('settings', { country: 'CH', address: ADDRESS });
    await admin.inShop.patch('settings', { country: 'CH' }); // changes nothing
    const { items } = (await owner.api.get('audit?action=settings.changed')).body;
    expect(items).toEqual([
      expect.objectContaining({ actorId: admin.id, details: { fields: 'country, address' } }),
    ]);
  });

  it('cannot be changed while the shop is read-only', async () => {
    const { api, shop } = await newOwner(app.api);
    await app.database.query(`UPDATE shops SET status = 'read_only' WHERE id = $1`, [shop.id]);
    expect(problemIn(await api.patch('settings', CHANGES))).toBe('403 SHOP_READ_ONLY');
  });

  it('keep what a newer program has stored', async () => {
    const { api, shop } = await newOwner(app.api);
    await app.database.query(`UPDATE shops SET settings = '{"theme": "dark"}' WHERE id = $1`, [shop.id]);
    expect((await api.patch('settings', { country: 'CH' })).status).toBe(200);
    expect(await storedOf(shop.id)).toEqual({ theme: 'dark', country: 'CH' });
  });
});

describe('settings of a plan', () => {
  const setPlan = async (settings: object, ...owners: Owner[]) => {
    const name = `plan-${owners[0]!.shop.slug}`.slice(0, 31).replace(/-$/, '');
    await app.database.query(
      'INSERT INTO plans (name, settings) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET settings = $2',
      [name, settings],
    );
    for (const { shop } of owners)
      await app.database.query('UPDATE shops SET plan = $2 WHERE id = $1', [shop.id, name]);
  };
  const accessOf = ({ user, shop }: Owner) =>
    app.app.get(AccessDirectory, { strict: false }).enter(user.id, shop.id);

  it('are in force where the shop has none of its own, until the shop changes them, and again after a null', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    await setPlan({ country: 'DE', timeZone: 'Europe/Berlin', taxBasisPoints: 1900 }, owner);
    const ofPlan = { ...DEFAULTS, country: 'DE', timeZone: 'Europe/Berlin', taxBasisPoints: 1900 };
    expect((await owner.api.get('settings')).body).toMatchObject(ofPlan);
    expect((await other.api.get('settings')).body).toMatchObject(DEFAULTS);
    const own = await owner.api.patch('settings', { timeZone: 'Europe/Zurich', country: 'CH' });
    expect(own.body).toMatchObject({ ...ofPlan, timeZone: 'Europe/Zurich', country: 'CH' });
    await setPlan({ country: 'AT', timeZone: 'Europe/Vienna' }, owner);
    const kept = await owner.api.patch('settings', { country: null, language: null });
    expect(kept.body).toMatchObject({ ...DEFAULTS, timeZone: 'Europe/Zurich', country: 'AT' });
    expect(await storedOf(owner.shop.id)).toEqual({ timeZone: 'Europe/Zurich' });
    const { items } = (await owner.api.get('audit?action=settings.changed')).body;
    expect(items).toMatchObject([
      { details: { fields: 'country' } },
      { details: { fields: 'timeZone, country' } },
    ]);
  });

  it('stay those of the plan when a form sends all settings back', async () => {
    const owner = await newOwner(app.api);
    await setPlan({ language: 'de', pricesIncludeTax: true }, owner);
    const { body } = await owner.api.get('settings');
    expect((await owner.api.patch('settings', { ...body, address: ADDRESS })).body.language).toBe('de');
    expect(await storedOf(owner.shop.id)).toEqual({ address: ADDRESS });
  });

  it('are known to services within the lifetime of a grant, as those of the shop are', async () => {
    const owner = await newOwner(app.api);
    const settings = async () => (await accessOf(owner)).settings;
    expect(await settings()).toEqual(DEFAULTS);
    await setPlan({ orderPrefix: 'P-', country: 'DE' }, owner);
    await until(settings, ({ orderPrefix }) => orderPrefix === 'P-');
    await owner.api.patch('settings', { orderPrefix: 'TH-', address: ADDRESS });
    const inForce = await until(settings, ({ orderPrefix }) => orderPrefix === 'TH-');
    expect(inForce).toEqual({ ...DEFAULTS, country: 'DE', orderPrefix: 'TH-', address: ADDRESS });
  });

  it('are not in the way of a null that an older program has stored', async () => {
    const owner = await newOwner(app.api);
    await setPlan({ country: 'DE' }, owner);
    await app.database.query(`UPDATE shops SET settings = '{"country": null}' WHERE id = $1`, [
      owner.shop.id,
    ]);
    expect((await accessOf(owner)).settings.country).toBe('DE');
    expect((await owner.api.get('settings')).body.country).toBe('DE');
  });
});

describe('the prefix of orders', () => {
  it('names those that are placed from then on, in lists, exports and commands', async () => {
    const { api, shop } = await newOwner(app.api);
    const { id } = await newProduct(api, { stock: 100 });
    const lines = [{ productId: id, quantity: 1 }];
    expect((await newOrder(api, id)).name).toBe('1');
    await api.patch('settings', { orderPrefix: 'DE-' });
    const { name, number } = await until(
      () => newOrder(api, id),
      (order) => order.name.startsWith('DE-'),
    );
    expect(name).toBe(`DE-${number}`);
    const orders = await app.app.get(TenantSession).resolve(OrdersService, shop.id);
    expect((await orders.create({ lines })).name).toBe(`DE-${number + 1}`);
    await api.patch('settings', { orderPrefix: null });
    const { items } = (await api.get('orders?limit=100')).body as { items: { name: string }[] };
    const names = items.map((order) => order.name);
    expect([names[0], names[1], names.at(-1)]).toEqual([`DE-${number + 1}`, name, '1']);
    const rows = readCsv((await api.get('orders/export')).body);
    expect(rows.map(({ Invoice }) => Invoice)).toEqual(names.toReversed());
  });
});

/** Grants of this application outlast the test, so nothing passes because one has expired. */
describe('settings in the process that changed them', () => {
  const slow = useTestApp({}, { times: { accessCacheMs: 600_000 } });

  it('name the very next order, of every member, and of members whose requests are on their way', async () => {
    const owner = await newOwner(slow.api);
    const { api } = owner;
    const staff = (await newMember(owner)).inShop;
    const { id } = await newProduct(api, { stock: 100 });
    expect([(await newOrder(api, id)).name, (await newOrder(staff, id)).name]).toEqual(['1', '2']);
    for (const prefix of ['DE-', 'CH-', 'AT-']) {
      const [{ body }] = await Promise.all([
        api.patch('settings', { orderPrefix: prefix }),
        ...Array.from({ length: 20 }, () => staff.get('settings')),
      ]);
      expect(body.orderPrefix).toBe(prefix);
      for (const one of [api, staff]) expect((await newOrder(one, id)).name).toMatch(RegExp(`^${prefix}`));
    }
  });

  it('give the currency of the very next product', async () => {
    const { api, shop } = await newOwner(slow.api);
    expect((await newProduct(api)).currency).toBe('USD');
    await api.patch('settings', { currency: 'CHF' });
    expect((await newProduct(api)).currency).toBe('CHF');
    await api.patch(`shops/${shop.id}`, { currency: 'EUR' });
    expect((await newProduct(api)).currency).toBe('EUR');
  });
});

describe('settings of a shop', () => {
  it('that it has not set are not set by a restore either', async () => {
    const { api, shop } = await newOwner(app.api);
    await api.patch('settings', { country: 'CH' });
    const file = await backUp(app, folder.path, shop.id);
    const { state, id } = await restore(app, { file, as: `${shop.slug}-copy` });
    expect([state, await storedOf(id)]).toEqual(['done', { country: 'CH' }]);
  });

  it('are in its backup, and in the shop that is restored from it', async () => {
    const { api, shop } = await newOwner(app.api);
    await api.patch('settings', CHANGES);
    const file = await backUp(app, folder.path, shop.id);
    const { state, id } = await restore(app, { file, as: `${shop.slug}-copy` });
    expect([state, await storedOf(id)]).toEqual(['done', CHANGES]);
  });

  it('are in a clone, without the address if it is anonymised', async () => {
    const { api, shop } = await newOwner(app.api);
    await api.patch('settings', CHANGES);
    for (const isAnonymised of [false, true]) {
      const as = `${shop.slug}-${isAnonymised ? 'b' : 'a'}`;
      const input = { shop: shop.id, as, name: null, without: [], isAnonymised };
      const { state, result } = await operate(app, { kind: 'clone', input });
      const expected = isAnonymised ? { ...CHANGES, address: null } : CHANGES;
      expect([state, await storedOf((result as { id: string }).id)]).toEqual(['done', expected]);
    }
  });
});
