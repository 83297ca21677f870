import { newOwner } from '../../support/factories';
import { backUp, operate, restore, useBackupFolder } from '../../support/lifecycle';
import { problemIn } from '../../support/problem';
import { useTestApp } from '../../support/test-app';

const folder = useBackupFolder();
const app = useTestApp({ BACKUP_TARGET: folder.path });

const OWN = {
  limits: { seats: 7, statementMs: 1234 },
  features: { bulkUpdates: false },
  settings: { orderPrefix: 'TH-' },
};

let slugs = 0;
const newSlug = () => `copy-${++slugs}`;

/** A shop with all that operators can give it. */
async function specialShop(status = 'active') {
  const owner = await newOwner(app.api);
  await app.database.query(
    `UPDATE shops SET plan = 'enterprise', limits = $2, features = $3, settings = $4, status = $5,
       deleted_at = CASE $5 WHEN 'deleted' THEN now() END WHERE id = $1`,
    [owner.shop.id, OWN.limits, OWN.features, OWN.settings, status],
  );
  return owner;
}

async function rowOf(id: string): Promise<object> {
  const [row] = await app.database.query(
    'SELECT plan, limits, features, settings, status FROM shops WHERE id = $1',
    [id],
  );
  return row!;
}

async function clone(shopId: string): Promise<string> {
  const input = { shop: shopId, as: newSlug(), name: null, without: [], isAnonymised: false };
  const { state, result } = await operate(app, { kind: 'clone', input });
  expect(state).toBe('done');
  return (result as { id: string }).id;
}

describe('plan, limits, features and settings', () => {
  it('are kept by a clone', async () => {
    const { shop } = await specialShop();
    expect(await rowOf(await clone(shop.id))).toEqual({ ...OWN, plan: 'enterprise', status: 'active' });
  });

  it('are kept by a restore as a new shop, and a shop that has none of its own gets none', async () => {
    for (const own of [OWN, { limits: {}, features: {}, settings: {} }]) {
      const { shop } = await specialShop();
      await app.database.query('UPDATE shops SET limits = $2, features = $3, settings = $4 WHERE id = $1', [
        ...[shop.id, own.limits, own.features, own.settings],
      ]);
      const file = await backUp(app, folder.path, shop.id);
      const { state, id } = await restore(app, { file, as: newSlug() });
      expect([state, await rowOf(id)]).toEqual(['done', { ...own, plan: 'enterprise', status: 'active' }]);
    }
  });

  it('of a plan that this installation lacks become those of standard', async () => {
    const { shop } = await specialShop();
    await app.database.query(`INSERT INTO plans (name) VALUES ('elsewhere')`);
    await app.database.query(`UPDATE shops SET plan = 'elsewhere' WHERE id = $1`, [shop.id]);
    const file = await backUp(app, folder.path, shop.id);
    await app.database.query(`UPDATE shops SET plan = 'free' WHERE id = $1`, [shop.id]);
    await app.database.query(`DELETE FROM plans WHERE name = 'elsewhere'`);
    const { id } = await restore(app, { file, as: newSlug() });
    expect(await rowOf(id)).toEqual({ ...OWN, plan: 'standard', status: 'active' });
  });

  it('are not touched by a restore over a shop', async () => {
    const { shop } = await specialShop();
    const file = await backUp(app, folder.path, shop.id);
    await app.database.query(`UPDATE shops SET plan = 'free', limits = '{}' WHERE id = $1`, [shop.id]);
    expect((await restore(app, { file, over: shop.id })).state).toBe('done');
    expect(await rowOf(shop.id)).toMatchObject({ plan: 'free', limits: {} });
  });
});

describe('status', () => {
  it.each([
    ['suspended', '403 SHOP_SUSPENDED'],
    ['read_only', '403 SHOP_READ_ONLY'],
  ])('%s is kept by a clone and by a restore as a new shop', async (status, refusal) => {
    const owner = await specialShop(status);
    const file = await backUp(app, folder.path, owner.shop.id);
    const copies = [await clone(owner.shop.id), (await restore(app, { file, as: newSlug() })).id];
    let { refreshToken } = owner;
    for (const shopId of copies) {
      expect(await rowOf(shopId)).toMatchObject({ status });
      const { body } = await owner.api.post('auth/switch', { shopId, refreshToken });
      ({ refreshToken } = body);
      expect(problemIn(await app.api.as(body.accessToken).post('customers', { name: 'Grace' }))).toBe(
        refusal,
      );
    }
  });

  it('deleted is not kept by a restore as a new shop', async () => {
    const { shop } = await specialShop('deleted');
    const file = await backUp(app, folder.path, shop.id);
    const { id } = await restore(app, { file, as: newSlug() });
    expect(await rowOf(id)).toMatchObject({ status: 'active' });
  });
});
