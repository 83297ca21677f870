import { type Env, ENV } from '../../../src/config/env';
import { type Installation, INSTALLATION } from '../../../src/database/installation';
import { examine } from '../../../src/operations/drift/doctor';
import { TenantLocator } from '../../../src/tenancy/tenant-locator';
import { newOwner } from '../../support/factories';
import { backUp, restore, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

describe('doctor, of data that a restore has replaced', () => {
  const app = useTestApp();
  const folder = useBackupFolder();
  const schemaOf = (id: string) => new TenantLocator().locate(id).schema;

  it('names leaks, and no damage, which was the reason for the restore', async () => {
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
});
