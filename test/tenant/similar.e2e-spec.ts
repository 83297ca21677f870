import { randomUUID } from 'node:crypto';
import { TenantJobWorker } from '../../src/operations/tenant-jobs/tenant-job-worker';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { Api } from '../support/api';
import { withClient } from '../support/database';
import { liftLimits, newMember, newOwner, newProduct, newShop, type Owner } from '../support/factories';
import { backUp, restore, useBackupFolder } from '../support/lifecycle';
import { problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { atOnce, tally } from '../support/tokens';
import { until } from '../support/until';

interface Similar {
  name: string;
  similarity: number;
}

const app = useTestApp({}, { times: { jobPollMs: 50 } });
const backups = useBackupFolder();
const schemaOf = (shopId: string) => new TenantLocator().locate(shopId).schema;
const storedIn = ({ shop }: Owner) =>
  app.database.query<{ id: string }>(`SELECT product_id AS id FROM ${schemaOf(shop.id)}.product_embeddings`);
const namesOf = ({ body }: { body: { items: Similar[] } }) => body.items.map(({ name }) => name);

let isWorking = false;
/** Lets the jobs of all shops be done from now on. */
function doJobs(): void {
  if (!isWorking) app.app.get(TenantJobWorker).start();
  isWorking = true;
}

const TEE = { name: 'Linen tee', vendor: 'Loom', type: 'Shirts', tags: ['summer', 'linen'] };

describe('GET /products/:id/similar', () => {
  let owner: Owner;
  let api: Api;
  const similarTo = (id: string, query = '') => api.get(`products/${id}/similar${query}`);

  beforeEach(async () => {
    owner = await newOwner(app.api);
    ({ api } = owner);
  });

  it('lists the most similar products first, without the product itself', async () => {
    const tee = await newProduct(api, TEE);
    await newProduct(api, { name: 'Steel kettle', vendor: 'Forge', type: 'Kitchen', tags: ['steel'] });
    await newProduct(api, { name: 'Cotton shirt', vendor: 'Loom', type: 'Shirts', tags: ['summer'] });
    const shirt = await newProduct(api, { ...TEE, name: 'Linen shirt' });
    const answer = await similarTo(tee.id);
    expect(namesOf(answer)).toEqual(['Linen shirt', 'Cotton shirt', 'Steel kettle']);
    const [first, second, last] = (answer.body.items as Similar[]).map(({ similarity }) => similarity);
    expect(first).toBeGreaterThan(second!);
    expect(second).toBeGreaterThan(last! + 0.2);
    expect(answer.body.items[0]).toEqual({ ...shirt, similarity: first });
    expect(answer.body.isComplete).toBe(true);
  });

  it('answers the same from stored vectors', async () => {
    const tee = await newProduct(api, TEE);
    for (const name of ['Linen shirt', 'Wool scarf', 'Oak table']) await newProduct(api, { name });
    const first = await similarTo(tee.id);
    expect(await storedIn(owner)).toHaveLength(4);
    expect((await similarTo(tee.id)).body).toEqual(first.body);
  });

  it('lists as many as asked for, of the status asked for', async () => {
    const tee = await newProduct(api, TEE);
    await newProduct(api, { ...TEE, status: 'archived' });
    for (const name of ['Linen shirt', 'Linen scarf', 'Linen bag']) await newProduct(api, { ...TEE, name });
    for (const _time of ['made at once', 'stored']) {
      expect(namesOf(await similarTo(tee.id, '?limit=1'))).toEqual(['Linen tee']);
      const active = namesOf(await similarTo(tee.id, '?status=active'));
      expect(active.toSorted()).toEqual(['Linen bag', 'Linen scarf', 'Linen shirt']);
    }
  });

  it.each(['limit=0', 'limit=51', 'status=sold', 'cursor=x'])('refuses ?%s', async (query) => {
    const { id } = await newProduct(api);
    expect(problemIn(await similarTo(id, `?${query}`))).toBe('400 VALIDATION_FAILED');
  });

  it('knows at once what was changed, imported and removed', async () => {
    const tee = await newProduct(api, TEE);
    const other = await newProduct(api, { name: 'Steel kettle' });
    expect((await similarTo(tee.id)).body.items[0].similarity).toBeLessThan(0.3);
    await api.patch(`products/${other.id}`, TEE);
    expect((await similarTo(tee.id)).body.items[0].similarity).toBe(1);
    const csv =
      'Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\nbag,Linen tee bag,b-1,1.00,1\n';
    expect((await api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' })).status).toBe(200);
    await api.delete(`products/${other.id}`);
    expect(namesOf(await similarTo(tee.id))).toEqual(['Linen tee bag']);
    expect((await storedIn(owner)).map(({ id }) => id)).not.toContain(other.id);
  });

  it('answers a product of another shop like one that does not exist', async () => {
    const other = await newShop(await newOwner(app.api));
    const foreign = await newProduct(other.api, TEE);
    await newProduct(api, TEE);
    const [theirs, none] = [await similarTo(foreign.id), await similarTo(randomUUID())];
    expect([problemIn(theirs), problemIn(none)]).toEqual(['404 PRODUCT_NOT_FOUND', '404 PRODUCT_NOT_FOUND']);
    expect(await storedIn(other)).toEqual([]);
  });

  it('answers a read-only member, for whom a job stores the vectors', async () => {
    const tee = await newProduct(api, TEE);
    await newProduct(api, { ...TEE, name: 'Linen shirt' });
    const { inShop } = await newMember(owner, 'read_only');
    expect(namesOf(await inShop.get(`products/${tee.id}/similar`))).toEqual(['Linen shirt']);
    expect(namesOf(await inShop.get(`products/${tee.id}/similar?status=active`))).toEqual(['Linen shirt']);
    expect(await storedIn(owner)).toEqual([]);
    const jobs = await app.database.query('SELECT kind FROM tenant_jobs WHERE shop_id = $1', [owner.shop.id]);
    expect(jobs).toEqual([{ kind: 'embed-products' }]);
    doJobs();
    await until(
      () => storedIn(owner),
      ({ length }) => length === 2,
    );
  });

  it('answers twenty at once', async () => {
    await liftLimits(app.database, owner);
    const tee = await newProduct(api, TEE);
    for (const name of ['Linen shirt', 'Linen bag']) await newProduct(api, { ...TEE, name });
    expect(tally(await atOnce(() => similarTo(tee.id)))).toEqual({ 200: 20 });
  });

  it('does not wait for a writer that holds a product', async () => {
    const tee = await newProduct(api, TEE);
    const { id } = await newProduct(api, { ...TEE, name: 'Linen shirt' });
    await withClient(app.database.url, async (client) => {
      await client.query(
        `BEGIN; SELECT FROM ${schemaOf(owner.shop.id)}.products WHERE id = '${id}' FOR UPDATE`,
      );
      expect(namesOf(await similarTo(tee.id))).toEqual(['Linen shirt']);
      expect(await storedIn(owner)).toEqual([{ id: tee.id }]);
      await client.query('ROLLBACK');
    });
  });

  it('makes a request do a part of much work, and a job the rest', async () => {
    const tee = await newProduct(api, TEE);
    await app.database.query(
      `INSERT INTO ${schemaOf(owner.shop.id)}.products (id, handle, name, currency, status)
       SELECT gen_random_uuid(), 'p-' || n, 'Product ' || n, 'EUR', 'active' FROM generate_series(1, 2500) n`,
    );
    const first = await similarTo(tee.id);
    expect([first.status, first.body.isComplete, first.body.items.length]).toEqual([200, false, 10]);
    expect(await storedIn(owner)).toHaveLength(100);
    doJobs();
    await until(
      () => storedIn(owner),
      ({ length }) => length === 2501,
    );
    expect((await similarTo(tee.id)).body.isComplete).toBe(true);
  });

  it('survives restores of the products alone, whose vectors are no part of a backup', async () => {
    const tee = await newProduct(api, TEE);
    await newProduct(api, { ...TEE, name: 'Linen shirt' });
    const file = await backUp(app, backups.path, owner.shop.id);
    await newProduct(api, { ...TEE, name: 'Linen bag' });
    expect(namesOf(await similarTo(tee.id))).toHaveLength(2);
    const tables = ['products', 'product_variants', 'stock_changes'];
    expect(await restore(app, { file, over: owner.shop.id, tables })).toMatchObject({ state: 'done' });
    expect(await storedIn(owner)).toEqual([]);
    expect(namesOf(await similarTo(tee.id))).toEqual(['Linen shirt']);
    expect(await storedIn(owner)).toHaveLength(2);
  });

  it('lists what is in the shop after a restore of the whole shop', async () => {
    const tee = await newProduct(api, TEE);
    const { id } = await newProduct(api, { ...TEE, name: 'Linen shirt' });
    const file = await backUp(app, backups.path, owner.shop.id);
    await api.patch(`products/${id}`, { name: 'Steel kettle', tags: [], type: '', vendor: '' });
    await newProduct(api, { ...TEE, name: 'Linen bag' });
    for (let i = 0; i < 2; i++) expect(namesOf(await similarTo(tee.id, '?limit=1'))).toEqual(['Linen bag']);
    expect(await restore(app, { file, over: owner.shop.id })).toMatchObject({ state: 'done' });
    expect(namesOf(await similarTo(tee.id, '?limit=1'))).toEqual(['Linen shirt']);
  });

  it('makes one ranking for lists of any length', async () => {
    const tee = await newProduct(api, TEE);
    const { id } = await newProduct(api, { ...TEE, name: 'Linen shirt' });
    await newProduct(api, { name: 'Steel kettle' });
    for (let i = 0; i < 2; i++) await similarTo(tee.id, '?limit=1');
    await app.database.query(
      `UPDATE ${schemaOf(owner.shop.id)}.products SET name = 'Oak table', tags = '{}', type = '', updated_at = now() WHERE id = $1`,
      [id],
    );
    expect(namesOf(await similarTo(tee.id, '?limit=2'))).toEqual(['Oak table', 'Steel kettle']);
  });

  it('shows products from a cached ranking as they are now', async () => {
    const tee = await newProduct(api, TEE);
    const other = await newProduct(api, { ...TEE, name: 'Linen shirt', stock: 5 });
    for (let i = 0; i < 2; i++) expect((await similarTo(tee.id)).body.items[0].stock).toBe(5);
    await api.post('orders', { lines: [{ productId: other.id, quantity: 2 }] });
    expect((await similarTo(tee.id)).body.items[0].stock).toBe(3);
    await api.patch(`products/${other.id}`, { status: 'draft' });
    expect((await similarTo(tee.id, '?status=active')).body.items).toEqual([]);
    await api.delete(`products/${tee.id}`);
    expect(problemIn(await similarTo(tee.id))).toBe('404 PRODUCT_NOT_FOUND');
  });
});
