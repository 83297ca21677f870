import { type Env, ENV } from '../../../src/config/env';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { examine } from '../../../src/operations/drift/doctor';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { newOwner } from '../../support/factories';
import { backUp, restore, useBackupFolder } from '../../support/lifecycle';
import { runCli } from '../../support/program';
import { useTestApp } from '../../support/test-app';

describe('data that a restore has replaced', () => {
  const app = useTestApp();
  const folder = useBackupFolder();
  const schemaOf = (id: string) => new TenantLocator().locate(id).schema;

  it('have leaks that doctor names, and no damage, which was the reason for the restore', async () => {
    const { shop } = await newOwner(app.api);
    const file = await backUp(app, folder.path, shop.id);
    await app.database.query(`DROP TABLE ${schemaOf(shop.id)}.order_lines`);
    expect((await restore(app, { file, over: shop.id })).state).toBe('done');
    const [held] = await app.database.query<{ id: string }>('SELECT shop_id AS id FROM held_tenants');
    const installation = app.app.get<Installation>(INSTALLATION);
    const ofShops = async () => {
      const { findings } = await examine(installation, app.app.get<Env>(ENV));
      return findings
        .filter((finding) => finding.shop !== null)
        .map(({ check, shop: name }) => [check, name]);
    };
    expect(await ofShops()).toEqual([]);
    await app.database.query(
      `GRANT SELECT ON ${schemaOf(held!.id)}.products TO ${installation.roles.public}`,
    );
    expect(await ofShops()).toEqual([[expect.any(String), held!.id]]);
  });

  it('are removed by a command before their time, and those of no other shop', async () => {
    const [{ shop, api }, other] = [await newOwner(app.api), await newOwner(app.api)];
    for (const { id } of [shop, shop, other.shop]) {
      const file = await backUp(app, folder.path, id);
      expect((await restore(app, { file, over: id })).state).toBe('done');
    }
    const kept = (id: string) =>
      app.database.query<{ id: string }>('SELECT shop_id AS id FROM held_tenants WHERE of_shop = $1', [id]);
    expect(await kept(shop.id)).toHaveLength(2);
    const schemas = (await kept(shop.id)).map(({ id }) => schemaOf(id));
    const drop = () =>
      runCli(['shops:drop-replaced', shop.slug], { env: { DATABASE_URL: app.database.url } });
    expect(await drop()).toMatchObject({ code: 0, stdout: expect.stringContaining('are gone') });
    expect(await kept(shop.id)).toEqual([]);
    expect(await kept(other.shop.id)).toHaveLength(1);
    const left = 'SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1)';
    expect(await app.database.query(left, [schemas])).toEqual([]);
    expect((await api.get('products')).status).toBe(200);
    expect(await drop()).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is kept') });
  });
});
