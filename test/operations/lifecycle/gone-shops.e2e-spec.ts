import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type Env, ENV } from '../../../src/config/env';
import { pruneExports } from '../../../src/operations/lifecycle/prune-exports';
import { ShopStatusService } from '../../../src/public/shops/shop-status.service';
import { BY_COMMAND } from '../../../src/tenancy/audit-log';
import { withClient } from '../../support/database';
import { newOwner } from '../../support/factories';
import { backUp, operate, useBackupFolder } from '../../support/lifecycle';
import { newOperator, useOperators } from '../../support/operators';
import { problemIn } from '../../support/problem';
import { CACHE_TIMES } from '../../support/sizes';
import { useTestApp } from '../../support/test-app';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path, WARM_TENANTS: '0' }, { times: CACHE_TIMES });
const operators = useOperators(app);

interface ShopName {
  id: string;
  slug: string;
}

async function newShopName(): Promise<ShopName> {
  const { id, slug } = (await newOwner(app.api)).shop;
  return { id, slug };
}

const of = (shop: ShopName, kind: string, input: object) =>
  operate(app, { kind, shop, isExclusive: true, input: { shop: shop.id, ...input } });

async function exportOf(shop: ShopName): Promise<{ id: string; file: string }> {
  const { id, result } = await of(shop, 'export', { out: null });
  return { id, file: path.join(folder.path, (result as { file: string }).file) };
}

async function purge(shop: ShopName): Promise<void> {
  await app.app.get(ShopStatusService).remove(shop.id, BY_COMMAND);
  await app.database.query(`UPDATE shops SET deleted_at = now() - interval '1 day' WHERE id = $1`, [shop.id]);
  const { state, error } = await of(shop, 'purge', { isArchived: false });
  if (state !== 'done') throw new Error(`the purge ended as ${state}: ${error?.message}`);
}

describe('a purge', () => {
  it('removes the exports of the shop, which nobody can download any more', async () => {
    const [shop, other] = [await newShopName(), await newShopName()];
    const [gone, kept] = [await exportOf(shop), await exportOf(other)];
    const { api } = await newOperator(app, operators, 'operator');
    expect((await api.get(`operations/${gone.id}/file`)).status).toBe(200);
    await purge(shop);
    expect(readdirSync(folder.path).filter((name) => name.includes(shop.slug))).toEqual([]);
    expect(problemIn(await api.get(`operations/${gone.id}/file`))).toBe('404 OPERATION_FILE_NOT_FOUND');
    expect(existsSync(kept.file)).toBe(true);
  });
});

describe('an operation on a shop that was removed since', () => {
  let shop: ShopName;
  let file: string;
  beforeAll(async () => {
    shop = await newShopName();
    file = await backUp(app, folder.path, (await newOwner(app.api)).shop.id);
    await purge(shop);
  });

  it('fails as SHOP_NOT_FOUND', async () => {
    const clone = { as: 'ghost', name: null, without: [], isAnonymised: false };
    const restore = { file, as: null, over: shop.id, tables: null, isOther: true };
    const ended = [
      await of(shop, 'export', { out: null }),
      await of(shop, 'clone', clone),
      await of(shop, 'restore', restore),
      await of(shop, 'restore', { ...restore, tables: ['products'] }),
    ];
    expect(ended.map(({ state, error }) => [state, error?.code])).toEqual(
      Array(4).fill(['failed', 'SHOP_NOT_FOUND']),
    );
  });

  it('is named among those that a backup could not save', async () => {
    const there = await newShopName();
    const input = { shops: [shop.id, there.id], target: folder.path, keep: null };
    const { result } = await operate(app, {
      kind: 'backup',
      input: { ...input, isEncrypted: false, concurrency: 1 },
    });
    expect(result).toMatchObject({ saved: 1, failed: [{ shopId: shop.id }] });
  });

  it('has nothing to undo', async () => {
    const { state, error } = await of(await newShopName(), 'undo-restore', {});
    expect([state, error?.code]).toEqual(['failed', 'RESTORE_NOT_KEPT']);
  });
});

describe('the removal of expired exports', () => {
  it('clears other places when one refuses, and says so', async () => {
    const shop = await newShopName();
    const [lost, found] = [await exportOf(shop), await exportOf(shop)];
    const change = (id: string, changes: object) =>
      app.database.query('UPDATE operations SET result = result || $2 WHERE id = $1', [id, changes]);
    for (const { id } of [lost, found]) await change(id, { expiresAt: '2020-01-01T00:00:00.000Z' });
    await change(lost.id, { target: '/dev/null/retired' });
    const pruned = withClient(app.database.url, (client) => pruneExports(client, app.app.get<Env>(ENV)));
    await expect(pruned).rejects.toThrow('1 expired export(s) could not be removed');
    expect(existsSync(found.file)).toBe(false);
  });
});
