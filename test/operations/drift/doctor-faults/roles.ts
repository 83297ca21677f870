import { asCreator, type Fault } from './fault';

export const ROLES: Fault[] = [
  {
    name: "a shop's role that may log in",
    inject: ({ a }) => `ALTER ROLE ${a.schema} LOGIN`,
    found: ({ a }) => [['role-attributes', a.slug, a.schema]],
    repair: ({ a }) => `ALTER ROLE ${a.schema} NOLOGIN`,
  },
  {
    name: 'a tenant login that inherits',
    inject: ({ roles }) => `ALTER ROLE "${roles.tenant}" INHERIT`,
    found: ({ roles }) => [['role-attributes', null, roles.tenant]],
    repair: ({ roles }) => `ALTER ROLE "${roles.tenant}" NOINHERIT`,
  },
  {
    name: 'a public login that may create roles and bypass row security',
    inject: ({ roles }) => `ALTER ROLE "${roles.public}" CREATEROLE BYPASSRLS`,
    found: ({ roles }) => [['role-attributes', null, roles.public]],
    repair: ({ roles }) => `ALTER ROLE "${roles.public}" NOCREATEROLE NOBYPASSRLS`,
  },
  {
    name: 'a tenant login that may become the owner',
    inject: ({ roles }) => `GRANT "${roles.owner}" TO "${roles.tenant}"`,
    found: ({ roles }) => [['engine-role-member', null, `${roles.tenant} in ${roles.owner}`]],
    repair: ({ roles }) => `REVOKE "${roles.owner}" FROM "${roles.tenant}"`,
  },
  {
    name: 'a public login that may read everything',
    inject: ({ roles }) => `GRANT pg_read_all_data TO "${roles.public}"`,
    found: ({ roles }) => [['engine-role-member', null, `${roles.public} in pg_read_all_data`]],
    repair: ({ roles }) => `REVOKE pg_read_all_data FROM "${roles.public}"`,
  },
  {
    name: 'a public login that may become a shop',
    inject: ({ a, roles }) => `GRANT ${a.schema} TO "${roles.public}"`,
    found: ({ a, roles }) => [['shop-role-member', a.slug, `${roles.public} in ${a.schema}`]],
    repair: ({ a, roles }) => `REVOKE ${a.schema} FROM "${roles.public}"`,
  },
  {
    name: 'a shop that may become another',
    inject: ({ a, b }) => `GRANT ${a.schema} TO ${b.schema}`,
    found: ({ a, b }) => [['shop-role-member', a.slug, `${b.schema} in ${a.schema}`]],
    repair: ({ a, b }) => `REVOKE ${a.schema} FROM ${b.schema}`,
  },
  {
    name: 'a tenant login that may grant the role of a shop',
    inject: (fleet) =>
      asCreator(fleet, `GRANT ${fleet.a.schema} TO "${fleet.roles.tenant}" WITH ADMIN OPTION`),
    found: ({ a, roles }) => [['shop-role-member', a.slug, `${roles.tenant} in ${a.schema}`]],
    repair: (fleet) =>
      asCreator(fleet, `REVOKE ADMIN OPTION FOR ${fleet.a.schema} FROM "${fleet.roles.tenant}"`),
  },
  {
    name: 'a shop that the tenant login may not become',
    inject: (fleet) => asCreator(fleet, `REVOKE ${fleet.a.schema} FROM "${fleet.roles.tenant}"`),
    found: ({ a }) => [['shop-role-not-granted', a.slug, a.schema]],
    repair: (fleet) => asCreator(fleet, `GRANT ${fleet.a.schema} TO "${fleet.roles.tenant}"`),
  },
  {
    name: 'a role creator that may log in, and that the public login may become',
    inject: ({ roles }) => `CREATE ROLE "${roles.admin}_creator_99" LOGIN CREATEROLE IN ROLE "${roles.owner}";
      GRANT "${roles.admin}_creator_99" TO "${roles.public}"`,
    found: ({ roles }) => [
      ['engine-role-member', null, `${roles.admin}_creator_99 in ${roles.owner}`],
      ['engine-role-member', null, `${roles.public} in ${roles.admin}_creator_99`],
      ['role-attributes', null, `${roles.admin}_creator_99`],
    ],
    repair: ({ roles }) => `DROP ROLE "${roles.admin}_creator_99"`,
  },
  {
    name: 'a tenant login with a search path',
    inject: ({ roles }) => `ALTER ROLE "${roles.tenant}" SET search_path = public`,
    found: ({ roles }) => [['login-settings', null, `${roles.tenant} search_path`]],
    repair: ({ roles }) => `ALTER ROLE "${roles.tenant}" SET search_path = ''`,
  },
  {
    name: 'a public login without a time limit',
    inject: ({ roles }) => `ALTER ROLE "${roles.public}" RESET statement_timeout`,
    found: ({ roles }) => [['login-settings', null, `${roles.public} statement_timeout`]],
    repair: ({ roles }) => `ALTER ROLE "${roles.public}" SET statement_timeout = '15s'`,
  },
  {
    name: 'a password that is not a SCRAM verifier',
    inject: ({ roles }) =>
      `UPDATE pg_authid SET rolpassword = 'md5' || rolpassword WHERE rolname = '${roles.public}'`,
    found: ({ roles }) => [['login-password', null, roles.public]],
    repair: ({ roles }) =>
      `UPDATE pg_authid SET rolpassword = substr(rolpassword, 4) WHERE rolname = '${roles.public}'`,
  },
];
