import { type Installation, INSTALLATION } from '../../src/database/installation';
import { TenantSession } from '../../src/tenancy/tenant-session';
import { ProductsService } from '../../src/tenant/products/products.service';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
const enter = (shop: string) => app.app.get(TenantSession).resolve(ProductsService, shop);
const entriesOf = async ({ api }: Owner) =>
  (await api.get('audit?action=support.entered')).body.items as object[];

describe('a session of a command', () => {
  it('works in the shop and leaves an entry that its owner can read', async () => {
    const owner = await newOwner(app.api);
    const product = await newProduct(owner.api);
    const service = await enter(owner.shop.slug);
    expect(await service.get(product.id)).toEqual(product);
    expect(await entriesOf(owner)).toMatchObject([
      { action: 'support.entered', actorId: null, requestId: null, details: { service: 'ProductsService' } },
    ]);
  });

  it('leaves an entry each time, and none in other shops', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await enter(ada.shop.id);
    await enter(ada.shop.id);
    expect([await entriesOf(ada), await entriesOf(bob)]).toMatchObject([[{}, {}], []]);
  });

  it('is not to be had when the entry cannot be written', async () => {
    const owner = await newOwner(app.api);
    const { roles } = app.app.get<Installation>(INSTALLATION, { strict: false });
    const columns = 'id, action, actor_id, shop_id, request_id, details';
    await app.database.query(`REVOKE INSERT (${columns}) ON audit_log FROM ${roles.public}`);
    try {
      await expect(enter(owner.shop.id)).rejects.toMatchObject({ driverError: { code: '42501' } });
    } finally {
      await app.database.query(`GRANT INSERT (${columns}) ON audit_log TO ${roles.public}`);
    }
  });

  it('leaves no entry when the shop is closed', async () => {
    const owner = await newOwner(app.api);
    await app.database.query(`UPDATE shops SET status = 'suspended' WHERE id = $1`, [owner.shop.id]);
    await expect(enter(owner.shop.id)).rejects.toMatchObject({ kind: { code: 'SHOP_SUSPENDED' } });
    await app.database.query(`UPDATE shops SET status = 'active' WHERE id = $1`, [owner.shop.id]);
    expect(await entriesOf(owner)).toEqual([]);
  });
});
