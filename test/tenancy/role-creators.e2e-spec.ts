import { AdminDatabase } from '../../src/database/control-database';
import { adminOf, type Installation, INSTALLATION } from '../../src/database/installation';
import { TenantBuilder } from '../../src/tenancy/tenant-builder';
import { createTestDatabase, withClient } from '../support/database';
import { newOwner, newProduct, PASSWORD } from '../support/factories';
import { startTestApp, useTestApp } from '../support/test-app';

const app = useTestApp({ WARM_TENANTS: '0' });
const addRoles = (count: number) =>
  app.app.get(AdminDatabase).transaction((manager) => app.app.get(TenantBuilder).addRoles(manager, count));

interface Membership {
  role: string;
  mayBecome: boolean;
}

/** Memberships of a role, without the installation's owner. Names lack the database's prefix. */
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
let hasCreators: boolean;
beforeAll(async () => {
  const [row] = await app.database.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  hasCreators = row!.version >= 160_000; // no table, so one row
});

it('starts with one creator, with twenty shops at once for which nothing is ready', async () => {
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
  expect(await membershipsOf('admin')).toEqual(
    hasCreators ? [{ role: 'admin_creator_1', mayBecome: true }] : [],
  );
  expect(await membershipsOf('admin_creator_1')).toHaveLength(hasCreators ? 20 : 0);
});

it('leaves neither creator nor roles when the transaction fails', async () => {
  const before = [await membershipsOf('admin'), await membershipsOf('tenant')];
  const failing = app.app.get(AdminDatabase).transaction(async (manager) => {
    await app.app.get(TenantBuilder).addRoles(manager, 300);
    await app.app.get(TenantBuilder).addRoles(manager, 1); // by the next creator
    throw new Error('after all');
  });
  await expect(failing).rejects.toThrow('after all');
  expect([await membershipsOf('admin'), await membershipsOf('tenant')]).toEqual(before);
});

it('goes on with the next creator after 250 roles, and keeps the admin login from becoming the one before', async () => {
  await addRoles(229);
  const { api } = await newOwner(app.api); // takes one that is ready
  await addRoles(1);
  expect(await membershipsOf('admin')).toEqual(
    hasCreators ? [{ role: 'admin_creator_1', mayBecome: true }] : [],
  );
  await addRoles(100);
  expect(await membershipsOf('admin')).toEqual(
    hasCreators
      ? [
          { role: 'admin_creator_1', mayBecome: false },
          { role: 'admin_creator_2', mayBecome: true },
        ]
      : [],
  );
  expect(await membershipsOf('admin_creator_1')).toHaveLength(hasCreators ? 250 : 0);
  expect(await membershipsOf('admin_creator_2')).toHaveLength(hasCreators ? 100 : 0);
  expect(await membershipsOf('tenant')).toHaveLength(350);
  expect(await newProduct(api)).toMatchObject({ stock: 10 });
});

it('lets the admin login drop a role, and act as its creator as docs/operations.md says', async () => {
  const installation = app.app.get<Installation>(INSTALLATION, { strict: false });
  const roles = (await membershipsOf('tenant')).map((membership) => membership.role);
  const [role, other] = [roles[100]!, roles[101]!]; // of 350: of the first 250, and of no shop
  const creator = `"${app.database.name}_admin_creator_1"`;
  await withClient(adminOf(installation).url, async (client) => {
    if (hasCreators)
      await client.query(
        `GRANT ${creator} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE; SET ROLE ${creator}`,
      );
    await client.query(`REVOKE ${other} FROM "${app.database.name}_tenant"`);
    expect((await membershipsOf('tenant')).some((held) => held.role === other)).toBe(false);
    await client.query(`GRANT ${other} TO "${app.database.name}_tenant"; RESET ROLE`);
    if (hasCreators) await client.query(`REVOKE ${creator} FROM CURRENT_USER`);
    await app.database.query(`DELETE FROM spare_roles WHERE shop_id = replace('${role}', 'shop_', '')::uuid`);
    await client.query(`DROP ROLE ${role}`);
  });
  const held = (await membershipsOf('tenant')).map((membership) => membership.role);
  expect([held.includes(other), held.includes(role), held.length]).toEqual([true, false, 349]);
});

it('goes on with the next for twenty shops at once on connections that know the full one', async () => {
  await app.database.query('DELETE FROM spare_roles');
  await addRoles(150); // 250 of the second
  await app.database.query('DELETE FROM spare_roles');
  const { api } = await newOwner(app.api);
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('shops', { name: 'Branch' })));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
  const creators = (await membershipsOf('admin')).map((held) => [held.role, held.mayBecome]);
  expect(creators).toEqual(
    hasCreators
      ? [
          ['admin_creator_1', false],
          ['admin_creator_2', false],
          ['admin_creator_3', true],
        ]
      : [],
  );
  expect(await membershipsOf('admin_creator_3')).toHaveLength(hasCreators ? 21 : 0);
});

it('takes a creator that somebody may become again for what it is, and a role of a similar name for none', async () => {
  const creator = (name: string) => `"${app.database.name}_admin_creator_${name}"`;
  const strangers = ['', '0', '1_owner', '7x', '99999999999'].map(creator).join(', ');
  const created = strangers.replaceAll(/"[^"]+"/g, (name) => `CREATE ROLE ${name};`).replaceAll(',', '');
  await app.database.query(`${created} GRANT ${strangers} TO "${app.database.name}_admin"`);
  if (hasCreators) await app.database.query(`GRANT ${creator('1')} TO "${app.database.name}_admin"`); // as a superuser: it stays
  try {
    await addRoles(250);
    await addRoles(1);
    expect(await membershipsOf('admin_creator_4')).toHaveLength(hasCreators ? 1 : 0);
    expect(await membershipsOf('admin_creator_5')).toEqual([]);
  } finally {
    await app.database.query(`DROP ROLE ${strangers}`);
  }
});

it('leaves the roles to the admin login where a name has no room for a creator', async () => {
  const long = await createTestDatabase('_'.padEnd(40, 'x')); // 52 bytes
  const other = await startTestApp({ WARM_TENANTS: '0' }, { database: long });
  try {
    for (let i = 0; i < 2; i++)
      expect(await newProduct((await newOwner(other.api)).api)).toMatchObject({ stock: 10 });
    const creators = await long.query(
      `SELECT FROM pg_roles WHERE starts_with(rolname, current_database() || '_admin_')`,
    );
    expect(creators).toEqual([]);
  } finally {
    await other.close();
    await long.drop();
  }
});
