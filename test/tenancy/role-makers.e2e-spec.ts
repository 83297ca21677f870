import { AdminDatabase } from '../../src/database/control-database';
import { adminOf, type Installation, INSTALLATION } from '../../src/database/installation';
import { TenantMaker } from '../../src/tenancy/tenant-maker';
import { createTestDatabase, withClient } from '../support/database';
import { newOwner, newProduct, PASSWORD } from '../support/factories';
import { startTestApp, useTestApp } from '../support/test-app';

const app = useTestApp({ STOCK_SIZE: '0' });
const addRoles = (count: number) =>
  app.app.get(AdminDatabase).transaction((manager) => app.app.get(TenantMaker).addRoles(manager, count));

interface Membership {
  role: string;
  mayBecome: boolean;
}

/** What a role is a member of, without the installation's owner. Names lack the database's. */
function membershipsOf(member: string): Promise<Membership[]> {
  return app.database.query<Membership>(
    `SELECT replace(r.rolname, current_database() || '_', '') AS role, bool_or((to_jsonb(m) ->> 'set_option')::bool) AS "mayBecome"
     FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
     WHERE m.member = to_regrole(current_database() || '_' || $1) AND r.rolname <> current_database() || '_owner'
     GROUP BY r.rolname ORDER BY r.rolname`,
    [member],
  );
}

/** From then on who makes a role is a member of it. */
let hasMakers: boolean;
beforeAll(async () => {
  const [row] = await app.database.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  hasMakers = row!.version >= 160_000; // no table, so one row
});

it('starts with one maker, with twenty shops at once for which nothing is ready', async () => {
  expect(await membershipsOf('admin')).toEqual([]);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      app.api.post('auth/register', {
        email: `${i}@example.com`,
        password: PASSWORD,
        shop: { name: 'Rush' },
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
  expect(await membershipsOf('admin')).toEqual(hasMakers ? [{ role: 'admin_maker_1', mayBecome: true }] : []);
  expect(await membershipsOf('admin_maker_1')).toHaveLength(hasMakers ? 20 : 0);
});

it('leaves neither maker nor roles when the transaction fails', async () => {
  const before = [await membershipsOf('admin'), await membershipsOf('tenant')];
  const failing = app.app.get(AdminDatabase).transaction(async (manager) => {
    await app.app.get(TenantMaker).addRoles(manager, 300);
    await app.app.get(TenantMaker).addRoles(manager, 1); // by the next maker
    throw new Error('after all');
  });
  await expect(failing).rejects.toThrow('after all');
  expect([await membershipsOf('admin'), await membershipsOf('tenant')]).toEqual(before);
});

it('goes on with the next maker after 250 roles, and keeps the admin login from becoming the one before', async () => {
  await addRoles(229);
  const { api } = await newOwner(app.api); // takes one that is ready
  await addRoles(1);
  expect(await membershipsOf('admin')).toEqual(hasMakers ? [{ role: 'admin_maker_1', mayBecome: true }] : []);
  await addRoles(100);
  expect(await membershipsOf('admin')).toEqual(
    hasMakers
      ? [
          { role: 'admin_maker_1', mayBecome: false },
          { role: 'admin_maker_2', mayBecome: true },
        ]
      : [],
  );
  expect(await membershipsOf('admin_maker_1')).toHaveLength(hasMakers ? 250 : 0);
  expect(await membershipsOf('admin_maker_2')).toHaveLength(hasMakers ? 100 : 0);
  expect(await membershipsOf('tenant')).toHaveLength(350);
  expect(await newProduct(api)).toMatchObject({ stock: 10 });
});

it('lets the admin login drop a role, and act as its maker as docs/operations.md says', async () => {
  const installation = app.app.get<Installation>(INSTALLATION, { strict: false });
  const roles = (await membershipsOf('tenant')).map((membership) => membership.role);
  const [role, other] = [roles[100]!, roles[101]!]; // of 350: of the first 250, and of no shop
  const maker = `"${app.database.name}_admin_maker_1"`;
  await withClient(adminOf(installation).url, async (client) => {
    if (hasMakers)
      await client.query(`GRANT ${maker} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE; SET ROLE ${maker}`);
    await client.query(`REVOKE ${other} FROM "${app.database.name}_tenant"`);
    expect((await membershipsOf('tenant')).some((held) => held.role === other)).toBe(false);
    await client.query(`GRANT ${other} TO "${app.database.name}_tenant"; RESET ROLE`);
    if (hasMakers) await client.query(`REVOKE ${maker} FROM CURRENT_USER`);
    await app.database.query(`DELETE FROM role_stock WHERE shop_id = replace('${role}', 'shop_', '')::uuid`);
    await client.query(`DROP ROLE ${role}`);
  });
  const held = (await membershipsOf('tenant')).map((membership) => membership.role);
  expect([held.includes(other), held.includes(role), held.length]).toEqual([true, false, 349]);
});

it('goes on with the next for twenty shops at once on connections that know the full one', async () => {
  await app.database.query('DELETE FROM role_stock');
  await addRoles(150); // 250 of the second
  await app.database.query('DELETE FROM role_stock');
  const { api } = await newOwner(app.api);
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('shops', { name: 'Branch' })));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
  const makers = (await membershipsOf('admin')).map((held) => [held.role, held.mayBecome]);
  expect(makers).toEqual(
    hasMakers
      ? [
          ['admin_maker_1', false],
          ['admin_maker_2', false],
          ['admin_maker_3', true],
        ]
      : [],
  );
  expect(await membershipsOf('admin_maker_3')).toHaveLength(hasMakers ? 21 : 0);
});

it('takes a maker that somebody may become again for what it is, and a role of a similar name for none', async () => {
  const maker = (name: string) => `"${app.database.name}_admin_maker_${name}"`;
  const strangers = ['', '0', '1_owner', '7x', '99999999999'].map(maker).join(', ');
  const created = strangers.replaceAll(/"[^"]+"/g, (name) => `CREATE ROLE ${name};`).replaceAll(',', '');
  await app.database.query(`${created} GRANT ${strangers} TO "${app.database.name}_admin"`);
  if (hasMakers) await app.database.query(`GRANT ${maker('1')} TO "${app.database.name}_admin"`); // as a superuser: it stays
  try {
    await addRoles(250);
    await addRoles(1);
    expect(await membershipsOf('admin_maker_4')).toHaveLength(hasMakers ? 1 : 0);
    expect(await membershipsOf('admin_maker_5')).toEqual([]);
  } finally {
    await app.database.query(`DROP ROLE ${strangers}`);
  }
});

it('leaves the roles to the admin login where a name has no room for a maker', async () => {
  const long = await createTestDatabase('_'.padEnd(40, 'x')); // 52 bytes
  const other = await startTestApp({ STOCK_SIZE: '0' }, { database: long });
  try {
    for (let i = 0; i < 2; i++)
      expect(await newProduct((await newOwner(other.api)).api)).toMatchObject({ stock: 10 });
    const makers = await long.query(
      `SELECT FROM pg_roles WHERE starts_with(rolname, current_database() || '_admin_')`,
    );
    expect(makers).toEqual([]);
  } finally {
    await other.close();
    await long.drop();
  }
});
