import { asOwner, type Fault } from './fault';

export const RIGHTS: Fault[] = [
  {
    name: "a right of another shop's role",
    inject: ({ a, b }) => `GRANT SELECT ON ${a.schema}.orders TO ${b.schema}`,
    found: ({ a }) => [['foreign-grant', a.slug, 'orders']],
    repair: ({ a, b }) => `REVOKE SELECT ON ${a.schema}.orders FROM ${b.schema}`,
  },
  {
    name: 'a right of the public login on one column',
    inject: ({ a, roles }) => `GRANT SELECT (total_minor) ON ${a.schema}.orders TO "${roles.public}"`,
    found: ({ a }) => [['foreign-grant', a.slug, 'orders.total_minor']],
    repair: ({ a, roles }) => `REVOKE SELECT (total_minor) ON ${a.schema}.orders FROM "${roles.public}"`,
  },
  {
    name: 'a schema that the tenant login itself may use',
    inject: ({ a, roles }) => `GRANT USAGE ON SCHEMA ${a.schema} TO "${roles.tenant}"`,
    found: ({ a }) => [['foreign-grant', a.slug, 'schema']],
    repair: ({ a, roles }) => `REVOKE USAGE ON SCHEMA ${a.schema} FROM "${roles.tenant}"`,
  },
  {
    name: 'a table open to PUBLIC',
    inject: ({ a }) => `GRANT SELECT ON ${a.schema}.products TO PUBLIC`,
    found: ({ a }) => [['public-grant', a.slug, 'products']],
    repair: ({ a }) => `REVOKE SELECT ON ${a.schema}.products FROM PUBLIC`,
  },
  {
    name: 'a right to write a table of the engine',
    inject: ({ a }) => `GRANT INSERT ON ${a.schema}.members TO ${a.schema}`,
    found: ({ a }) => [['tenant-rights', a.slug, 'members']],
    repair: ({ a }) => `REVOKE INSERT ON ${a.schema}.members FROM ${a.schema}`,
  },
  {
    name: 'a right to write one column of it',
    inject: ({ a }) => `GRANT UPDATE (name) ON ${a.schema}.members TO ${a.schema}`,
    found: ({ a }) => [['tenant-rights', a.slug, 'members.name']],
    repair: ({ a }) => `REVOKE UPDATE (name) ON ${a.schema}.members FROM ${a.schema}`,
  },
  {
    name: 'a right that the shop lacks',
    inject: ({ a }) => `REVOKE ALL ON ${a.schema}.orders FROM ${a.schema}`,
    found: ({ a }) => [['tenant-rights', a.slug, 'orders']],
    repair: ({ a }) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${a.schema}.orders TO ${a.schema}`,
  },
  {
    name: 'a right to create tables',
    inject: ({ a }) => `GRANT CREATE ON SCHEMA ${a.schema} TO ${a.schema}`,
    found: ({ a }) => [['tenant-rights', a.slug, 'schema']],
    repair: ({ a }) => `REVOKE CREATE ON SCHEMA ${a.schema} FROM ${a.schema}`,
  },
  {
    name: 'missing default privileges',
    inject: ({ a, roles }) =>
      `ALTER DEFAULT PRIVILEGES FOR ROLE "${roles.owner}" IN SCHEMA ${a.schema} REVOKE ALL ON TABLES FROM ${a.schema}`,
    found: ({ a, roles }) => [['default-privileges', a.slug, `new tables of ${roles.owner}`]],
    repair: ({ a, roles }) => `ALTER DEFAULT PRIVILEGES FOR ROLE "${roles.owner}" IN SCHEMA ${a.schema}
      GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${a.schema}`,
  },
  {
    name: 'TEMP for PUBLIC',
    inject: ({ database }) => `GRANT TEMPORARY ON DATABASE "${database}" TO PUBLIC`,
    found: ({ database }) => [
      ['database-rights', null, database],
      ['hardening', null, 'temporary-tables'],
    ],
    repair: ({ database }) => `REVOKE TEMPORARY ON DATABASE "${database}" FROM PUBLIC`,
  },
  {
    name: 'CREATE on the database for the public login',
    inject: ({ database, roles }) => `GRANT CREATE ON DATABASE "${database}" TO "${roles.public}"`,
    found: ({ database }) => [['database-rights', null, database]],
    repair: ({ database, roles }) => `REVOKE CREATE ON DATABASE "${database}" FROM "${roles.public}"`,
  },
  {
    name: 'an audit log that the public login may change',
    inject: ({ roles }) => `GRANT UPDATE ON public.audit_log TO "${roles.public}"`,
    found: () => [['public-rights', null, 'public.audit_log']],
    repair: ({ roles }) => `REVOKE UPDATE ON public.audit_log FROM "${roles.public}";
      GRANT INSERT (id, action, actor_id, shop_id, request_id, details) ON public.audit_log TO "${roles.public}"`,
  },
  {
    name: 'an audit log whose time the public login may set',
    inject: ({ roles }) => `GRANT INSERT (at) ON public.audit_log TO "${roles.public}"`,
    found: () => [['public-rights', null, 'public.audit_log.at']],
    repair: ({ roles }) => `REVOKE INSERT (at) ON public.audit_log FROM "${roles.public}"`,
  },
  {
    name: 'public tables open to a shop',
    inject: ({ a }) =>
      `GRANT USAGE ON SCHEMA public TO ${a.schema}; GRANT SELECT ON public.users TO ${a.schema}`,
    found: () => [
      ['public-rights', null, 'public'],
      ['public-rights', null, 'public.users'],
    ],
    repair: ({ a }) =>
      `REVOKE USAGE ON SCHEMA public FROM ${a.schema}; REVOKE SELECT ON public.users FROM ${a.schema}`,
  },
  {
    name: 'a function in public that PUBLIC may call',
    inject: (fleet) =>
      asOwner(
        fleet,
        `CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION public.one TO PUBLIC`,
      ),
    found: () => [['public-function', null, 'public.one()']],
    repair: (fleet) => asOwner(fleet, 'DROP FUNCTION public.one()'),
  },
  {
    name: 'a function with effects and a catalogue table that PUBLIC may use',
    inject: () => 'GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO PUBLIC; GRANT SELECT ON pg_class TO PUBLIC',
    found: () => [
      ['hardening', null, 'catalogue'],
      ['hardening', null, 'effects'],
    ],
    repair: () =>
      'REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC; REVOKE SELECT ON pg_class FROM PUBLIC',
  },
];
