import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { EntityManager } from 'typeorm';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantFiles } from '../../src/tenancy/tenant-files';
import { createTestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { startTestApp, useTestApp } from '../support/test-app';
import { withRawConnection } from './raw-connection';
import { startRefusingRelay } from './refusing-relay';

const READ_ONLY_TRANSACTION = '25006';

describe('a connection whose ROLLBACK was refused', () => {
  it('is not used again, so that the next shop neither stores nor sees its changes', async () => {
    const database = await createTestDatabase();
    const relay = await startRefusingRelay(database.url);
    const app = await startTestApp({ TENANT_POOL_SIZE: '1', POOLER_URL: relay.url }, { database });
    try {
      const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
      await newProduct(ada.api, { name: 'as it was' });
      const failing = app.app
        .get(TenantDatabase, { strict: false })
        .transaction(ada.shop.id, async (manager) => {
          await manager.query(`UPDATE products SET name = 'as it was to be'`);
          throw new Error('thrown after a write');
        });
      await expect(failing).rejects.toThrow('thrown after a write');
      expect(relay.refused()).toBe(1);
      const { status, body } = await bob.api.get('products');
      expect([status, body.items]).toEqual([200, []]);
      const { items } = (await ada.api.get('products')).body;
      expect(items.map(({ name }: { name: string }) => name)).toEqual(['as it was']);
    } finally {
      await app.close();
      await relay.close();
      await database.drop();
    }
  });
});

describe('a connection that served a shop', () => {
  const app = useTestApp({ TENANT_POOL_SIZE: '1' });
  const SETTINGS = `SELECT current_user, ${['search_path', 'statement_timeout', 'lock_timeout']
    .map((name) => `current_setting('${name}') AS ${name}`)
    .join()}`;

  it('has the role, path and limits of a new login when it is back in the pool', async () => {
    const fresh = await withRawConnection(app.app, (connection) => connection.query(SETTINGS));
    const { api } = await newOwner(app.api);
    await newProduct(api);
    await api.get('products');
    const used = await withRawConnection(app.app, (connection) => connection.query(SETTINGS));
    expect(used.rows).toEqual(fresh.rows);
  });
});

describe('a manager that was kept', () => {
  const app = useTestApp({ TENANT_POOL_SIZE: '1' });

  it('reads nothing while its connection works for another shop', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await newProduct(bob.api, { name: 'of bob' });
    const database = app.app.get(TenantDatabase, { strict: false });
    const kept = await database.run<EntityManager>(ada.shop.id, (manager) => Promise.resolve(manager));
    await database.run(bob.shop.id, async (manager) => {
      expect(await manager.query('SELECT name FROM products')).toEqual([{ name: 'of bob' }]);
      await expect(kept.query('SELECT name FROM products')).rejects.toThrow();
    });
  });

  it('keeps no connection that reads while it works for another shop', async () => {
    const [ada, bob] = await Promise.all([newOwner(app.api), newOwner(app.api)]);
    await newProduct(bob.api, { name: 'of bob' });
    const database = app.app.get(TenantDatabase, { strict: false });
    const kept = await database.run<unknown>(ada.shop.id, (manager) => manager.queryRunner!.connect());
    await database.run(bob.shop.id, async (manager) => {
      await manager.query('SELECT 1');
      const read = (kept as EntityManager).query('SELECT name FROM products');
      await expect(read).rejects.toThrow();
    });
  });
});

describe('a read', () => {
  const app = useTestApp();

  it('cannot write', async () => {
    const { shop } = await newOwner(app.api);
    const database = app.app.get(TenantDatabase, { strict: false });
    const writing = database.run(shop.id, (manager) => manager.query('DELETE FROM orders'));
    await expect(writing).rejects.toMatchObject({ driverError: { code: READ_ONLY_TRANSACTION } });
  });
});

describe('files of a shop', () => {
  const app = useTestApp();

  it('are not those of another shop that has files of the same names', async () => {
    const files = app.app.get(TenantFiles, { strict: false });
    const [ada, bob] = [await newOwner(app.api), await newOwner(app.api)].map(({ shop }) =>
      files.of({ shopId: shop.id as string }, 'images'),
    );
    await ada!.write('same.png', Readable.from([Buffer.from('of ada')]), 10);
    await expect(bob!.read('same.png')).rejects.toMatchObject({ kind: { code: 'FILE_NOT_FOUND' } });
    await bob!.write('same.png', Readable.from([Buffer.from('of bob')]), 10);
    expect(await text(await ada!.read('same.png'))).toBe('of ada');
    await bob!.remove('same.png');
    expect(await ada!.size('same.png')).toBe(6);
  });

  it('remain when another shop is removed', async () => {
    const files = app.app.get(TenantFiles, { strict: false });
    const [ada, bob] = [await newOwner(app.api), await newOwner(app.api)].map(({ shop }) => ({
      shopId: shop.id as string,
    }));
    await files.of(ada!, 'images').write('ada.png', Readable.from([Buffer.from('of ada')]), 10);
    await files.removeAll(bob!);
    expect(await files.of(ada!, 'images').size('ada.png')).toBe(6);
  });
});

describe('rights', () => {
  const app = useTestApp();

  it('on a schema and its tables belong to the shop’s role and the owner only', async () => {
    await newOwner(app.api);
    const given = await app.database.query<{ what: string; to: string }>(
      `SELECT n.nspname || coalesce('.' || c.relname, '') AS what, coalesce(r.rolname, 'PUBLIC') AS "to"
       FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'S', 'p'),
         LATERAL aclexplode(coalesce(c.relacl, n.nspacl)) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
       WHERE n.nspname ~ '^shop_'
       UNION SELECT n.nspname, coalesce(r.rolname, 'PUBLIC')
       FROM pg_namespace n, LATERAL aclexplode(n.nspacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
       WHERE n.nspname ~ '^shop_'`,
    );
    expect(given.length).toBeGreaterThan(8);
    const owner = `${app.database.name}_owner`;
    expect(given.filter(({ what, to }) => to !== owner && to !== what.split('.')[0])).toEqual([]);
  });
});
