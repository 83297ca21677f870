import { newMember, newOrder, newOwner, newProduct } from '../../support/factories';
import { backUp, restore, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

describe('shops:restore --tables leaves a shop that can take orders', () => {
  const app = useTestApp();
  const folder = useBackupFolder();

  it('when members have joined since the backup', async () => {
    const owner = await newOwner(app.api);
    const product = await newProduct(owner.api);
    const file = await backUp(app, folder.path, owner.shop.id);
    const { inShop } = await newMember(owner);
    await newOrder(inShop, product.id);
    const { state } = await restore(app, { file, over: owner.shop.id, tables: ['members'] });
    expect(state).toBe('done');
    await newOrder(inShop, product.id);
  });

  it('when the backup has more orders than the shop, or fewer', async () => {
    const owner = await newOwner(app.api);
    const { id } = await newProduct(owner.api);
    const early = await backUp(app, folder.path, owner.shop.id);
    await newOrder(owner.api, id);
    await newOrder(owner.api, id);
    const late = await backUp(app, folder.path, owner.shop.id);
    const over = owner.shop.id;
    expect(await restore(app, { file: early, over })).toMatchObject({ state: 'done' });
    const tables = ['orders', 'order_lines', 'customers'];
    expect(await restore(app, { file: late, over, tables })).toMatchObject({ state: 'done' });
    expect((await newOrder(owner.api, id)).number).toBe(3);
    expect(await restore(app, { file: early, over, tables: ['counters'] })).toMatchObject({ state: 'done' });
    expect((await newOrder(owner.api, id)).number).toBe(4);
  });
});
