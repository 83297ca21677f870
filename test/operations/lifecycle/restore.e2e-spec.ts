import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { verify } from '../../../src/operations/drift/verify';
import { newOrder, newOwner, newProduct, type Owner } from '../../support/factories';
import { backUp, operate, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

describe('shops:restore', () => {
  const app = useTestApp();
  const folder = useBackupFolder();

  async function shopWithSales(): Promise<Owner & { productId: string }> {
    const owner = await newOwner(app.api);
    const { id } = await newProduct(owner.api, {
      name: 'Tab\tand \\ "quote"',
      description: 'line\nbreak é 日本',
    });
    await newOrder(owner.api, id, 2);
    return { ...owner, productId: id };
  }
  const restore = (input: object) =>
    operate(app, { kind: 'restore', input: { as: null, over: null, tables: null, ...input } });
  const held = () =>
    app.database.query<{ reason: string; of_shop: string }>(
      'SELECT reason, of_shop FROM held_tenants ORDER BY held_at',
    );

  const unfinished = async () => (await held()).filter(({ reason }) => reason !== 'replaced');

  it('makes a new shop with the same rows, whose members can enter', async () => {
    const source = await shopWithSales();
    const other = await shopWithSales();
    const before = [await rowsOf(app, source.shop.id), await rowsOf(app, other.shop.id)];
    const file = await backUp(app, folder.path, source.shop.id);
    const done = await restore({ file, as: 'second' });
    expect(done).toMatchObject({ state: 'done', error: null, checkpoint: {}, total: Number(done.done) });
    const { id } = done.result as { id: string };
    expect(await rowsOf(app, id)).toEqual(before[0]);
    expect([await rowsOf(app, source.shop.id), await rowsOf(app, other.shop.id)]).toEqual(before);
    const { body } = await source.api.post('auth/switch', { shopId: id, refreshToken: source.refreshToken });
    const inside = app.api.as(body.accessToken);
    await newOrder(inside, source.productId);
    expect((await inside.get('orders')).body.items).toHaveLength(2);
    expect(await held()).toEqual([]);
    const entries = (await inside.get('audit')).body.items;
    expect(entries.map(({ action }: { action: string }) => action)).toContain('shop.restored');
  });

  it('replaces the data of a shop, and brings them back', async () => {
    const owner = await shopWithSales();
    const file = await backUp(app, folder.path, owner.shop.id);
    const saved = await rowsOf(app, owner.shop.id);
    await newOrder(owner.api, owner.productId, 3);
    const later = await rowsOf(app, owner.shop.id);
    const { id } = owner.shop;
    const over = { shop: { id, slug: owner.shop.slug }, isExclusive: true };
    expect(await restore({ file, over: id })).toMatchObject({ state: 'done', error: null });
    expect(await rowsOf(app, id)).toEqual(saved);
    expect((await owner.api.get('orders')).body.items).toHaveLength(1);
    expect(await held()).toEqual([{ reason: 'replaced', of_shop: id }]);
    await operate(app, { kind: 'undo-restore', input: { shop: id }, ...over });
    expect(await rowsOf(app, id)).toEqual(later);
    await newOrder(owner.api, owner.productId, 1);
    expect((await owner.api.get('orders')).body.items).toHaveLength(3);
    await operate(app, { kind: 'undo-restore', input: { shop: id }, ...over });
    expect(await rowsOf(app, id)).toEqual(saved);
    await newOrder(owner.api, owner.productId, 1);
  });

  it('replaces single tables, or nothing when other rows need those that are missing', async () => {
    const owner = await shopWithSales();
    const empty = await newOwner(app.api);
    const file = await backUp(app, folder.path, owner.shop.id);
    const emptyFile = await backUp(app, folder.path, empty.shop.id);
    const saved = await rowsOf(app, owner.shop.id);
    await newProduct(owner.api);
    await newOrder(owner.api, owner.productId);
    const later = await rowsOf(app, owner.shop.id);
    const tables = ['products', 'product_variants'];
    expect(await restore({ file: emptyFile, over: owner.shop.id, tables, isOther: true })).toMatchObject({
      state: 'failed',
      error: { code: 'RESTORE_CONFLICT' },
    });
    expect(await rowsOf(app, owner.shop.id)).toEqual(later);
    expect(await restore({ file, over: owner.shop.id, tables: ['order_lines'] })).toMatchObject({
      state: 'done',
    });
    expect(await rowsOf(app, owner.shop.id)).toEqual({ ...later, order_lines: saved['order_lines'] });
  });

  it('names unknown tables before it loads anything, and counts the rows of those it restored', async () => {
    const owner = await shopWithSales();
    const { id } = owner.shop;
    const file = await backUp(app, folder.path, id);
    const bad = await restore({ file, over: id, tables: ['orders', 'bogus'] });
    expect(bad).toMatchObject({ state: 'failed', error: { code: 'RESTORE_TABLE_UNKNOWN' } });
    expect(bad.error?.message).toMatch(/no table bogus; it has .*order_lines, orders, /);
    expect(bad.checkpoint).toEqual({});
    const good = await restore({ file, over: id, tables: ['orders', 'order_lines'] });
    expect(good).toMatchObject({ state: 'done', result: { rows: 2 } });
    const entries = (await owner.api.get('audit')).body.items as { action: string; details: object }[];
    expect(entries.find(({ action }) => action === 'shop.restored')!.details).toMatchObject({
      file: path.basename(file),
      dataOf: (good.result as { snapshotAt: string }).snapshotAt,
      tables: 'orders, order_lines',
    });
    await app.database.query(`DROP TABLE shop_${id.replaceAll('-', '')}.imports CASCADE`);
    expect(await restore({ file, over: id, tables: ['imports'] })).toMatchObject({
      state: 'failed',
      error: { code: 'RESTORE_TABLE_UNKNOWN' },
    });
  });

  it('refuses the backup of another shop over a shop, unless that is said', async () => {
    const owner = await shopWithSales();
    const other = await shopWithSales();
    const file = await backUp(app, folder.path, other.shop.id);
    const before = await rowsOf(app, owner.shop.id);
    const shop = { id: owner.shop.id, slug: owner.shop.slug };
    const input = { file, as: null, over: shop.id, tables: null };
    const { state, error } = await operate(app, { kind: 'restore', input, shop, isExclusive: true });
    expect([state, error?.code]).toEqual(['failed', 'RESTORE_OTHER_SHOP']);
    expect(error?.message).toContain(
      `is of ${other.shop.slug} (${other.shop.id}), not of ${shop.slug} (${shop.id})`,
    );
    expect(await rowsOf(app, shop.id)).toEqual(before);
    expect(await unfinished()).toEqual([]);
    expect(await restore({ ...input, isOther: true })).toMatchObject({ state: 'done' });
    const { products } = await rowsOf(app, shop.id);
    expect(products).toEqual((await rowsOf(app, other.shop.id))['products']);
  });

  it.each([
    ['schema is gone', (schema: string) => `DROP SCHEMA ${schema} CASCADE`, 0],
    ['orders are gone', (schema: string) => `DROP TABLE ${schema}.orders CASCADE`, 1],
    ['members are gone', (schema: string) => `DROP TABLE ${schema}.members CASCADE`, 1],
    [
      'tables are gone',
      (schema: string, owner: string) =>
        `DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema} AUTHORIZATION ${owner}`,
      1,
    ],
  ])('brings a shop back whose %s', async (_what, damage, kept) => {
    const owner = await shopWithSales();
    const { id } = owner.shop;
    const file = await backUp(app, folder.path, id);
    const saved = await rowsOf(app, id);
    await app.database.query(damage(`shop_${id.replaceAll('-', '')}`, `${app.database.name}_owner`));
    expect(await restore({ file, over: id })).toMatchObject({ state: 'done', error: null });
    expect(await rowsOf(app, id)).toEqual(saved);
    await newOrder(owner.api, owner.productId);
    const left = await app.database.query('SELECT FROM held_tenants WHERE of_shop = $1', [id]);
    expect(left).toHaveLength(kept);
    const installation = app.app.get<Installation>(INSTALLATION);
    expect((await verify(installation, { only: [id] })).findings).toEqual([]);
  });

  it('refuses a file that was cut off or altered, and leaves nothing', async () => {
    const owner = await shopWithSales();
    const file = await backUp(app, folder.path, owner.shop.id);
    const bytes = readFileSync(file);
    const cut = path.join(folder.path, 'cut.tar.gz');
    for (const length of [0, 10, Math.floor(bytes.length / 2), bytes.length - 20]) {
      writeFileSync(cut, bytes.subarray(0, length));
      expect(await restore({ file: cut, as: 'cut' })).toMatchObject({
        state: 'failed',
        error: { code: 'BACKUP_INVALID' },
      });
    }
    expect(await unfinished()).toEqual([]);
    expect(await app.database.query(`SELECT FROM shops WHERE slug = 'cut'`)).toEqual([]);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it.each(['../x', '', 'a'.repeat(61), '0198c0de-0000-7000-8000-000000000000'])(
    'refuses %j, which is no slug, and leaves nothing',
    async (as) => {
      const owner = await shopWithSales();
      const file = await backUp(app, folder.path, owner.shop.id);
      expect(await restore({ file, as })).toMatchObject({ state: 'failed' });
      expect(await unfinished()).toEqual([]);
      expect(await app.database.query('SELECT FROM shops WHERE slug = $1', [as])).toEqual([]);
    },
  );

  it('has a code for an undo where nothing was restored', async () => {
    const { shop } = await newOwner(app.api);
    const undone = await operate(app, { kind: 'undo-restore', input: { shop: shop.id } });
    expect(undone).toMatchObject({ state: 'failed', error: { code: 'RESTORE_NOT_KEPT' } });
  });

  it('refuses a slug that is taken before it loads a row', async () => {
    const owner = await shopWithSales();
    const file = await backUp(app, folder.path, owner.shop.id);
    const refused = await restore({ file });
    expect(refused).toMatchObject({ state: 'failed', done: 0, error: { code: 'SLUG_TAKEN' } });
    expect(await unfinished()).toEqual([]);
  });
});
