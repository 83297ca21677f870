import { asOwner, type Fault, NOBODY, NOBODYS } from './fault';

export const RECORDS: Fault[] = [
  {
    name: 'a stock that its ledger does not explain',
    inject: ({ a }) => `INSERT INTO ${a.schema}.products (id, handle, name, currency, status)
      VALUES ('00000000-0000-7000-8000-000000000001', 'odd', 'Odd', 'EUR', 'active');
      INSERT INTO ${a.schema}.product_variants (id, product_id, position, price_minor, stock)
      VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 1, 1, 7)`,
    found: ({ a }) => [['stock-ledger', a.slug, 'variant 00000000-0000-7000-8000-000000000002']],
    repair: ({ a }) => `INSERT INTO ${a.schema}.stock_changes (id, variant_id, change, reason)
      VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000002', 7, 'correction')`,
  },
  {
    name: 'a schema that lost its version row',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM ${a.schema}.schema_migrations;
      DELETE FROM ${a.schema}.schema_migrations`,
    found: ({ a }) => [['version-row-missing', a.slug, 'schema_migrations']],
    repair: ({ a }) =>
      `INSERT INTO ${a.schema}.schema_migrations SELECT * FROM public.kept; DROP TABLE public.kept`,
  },
  {
    name: 'a shop without any migration, without comparing its structure',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM ${a.schema}.schema_migrations;
      DELETE FROM ${a.schema}.schema_migrations; UPDATE public.tenants SET version = 0 WHERE shop_id = '${a.id}';
      ALTER TABLE ${a.schema}.products DROP COLUMN description`,
    found: ({ a }) => [['version-behind', a.slug, 'schema_migrations']],
    repair: ({
      a,
    }) => `INSERT INTO ${a.schema}.schema_migrations SELECT * FROM public.kept; DROP TABLE public.kept;
      UPDATE public.tenants SET version = (SELECT max(version) FROM ${a.schema}.schema_migrations)
      WHERE shop_id = '${a.id}'; ALTER TABLE ${a.schema}.products ADD COLUMN description text NOT NULL DEFAULT ''`,
  },
  {
    name: 'a shop that a newer program migrated',
    inject: ({ a }) => `INSERT INTO ${a.schema}.schema_migrations VALUES (1900000000000, 'next');
      UPDATE public.tenants SET version = 1900000000000 WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['version-ahead', a.slug, 'schema_migrations']],
    repair: ({ a }) => `DELETE FROM ${a.schema}.schema_migrations WHERE version = 1900000000000;
      UPDATE public.tenants SET version = (SELECT max(version) FROM ${a.schema}.schema_migrations)
      WHERE shop_id = '${a.id}'`,
  },
  {
    name: 'a shop that a newer program migrated and that has a right too many',
    inject: (fleet) => `INSERT INTO ${fleet.a.schema}.schema_migrations VALUES (1900000000000, 'next');
      UPDATE public.tenants SET version = 1900000000000 WHERE shop_id = '${fleet.a.id}';
      ${asOwner(fleet, `CREATE TABLE ${fleet.a.schema}.next (id int); GRANT TRUNCATE ON ${fleet.a.schema}.orders TO ${fleet.a.schema}`)}`,
    found: ({ a }) => [
      ['tenant-rights', a.slug, 'orders'],
      ['version-ahead', a.slug, 'schema_migrations'],
    ],
    repair: (fleet) => `DELETE FROM ${fleet.a.schema}.schema_migrations WHERE version = 1900000000000;
      UPDATE public.tenants SET version = (SELECT max(version) FROM ${fleet.a.schema}.schema_migrations)
      WHERE shop_id = '${fleet.a.id}';
      ${asOwner(fleet, `DROP TABLE ${fleet.a.schema}.next; REVOKE TRUNCATE ON ${fleet.a.schema}.orders FROM ${fleet.a.schema}`)}`,
  },
  {
    name: 'a shop that lost the version row of a newer program',
    inject: ({ a }) => `UPDATE public.tenants SET version = 1900000000000 WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['version-row-missing', a.slug, 'schema_migrations']],
    repair: ({
      a,
    }) => `UPDATE public.tenants SET version = (SELECT max(version) FROM ${a.schema}.schema_migrations)
      WHERE shop_id = '${a.id}'`,
  },
  {
    name: 'a registry with another version',
    inject: ({ a }) => `UPDATE public.tenants SET version = 1 WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['version-index', a.slug, 'public.tenants']],
    repair: ({
      a,
    }) => `UPDATE public.tenants SET version = (SELECT max(version) FROM ${a.schema}.schema_migrations)
      WHERE shop_id = '${a.id}'`,
  },
  {
    name: 'a migration that failed',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM public.tenants WHERE shop_id = '${a.id}';
      UPDATE public.tenants SET status = 'failed', last_error = 'no', checksum = 'that of some version before'
      WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [
      ['migration-failed', a.slug, 'public.tenants'],
      ['version-index', a.slug, 'public.tenants'],
    ],
    repair: ({
      a,
    }) => `UPDATE public.tenants t SET (status, last_error, checksum) = (k.status, k.last_error, k.checksum)
      FROM public.kept k WHERE t.shop_id = k.shop_id AND t.shop_id = '${a.id}'; DROP TABLE public.kept`,
  },
  {
    name: 'a public schema of a newer program',
    inject: () => `INSERT INTO public.schema_migrations VALUES (1900000000000, 'next')`,
    found: () => [['public-version', null, 'public.schema_migrations']],
    repair: () => 'DELETE FROM public.schema_migrations WHERE version = 1900000000000',
  },
  {
    name: 'a schema without a shop',
    inject: (fleet) =>
      `CREATE ROLE ${NOBODYS}; GRANT ${NOBODYS} TO "${fleet.roles.tenant}"; CREATE SCHEMA ${NOBODYS} AUTHORIZATION "${fleet.roles.owner}"`,
    found: () => [['schema-without-shop', NOBODY, NOBODYS]],
    repair: () => `DROP SCHEMA ${NOBODYS}; DROP ROLE ${NOBODYS}`,
  },
  {
    name: 'a schema without a role',
    inject: (fleet) => `CREATE SCHEMA ${NOBODYS} AUTHORIZATION "${fleet.roles.owner}"`,
    found: () => [
      ['schema-without-role', NOBODY, NOBODYS],
      ['schema-without-shop', NOBODY, NOBODYS],
    ],
    repair: () => `DROP SCHEMA ${NOBODYS}`,
  },
  {
    name: 'a shop without a schema',
    inject: ({ user }) => `INSERT INTO public.shops (id, name, slug) VALUES ('${NOBODY}', 'Ghost', 'ghost');
      INSERT INTO public.tenants (shop_id, version) VALUES ('${NOBODY}', 1);
      INSERT INTO public.memberships (user_id, shop_id, role) VALUES ('${user}', '${NOBODY}', 'owner')`,
    found: () => [['shop-without-schema', 'ghost', NOBODYS]],
    repair: () => `DELETE FROM public.shops WHERE id = '${NOBODY}';
      DELETE FROM public.tenants WHERE shop_id = '${NOBODY}'`,
  },
  {
    name: 'a shop without a schema whose role is still there, and whose membership is right',
    inject: ({ a }) => `ALTER SCHEMA ${a.schema} RENAME TO hidden`,
    found: ({ a }) => [['shop-without-schema', a.slug, a.schema]],
    repair: ({ a }) => `ALTER SCHEMA hidden RENAME TO ${a.schema}`,
  },
  {
    name: 'a shop that the registry does not have',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM public.tenants WHERE shop_id = '${a.id}';
      SET session_replication_role = replica; DELETE FROM public.tenants WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['shop-without-tenant', a.slug, 'public.tenants']],
    repair: () => 'INSERT INTO public.tenants SELECT * FROM public.kept; DROP TABLE public.kept',
  },
  {
    name: 'a spare role that is gone',
    inject: () => `INSERT INTO public.spare_roles VALUES ('${NOBODY}')`,
    found: () => [['stocked-role-missing', NOBODY, NOBODYS]],
    repair: () => `DELETE FROM public.spare_roles WHERE shop_id = '${NOBODY}'`,
  },
  {
    name: 'a leftover role of a removed shop',
    inject: ({ roles }) => `CREATE ROLE ${NOBODYS}; GRANT ${NOBODYS} TO "${roles.tenant}"`,
    found: () => [['leftover-role', null, NOBODYS]],
    repair: () => `DROP ROLE ${NOBODYS}`,
  },
  {
    name: 'a leftover role without members',
    inject: () => `CREATE ROLE ${NOBODYS}`,
    found: () => [['leftover-role', null, NOBODYS]],
    repair: () => `DROP ROLE ${NOBODYS}`,
  },
  {
    name: 'a membership without a member inside the shop',
    inject: ({ b, user }) =>
      `INSERT INTO public.memberships (user_id, shop_id, role) VALUES ('${user}', '${b.id}', 'staff')`,
    found: ({ b, user }) => [['member-missing', b.slug, `members ${user}`]],
    repair: ({ b, user }) =>
      `DELETE FROM public.memberships WHERE user_id = '${user}' AND shop_id = '${b.id}'`,
  },
  {
    name: 'a shop without an owner',
    inject: ({ a }) => `UPDATE public.memberships SET role = 'staff' WHERE shop_id = '${a.id}';
      UPDATE ${a.schema}.members SET role = 'staff'`,
    found: ({ a }) => [['shop-without-owner', a.slug, 'public.memberships']],
    repair: ({ a }) => `UPDATE public.memberships SET role = 'owner' WHERE shop_id = '${a.id}';
      UPDATE ${a.schema}.members SET role = 'owner'`,
  },
  {
    name: 'a shop that the schedule has not backed up',
    inject: ({ a }) =>
      `UPDATE public.shops SET created_at = created_at - interval '2 days' WHERE id = '${a.id}'`,
    found: ({ a }) => [['backup-old', a.slug, 'public.backups']],
    repair: ({ a }) =>
      `UPDATE public.shops SET created_at = created_at + interval '2 days' WHERE id = '${a.id}'`,
  },
  {
    name: 'a shop whose newest backup is older than the schedule says',
    inject: ({
      a,
    }) => `UPDATE public.shops SET created_at = created_at - interval '9 days' WHERE id = '${a.id}';
      INSERT INTO public.backups (id, shop_id, shop_slug, target, file, bytes, rows, sha256, version, snapshot_at)
      SELECT gen_random_uuid(), '${a.id}', 'a', '/b', 'file-' || days, 1, 1, '', 1, now() - days * interval '1 day'
      FROM unnest(ARRAY[2, 3]) days`,
    found: ({ a }) => [['backup-old', a.slug, 'public.backups']],
    repair: ({
      a,
    }) => `UPDATE public.shops SET created_at = created_at + interval '9 days' WHERE id = '${a.id}';
      DELETE FROM public.backups`,
  },
  {
    name: 'a server that may lose confirmed transactions',
    inject: ({ database }) => `ALTER DATABASE "${database}" SET synchronous_commit = off`,
    found: () => [['server-setting', null, 'synchronous_commit']],
    repair: ({ database }) => `ALTER DATABASE "${database}" RESET synchronous_commit`,
  },
];
