import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { CustomersService } from '../../src/tenant/customers/customers.service';
import { NOT_RECORDED, recordedResources } from '../../src/tenant/changes/resources';
import { HistoryFile } from '../../src/tenant/transfer/order-history/history-file';
import { OrdersImportService } from '../../src/tenant/transfer/orders-import.service';
import type { Api } from '../support/api';
import { newMember, newOrder, newOwner, newProduct, newShop, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { scratchFolder } from '../support/program';
import { firstRow, shopifyOrdersCsv } from '../support/shopify-orders';
import { useTestApp } from '../support/test-app';
import { WatchedShop } from '../support/watched-rows';

interface Entry {
  id: string;
  at: string;
  resource: string;
  resourceId: string;
  action: string;
  actorId: string | null;
  requestId: string | null;
  importId: string | null;
  fields: { field: string; old: unknown; new: unknown }[];
}

const app = useTestApp();
let owner: Owner;
let api: Api;
let watched: WatchedShop;

beforeEach(async () => {
  owner = owner === undefined ? await newOwner(app.api) : await newShop(owner);
  api = owner.api;
  watched = await WatchedShop.watch(app, owner.shop.id);
});

afterEach(() => watched.assertRecorded());

async function changesOf(resource: string, id?: string): Promise<Entry[]> {
  const { status, body } = await api.get(
    `audit?limit=100&resource=${resource}${id === undefined ? '' : `&id=${id}`}`,
  );
  expect([status, body.nextCursor]).toEqual([200, null]);
  return body.items;
}

/** Action and fields, without the rest. */
const shown = ({ action, fields }: Entry) => [action, ...fields.map((one) => [one.field, one.old, one.new])];
const shownOf = async (resource: string, id?: string) => (await changesOf(resource, id)).map(shown);

function importCsv(...rows: string[]) {
  const csv = ['Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price', ...rows].join('\n');
  return api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
}

describe('GET /audit?resource=', () => {
  it('shows who changed which field of a product when, from what to what, in which request', async () => {
    const staff = await newMember(owner);
    const { id } = await newProduct(api, { name: 'Tee' });
    const before = Date.now() - 1000;
    const { headers } = await staff.inShop.patch(`products/${id}`, { name: 'Shirt', tags: ['new'] });
    const [changed, created] = await changesOf('products', id);
    expect(changed).toEqual({
      ...{ id: expect.any(String), at: expect.stringMatching(/Z$/), resource: 'products', resourceId: id },
      ...{ action: 'changed', actorId: staff.id, requestId: headers.get('x-request-id'), importId: null },
      fields: [
        { field: 'name', old: 'Tee', new: 'Shirt' },
        { field: 'tags', old: [], new: ['new'] },
      ],
    });
    expect(Date.parse(changed!.at)).toBeGreaterThan(before);
    expect([created!.action, created!.actorId, created!.fields]).toEqual(['created', owner.user.id, []]);
  });

  it('shows the old values of a removed product and of its variants', async () => {
    const { id, variants } = await newProduct(api, { name: 'Tee', sku: 'T-1' });
    await api.delete(`products/${id}`);
    const [removed] = await changesOf('products', id);
    expect(removed!.action).toBe('removed');
    expect(removed!.fields).toContainEqual({ field: 'name', old: 'Tee', new: null });
    const [variant] = await changesOf('variants', variants[0].id);
    expect(variant!.fields).toContainEqual({ field: 'sku', old: 'T-1', new: null });
  });

  it('shows changes of variants, one by one and many at once, and leaves the stock to its ledger', async () => {
    const product = await newProduct(api, { sku: 'T-1', priceMinor: 100, stock: 5 });
    const { id } = product.variants[0];
    await api.patch(`variants/${id}`, { priceMinor: 200, stock: 6 });
    await api.post('variants/bulk', { reason: 'Counted', variants: [{ id, priceMinor: 300, delta: 1 }] });
    await api.post(`variants/${id}/stock`, { delta: 1, reason: 'Counted' });
    await api.patch(`products/${product.id}`, { sku: 'T-2' });
    expect(await shownOf('variants', id)).toEqual([
      ['changed', ['sku', 'T-1', 'T-2']],
      ['changed', ['priceMinor', 200, 300]],
      ['changed', ['priceMinor', 100, 200]],
    ]);
    expect((await api.get(`variants/${id}/stock-changes`)).body.items).toHaveLength(4);
  });

  it('shows variants that come to a product and go', async () => {
    const product = await newProduct(api, {
      ...{ sku: undefined, stock: undefined, priceMinor: undefined },
      variants: [{ optionValues: { Size: 'S' }, priceMinor: 1 }],
    });
    const { body } = await api.post(`products/${product.id}/variants`, {
      ...{ optionValues: { Size: 'M' }, priceMinor: 2 },
    });
    await api.delete(`variants/${body.id}`);
    const [removed, created, ...none] = await changesOf('variants');
    expect([removed!.resourceId, removed!.action]).toEqual([body.id, 'removed']);
    expect([created!.resourceId, created!.action, none]).toEqual([body.id, 'created', []]);
    const size = (...values: string[]) => [{ name: 'Size', values }];
    expect((await changesOf('products', product.id)).map(({ fields }) => fields).at(-2)).toEqual([
      { field: 'options', old: size('S'), new: size('S', 'M') },
    ]);
  });

  it('records nothing for a request that changes nothing, and nothing for one that is refused', async () => {
    const { id, name, handle } = await newProduct(api);
    const other = await newProduct(api);
    await api.patch(`products/${id}`, { name, tags: [] });
    expect(problemIn(await api.patch(`products/${other.id}`, { name: 'X', handle }))).toBe(
      '409 HANDLE_TAKEN',
    );
    expect(await shownOf('products')).toEqual([['created'], ['created']]);
  });

  it('keeps the beginning of a long text', async () => {
    const { id } = await newProduct(api, { description: 'a'.repeat(5000) });
    await api.patch(`products/${id}`, { description: 'b'.repeat(5000) });
    expect((await shownOf('products', id))[0]).toEqual([
      'changed',
      ['description', `${'a'.repeat(1000)}…`, `${'b'.repeat(1000)}…`],
    ]);
  });

  it('shows customers, also those that an order has created', async () => {
    const product = await newProduct(api);
    const { body } = await api.post('orders', {
      lines: [{ productId: product.id, quantity: 1 }],
      customer: { email: 'grace@example.com', name: 'Grace' },
    });
    const { body: ada } = await api.post('customers', { name: 'Ada' });
    await api.patch(`customers/${ada.id}`, { name: 'Ada Lovelace', country: 'France' });
    expect(await shownOf('customers', ada.id)).toEqual([
      ['changed', ['name', 'Ada', 'Ada Lovelace'], ['country', null, 'France']],
      ['created'],
    ]);
    expect(await shownOf('customers', body.customerId)).toEqual([['created']]);
  });

  it('shows an order by its events, with the sums that they changed', async () => {
    const product = await newProduct(api, { priceMinor: 500 });
    const { id } = await newOrder(api, product.id, 3);
    await newOrder(api, product.id);
    for (const amountMinor of [600, 400, 500]) await api.post(`orders/${id}/pay`, { amountMinor });
    const units = (quantity: number) => ({ lines: [{ position: 1, quantity }] });
    await api.post(`orders/${id}/fulfil`, units(1));
    await api.post(`orders/${id}/fulfil`, units(1));
    await api.post(`orders/${id}/cancel`, units(1));
    await api.post(`orders/${id}/refund`, { ...units(1), amountMinor: 100 });
    const entries = await changesOf('orders', id);
    expect(entries.map(shown)).toEqual([
      ['refund', ['returned', 0, 1], ['refundedMinor', 0, 100]],
      ['cancellation', ['cancelled', 0, 1]],
      ['fulfilment', ['fulfilled', 1, 2]],
      ['fulfilment', ['fulfilled', 0, 1]],
      ['payment', ['paidMinor', 1000, 1500]],
      ['payment', ['paidMinor', 600, 1000]],
      ['payment', ['paidMinor', 0, 600]],
      ['created'],
    ]);
    expect(new Set(entries.map(({ actorId }) => actorId))).toEqual(new Set([owner.user.id]));
    expect(await changesOf('orders')).toHaveLength(9);
  });

  it.each(['products', 'orders'])('lists %s page by page, the newest first', async (resource) => {
    const products = [await newProduct(api), await newProduct(api), await newProduct(api)];
    for (const { id } of products) await api.post(`orders/${(await newOrder(api, id)).id}/pay`);
    const all = await changesOf(resource);
    expect(all.length).toBeGreaterThan(2);
    const paged: Entry[] = [];
    for (let cursor = ''; ;) {
      const { body } = await api.get(`audit?resource=${resource}&limit=2${cursor}`);
      paged.push(...body.items);
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(paged).toEqual(all);
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().toReversed());
  });

  it('refuses what it cannot answer', async () => {
    const { id } = await newProduct(api);
    for (const query of ['resource=shops', 'resource=stock_changes', 'resource=', `id=${id}`])
      expect(problemIn(await api.get(`audit?${query}`))).toBe('400 VALIDATION_FAILED');
    for (const filter of [`actorId=${owner.user.id}`, 'action=member.added', 'id=x'])
      expect(problemIn(await api.get(`audit?resource=products&${filter}`))).toBe('400 VALIDATION_FAILED');
    for (const query of ['products&cursor=x', `products&cursor=${id}.1`, `orders&cursor=${id}`])
      expect(problemIn(await api.get(`audit?resource=${query}`))).toBe('400 INVALID_CURSOR');
  });

  it('is for owners and admins, and shows no change of another shop', async () => {
    const { id } = await newProduct(api);
    const [staff, admin] = [await newMember(owner), await newMember(owner, 'admin')];
    expect(problemIn(await staff.inShop.get('audit?resource=products'))).toBe('403 ROLE_REQUIRED');
    expect((await admin.inShop.get('audit?resource=products')).body.items).toHaveLength(1);
    const other = await newOwner(app.api);
    expect((await other.api.get(`audit?resource=products&id=${id}`)).body.items).toEqual([]);
    expect((await other.api.get('audit?resource=products')).body.items).toEqual([]);
  });
});

describe('an import of products', () => {
  it('records one short entry for each new product, and the changed fields of others', async () => {
    const { body: first } = await importCsv(
      'tee,Tee,Size,S,T-1,1.00',
      'tee,,Size,M,T-2,2.00',
      'mug,Mug,,,M-1,3.00',
    );
    const { body: second } = await importCsv('tee,Shirt,Size,S,T-1,1.50', 'tee,,Size,L,T-3,3.00');
    const products = await changesOf('products');
    expect(products.map(({ importId }) => importId)).toEqual([
      second.importId,
      first.importId,
      first.importId,
    ]);
    expect(shown(products[0]!)).toEqual([
      'changed',
      ['name', 'Tee', 'Shirt'],
      ['options', [{ name: 'Size', values: ['S', 'M'] }], [{ name: 'Size', values: ['S', 'M', 'L'] }]],
    ]);
    expect(products.slice(1).map(shown)).toEqual([['created'], ['created']]);
    const variants = (await changesOf('variants')).map(shown);
    expect(variants).toHaveLength(2);
    expect(variants).toEqual(expect.arrayContaining([['created'], ['changed', ['priceMinor', 100, 150]]]));
  });

  it('that is undone records that too', async () => {
    await importCsv('tee,Tee,Size,S,T-1,1.00');
    const { body } = await importCsv(
      'tee,Shirt,Size,S,T-1,1.50',
      'tee,,Size,L,T-3,3.00',
      'mug,Mug,,,M-1,3.00',
    );
    expect((await api.post(`imports/${body.importId}/undo`)).status).toBe(200);
    const [tee, mug] = (await api.get('products?status=active')).body.items;
    expect([tee.name, mug]).toEqual(['Tee', undefined]);
    const undone = (await changesOf('products')).slice(0, 2);
    expect(undone.map(({ importId }) => importId)).toEqual([body.importId, body.importId]);
    expect(undone.map(shown)).toEqual(
      expect.arrayContaining([['removed'], expect.arrayContaining(['changed', ['name', 'Shirt', 'Tee']])]),
    );
    expect((await shownOf('variants')).slice(0, 2)).toEqual(
      expect.arrayContaining([['removed'], ['changed', ['priceMinor', 150, 100]]]),
    );
  });

  it('that is a dry run or refused records nothing', async () => {
    await api.raw('POST', 'products/import?dryRun=true', 'Handle,Title,Variant Price\ntee,Tee,1.00\n', {
      'content-type': 'text/csv',
    });
    expect((await importCsv('tee,Tee,,,T-1,much')).status).toBe(422);
    expect(await watched.changes()).toBe(0);
    expect(await changesOf('products')).toEqual([]);
  });
});

describe('a command', () => {
  it('is recorded as such, not as the owner whose rights it has', async () => {
    const customers = await app.app.get(TenantSession).resolve(CustomersService, owner.shop.id);
    const { id } = await customers.create({ name: 'Ada' });
    const [entry] = await changesOf('customers', id);
    expect([entry!.actorId, entry!.requestId]).toEqual([null, null]);
  });

  it('that imports past orders records them, their products and their customers', async () => {
    const file = path.join(scratchFolder(), 'orders.csv');
    writeFileSync(file, shopifyOrdersCsv([firstRow({ Email: 'grace@example.com' })]));
    const service = await app.app.get(TenantSession).resolve(OrdersImportService, owner.shop.id);
    await service.import(await HistoryFile.open(file), { mode: 'atomic' });
    for (const resource of ['products', 'customers', 'orders']) {
      const entries = await changesOf(resource);
      expect([resource, ...new Set(entries.map(({ actorId }) => actorId))]).toEqual([resource, null]);
      expect(entries.at(-1)!.action).toBe('created');
    }
  });
});

describe('the erasure of a customer', () => {
  it('erases the values of what was recorded about the person, and is recorded', async () => {
    const product = await newProduct(api);
    const customer = { email: 'grace@example.com', name: 'Grace Hopper' };
    const { body: order } = await api.post('orders', {
      ...{ lines: [{ productId: product.id, quantity: 1 }], customer },
    });
    await api.patch(`customers/${order.customerId}`, { name: 'Grace Murray Hopper' });
    await api.patch(`customers/${order.customerId}`, { email: 'hopper@example.com', name: null });
    expect(JSON.stringify(await changesOf('customers'))).toContain('Hopper');
    await api.delete(`customers/${order.customerId}`);
    expect(await shownOf('customers', order.customerId)).toEqual([
      ...[['erased'], ['changed'], ['changed'], ['created']],
    ]);
    expect(await shownOf('orders', order.id)).toEqual([['erased'], ['created']]);
  });
});

describe('the tables of a shop', () => {
  it('are recorded, or have a reason why not', async () => {
    const database = app.app.get(TenantDatabase, { strict: false });
    await database.run(owner.shop.id, async (manager) => {
      await manager.query('SELECT');
      const { entityMetadatas } = manager.connection;
      const tables = entityMetadatas.map(({ tableName }) => tableName);
      expect(Object.keys(NOT_RECORDED).filter((name) => !tables.includes(name))).toEqual([]);
      const resources = ['customers', 'orders', 'products', 'variants'];
      expect(recordedResources(entityMetadatas)).toEqual(expect.arrayContaining(resources));
    });
  });
});
