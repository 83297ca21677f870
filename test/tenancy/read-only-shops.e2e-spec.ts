import { randomUUID } from 'node:crypto';
import { ShopStatusService } from '../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../src/tenancy/audit-log';
import { TenantConnection } from '../../src/tenancy/tenant-connection';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { type DerivedRoute, derivedRoutes } from '../isolation/derived-routes';
import { type Kind, newRows, type Person } from '../isolation/identities';
import { type RouteEntry, ROUTES } from '../isolation/route-table';
import type { Answer, Api } from '../support/api';
import { created, newMember, newOwner, newProduct, newUser, type Owner } from '../support/factories';
import { codesOf, operationsOf } from '../support/openapi-document';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { startTestApp, useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });
const outcomeOf = (answer: Answer) => (answer.status < 400 ? String(answer.status) : problemIn(answer));
const write = (api: Api) => api.post('customers', { name: 'Grace' });
const setStatus = ({ shop }: Owner, status: 'active' | 'read_only' | 'suspended') =>
  app.app.get(ShopStatusService).update(shop.id, status, BY_COMMAND);

const becomes = (ask: () => Promise<Answer>, outcome: string) =>
  until(ask, (answer) => outcomeOf(answer) === outcome);

/** Makes a shop read-only, and waits until this process knows. */
async function freeze(owner: Owner): Promise<void> {
  await setStatus(owner, 'read_only');
  await becomes(() => write(owner.api), '403 SHOP_READ_ONLY');
}

/** Everything that the schema of a shop holds, as text. */
async function contentOf({ shop }: Owner): Promise<Record<string, string>> {
  const { schema } = new TenantLocator().locate(shop.id);
  const tables = await app.database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
    [schema],
  );
  const contents = tables.map(async ({ name }) => {
    const [row] = await app.database.query<{ text: string | null }>(
      `SELECT string_agg(t::text, E'\\n' ORDER BY t::text) AS text FROM ${schema}.${name} t`,
    );
    return [name, row?.text ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(contents));
}

const isOfShop = ({ route, access }: RouteEntry) =>
  access === 'tenant' || route.includes(' /api/v1/shops/{id}');
/** An export changes nothing in the shop: a shop that is closed to writing is one that somebody may want to take along. */
/** Operations are no rows of the shop. */
const ON_OPERATIONS = ['POST /api/v1/exports', 'POST /api/v1/operations/{id}/cancel'];
const isReading = ({ route }: RouteEntry) => route.startsWith('GET ') || ON_OPERATIONS.includes(route);

describe('every route of a read-only shop', () => {
  let ada: Person;
  let calls: { entry: RouteEntry; send: () => Promise<Answer> }[];

  /** Makes the rows that a valid request of the route needs. @returns sends the request */
  async function prepare(entry: RouteEntry | DerivedRoute): Promise<() => Promise<Answer>> {
    const [verb, template] = entry.route.split(' ') as [string, string];
    const needed = Object.entries(entry.ids ?? {}).filter(([, { own }]) => own === undefined);
    const made = await newRows(ada, needed.map(([, { kind }]) => kind) as Kind[]);
    const ids = Object.fromEntries(needed.map(([name, { kind }]) => [name, made[kind]]));
    if ('make' in entry && entry.make !== undefined)
      ids['path.id'] = created(await ada.api.post(entry.make.path, entry.make.body)).body.id;
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => ids[`path.${name}`]!);
    return async () => {
      const { query, json, raw, headers } = (await entry.parts?.(ids, ada)) ?? {};
      const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
      return ada.api.raw(verb, path + search, raw ?? (json && JSON.stringify(json)), {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      });
    };
  }

  beforeAll(async () => {
    ada = { ...(await newOwner(app.api)), marker: 'ada' };
    const document = (await app.api.get('/openapi.json')).body;
    const known = new Set(ROUTES.map(({ route }) => route));
    const entries = [...ROUTES, ...derivedRoutes(document, known)].filter(isOfShop);
    calls = [];
    for (const entry of entries) calls.push({ entry, send: await prepare(entry) });
    await freeze(ada);
  });

  it('refuses to write, and writes nothing', async () => {
    const before = await contentOf(ada);
    const writing = calls.filter(({ entry }) => !isReading(entry));
    for (const { entry, send } of writing)
      expect([entry.route, outcomeOf(await send())]).toEqual([entry.route, '403 SHOP_READ_ONLY']);
    expect(writing.length).toBeGreaterThan(20);
    expect(await contentOf(ada)).toEqual(before);
  });

  it('reads', async () => {
    for (const { entry, send } of calls.filter(({ entry: one }) => isReading(one)))
      expect([entry.route, outcomeOf(await send())]).toEqual([entry.route, entry.ok]);
  });

  it('writes again when the shop is resumed', async () => {
    await setStatus(ada, 'active');
    await becomes(() => write(ada.api), '201');
    for (const { entry, send } of calls.filter(({ entry: one }) => !isReading(one)))
      expect([entry.route, outcomeOf(await send())]).toEqual([entry.route, entry.ok]);
  });

  it('is described with SHOP_READ_ONLY if it writes, and only then', async () => {
    const operations = operationsOf((await app.api.get('/openapi.json')).body);
    const described = operations.filter((one) => codesOf(one, 403).includes('SHOP_READ_ONLY'));
    const writing = operations.filter(
      (one) => one.method !== 'GET' && (one.isOfShop || one.path.startsWith('/api/v1/shops/{id}')),
    );
    expect(described).toEqual(writing);
  });
});

describe('a read-only shop', () => {
  let owner: Owner;
  beforeEach(async () => {
    owner = await newOwner(app.api);
  });

  it('is read-only in every process within the time of the cache, and open again', async () => {
    const other = await startTestApp({}, { database: app.database, times: CACHE_TIMES });
    try {
      const apis = [owner.api, other.api.as(owner.accessToken)];
      for (const api of apis) expect((await write(api)).status).toBe(201); // cached from here on
      await setStatus(owner, 'read_only');
      for (const api of apis) await becomes(() => write(api), '403 SHOP_READ_ONLY');
      for (const api of apis) expect((await api.get('customers')).status).toBe(200);
      await setStatus(owner, 'active');
      for (const api of apis) await becomes(() => write(api), '201');
    } finally {
      await other.close();
    }
  });

  it('says so to its members', async () => {
    await setStatus(owner, 'read_only');
    expect((await owner.api.get(`shops/${owner.shop.id}`)).body.status).toBe('read_only');
    expect((await owner.api.get('shops')).body.items[0].status).toBe('read_only');
  });

  it('refuses a read-only member as others do', async () => {
    const { inShop } = await newMember(owner, 'read_only');
    await freeze(owner);
    expect(problemIn(await write(inShop))).toBe('403 ROLE_REQUIRED');
    expect((await inShop.get('customers')).status).toBe(200);
  });

  it('keeps its members as they are, at once', async () => {
    const member = await newMember(owner);
    const { email } = await newUser(app.api);
    const path = `shops/${owner.shop.id}/members`;
    await setStatus(owner, 'read_only');
    const answers = [
      await owner.api.post(path, { email, role: 'staff' }),
      await owner.api.patch(`${path}/${member.id}`, { role: 'admin' }),
      await owner.api.delete(`${path}/${member.id}`),
      await member.inShop.delete(`${path}/${member.id}`),
      await owner.api.patch(`shops/${owner.shop.id}`, { name: 'Renamed' }),
    ];
    expect(answers.map(problemIn)).toEqual(Array(5).fill('403 SHOP_READ_ONLY'));
    expect((await owner.api.get(path)).body.items).toHaveLength(2);
  });

  it('leaves the shops beside it alone', async () => {
    const other = await newOwner(app.api);
    await freeze(owner);
    expect((await write(other.api)).status).toBe(201);
  });

  it('goes on as suspended when it is suspended', async () => {
    await freeze(owner);
    await setStatus(owner, 'suspended');
    await becomes(() => owner.api.get('customers'), '403 SHOP_SUSPENDED');
  });
});

describe('an Idempotency-Key in a read-only shop', () => {
  const send = ({ api }: Owner, key: string) =>
    api.raw('POST', 'customers', JSON.stringify({ name: 'Ada' }), {
      'content-type': 'application/json',
      'idempotency-key': key,
    });
  const isReplay = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true';

  it('gets the answer of work that was done before', async () => {
    const owner = await newOwner(app.api);
    const first = created(await send(owner, 'a'));
    await freeze(owner);
    const again = await send(owner, 'a');
    expect([again.status, isReplay(again), again.body]).toEqual([201, true, first.body]);
  });

  it('is not used up by work that was refused', async () => {
    const owner = await newOwner(app.api);
    await freeze(owner);
    expect(problemIn(await send(owner, 'b'))).toBe('403 SHOP_READ_ONLY');
    await setStatus(owner, 'active');
    const done = await becomes(() => send(owner, 'b'), '201');
    expect(isReplay(done)).toBe(false);
  });
});

describe('code that writes in a read-only shop', () => {
  const enter = ({ shop }: Owner) => app.app.get(TenantSession).resolve(TenantConnection, shop.slug);
  const rename = (tenant: TenantConnection, vendor: string) =>
    tenant.transaction((manager) => manager.query('UPDATE products SET vendor = $1', [vendor]));
  const vendorOf = async ({ api }: Owner) => (await api.get('products')).body.items[0].vendor as string;

  let owner: Owner;
  beforeEach(async () => {
    owner = await newOwner(app.api);
    await newProduct(owner.api, { vendor: 'Loom' });
  });

  it.each([
    `UPDATE products SET vendor = 'Nobody'`,
    `DELETE FROM products`,
    `SELECT id FROM products FOR UPDATE`,
    `WITH gone AS (DELETE FROM products RETURNING id) SELECT * FROM gone`,
  ])('is refused by PostgreSQL: %s', async (sql) => {
    await freeze(owner);
    const tenant = await enter(owner);
    await expect(tenant.transaction((manager) => manager.query(sql))).rejects.toMatchObject({
      kind: { code: 'SHOP_READ_ONLY' },
      cause: { driverError: { code: '25006' } },
    });
    expect(await vendorOf(owner)).toBe('Loom');
  });

  it('reads in a transaction', async () => {
    await freeze(owner);
    const tenant = await enter(owner);
    const rows = await tenant.transaction((manager) => manager.query('SELECT vendor FROM products'));
    expect(rows).toEqual([{ vendor: 'Loom' }]);
  });

  it('is refused in its next transaction, however long ago it entered', async () => {
    const tenant = await enter(owner);
    await rename(tenant, 'Weaver');
    await freeze(owner);
    await expect(rename(tenant, 'Nobody')).rejects.toMatchObject({ kind: { code: 'SHOP_READ_ONLY' } });
    expect(await vendorOf(owner)).toBe('Weaver');
  });

  it('is undone if its transaction began before', async () => {
    const tenant = await enter(owner);
    const lasting = tenant.transaction(async (manager) => {
      await manager.query('UPDATE products SET vendor = $1', ['Nobody']);
      await freeze(owner);
    });
    await expect(lasting).rejects.toMatchObject({ kind: { code: 'SHOP_READ_ONLY' } });
    expect(await vendorOf(owner)).toBe('Loom');
  });

  it('is undone if the shop is suspended before it ends', async () => {
    const tenant = await enter(owner);
    const lasting = tenant.transaction(async (manager) => {
      await manager.query('UPDATE products SET vendor = $1', ['Nobody']);
      await setStatus(owner, 'suspended');
      await becomes(() => owner.api.get('products'), '403 SHOP_SUSPENDED');
    });
    await expect(lasting).rejects.toMatchObject({ kind: { code: 'SHOP_SUSPENDED' } });
    await setStatus(owner, 'active');
    expect(await vendorOf(owner)).toBe('Loom');
  });
});

describe('a status that this program does not know', () => {
  it('keeps members out, as it does in older programs', async () => {
    const { api, shop } = await newOwner(app.api);
    const [check] = await app.database.query<{ text: string }>(
      `SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'shops_status_check'`,
    );
    await app.database.query(`ALTER TABLE shops DROP CONSTRAINT shops_status_check`);
    try {
      await app.database.query(`UPDATE shops SET status = 'moving' WHERE id = $1`, [shop.id]);
      await becomes(() => api.get('customers'), '403 SHOP_SUSPENDED');
    } finally {
      await app.database.query(`UPDATE shops SET status = 'active' WHERE id = $1`, [shop.id]);
      await app.database.query(`ALTER TABLE shops ADD CONSTRAINT shops_status_check ${check!.text}`);
    }
    expect((await api.get(`products/${randomUUID()}`)).body.code).toBe('PRODUCT_NOT_FOUND');
  });
});
