import type { Roles } from '../../src/database/roles';

export interface FleetShop {
  id: string;
  slug: string;
  /** Name of schema and role. */
  schema: string;
}

export interface Fleet {
  a: FleetShop;
  b: FleetShop;
  roles: Roles;
  database: string;
  /** Somebody who owns a shop. */
  user: string;
}

/** Check, slug or id of the shop, object. */
export type Named = [check: string, shop: string | null, object: string];

export interface Fault {
  name: string;
  /** SQL of the superuser. */
  inject: (fleet: Fleet) => string;
  found: (fleet: Fleet) => Named[];
  repair: (fleet: Fleet) => string;
}

export const NOBODY = '00000000-0000-4000-8000-00000000dead';
export const NOBODYS = `shop_${NOBODY.replaceAll('-', '')}`;

const asOwner = ({ roles }: Fleet, sql: string) => `SET ROLE "${roles.owner}"; ${sql}; RESET ROLE;`;

/** A fault inside shop A, made and mended by the owner, found once. */
function inside(
  name: string,
  check: string,
  object: string,
  inject: (schema: string, fleet: Fleet) => string,
  repair: (schema: string, fleet: Fleet) => string,
  more: [check: string, object: string][] = [],
): Fault {
  return {
    name,
    inject: (fleet) => asOwner(fleet, inject(fleet.a.schema, fleet)),
    found: ({ a }) => [[check, object] as const, ...more].map(([c, o]) => [c, a.slug, o]),
    repair: (fleet) => asOwner(fleet, repair(fleet.a.schema, fleet)),
  };
}

const CREATED_BY = 'orders.orders_created_by_fkey';
const STATUS_CHECK = `CHECK (status IN ('pending', 'paid', 'fulfilled', 'cancelled'))`;

export const STRUCTURE: Fault[] = [
  inside(
    'a dropped column',
    'column-missing',
    'product_variants.barcode',
    (s) => `ALTER TABLE ${s}.product_variants DROP COLUMN barcode`,
    (s) => `ALTER TABLE ${s}.product_variants ADD COLUMN barcode text`,
  ),
  inside(
    'an extra column',
    'column-extra',
    'products.note',
    (s) => `ALTER TABLE ${s}.products ADD COLUMN note text`,
    (s) => `ALTER TABLE ${s}.products DROP COLUMN note`,
  ),
  inside(
    'a changed type',
    'column-changed',
    'order_lines.quantity',
    (s) => `ALTER TABLE ${s}.order_lines ALTER COLUMN quantity TYPE bigint`,
    (s) => `ALTER TABLE ${s}.order_lines ALTER COLUMN quantity TYPE integer`,
  ),
  inside(
    'a dropped NOT NULL',
    'column-changed',
    'products.name',
    (s) => `ALTER TABLE ${s}.products ALTER COLUMN name DROP NOT NULL`,
    (s) => `ALTER TABLE ${s}.products ALTER COLUMN name SET NOT NULL`,
  ),
  inside(
    'a dropped default',
    'column-changed',
    'products.tags',
    (s) => `ALTER TABLE ${s}.products ALTER COLUMN tags DROP DEFAULT`,
    (s) => `ALTER TABLE ${s}.products ALTER COLUMN tags SET DEFAULT '{}'`,
  ),
  inside(
    'a dropped index, which leaves its foreign key without one',
    'foreign-key-unindexed',
    CREATED_BY,
    (s) => `DROP INDEX ${s}.orders_created_by_idx`,
    (s) => `CREATE INDEX orders_created_by_idx ON ${s}.orders (created_by)`,
    [['index-missing', 'orders_created_by_idx']],
  ),
  inside(
    'an index on another column',
    'index-changed',
    'order_lines_variant_id_idx',
    (s) => `DROP INDEX ${s}.order_lines_variant_id_idx;
      CREATE INDEX order_lines_variant_id_idx ON ${s}.order_lines (variant_id, sku)`,
    (s) => `DROP INDEX ${s}.order_lines_variant_id_idx;
      CREATE INDEX order_lines_variant_id_idx ON ${s}.order_lines (variant_id)`,
  ),
  inside(
    'an extra index',
    'index-extra',
    'orders_status_idx',
    (s) => `CREATE INDEX orders_status_idx ON ${s}.orders (status)`,
    (s) => `DROP INDEX ${s}.orders_status_idx`,
  ),
  {
    name: 'an index whose build broke off',
    inject: ({ a }) =>
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${a.schema}.orders_created_by_idx'::regclass`,
    found: ({ a }) => [
      ['foreign-key-unindexed', a.slug, CREATED_BY],
      ['index-invalid', a.slug, 'orders_created_by_idx'],
    ],
    repair: ({ a }) =>
      `UPDATE pg_index SET indisvalid = true WHERE indexrelid = '${a.schema}.orders_created_by_idx'::regclass`,
  },
  inside(
    'a dropped check',
    'constraint-missing',
    'orders.orders_status_check',
    (s) => `ALTER TABLE ${s}.orders DROP CONSTRAINT orders_status_check`,
    (s) => `ALTER TABLE ${s}.orders ADD CONSTRAINT orders_status_check ${STATUS_CHECK}`,
  ),
  inside(
    'a check that was never validated',
    'constraint-not-validated',
    'orders.orders_status_check',
    (s) => `ALTER TABLE ${s}.orders DROP CONSTRAINT orders_status_check;
      ALTER TABLE ${s}.orders ADD CONSTRAINT orders_status_check ${STATUS_CHECK} NOT VALID`,
    (s) => `ALTER TABLE ${s}.orders VALIDATE CONSTRAINT orders_status_check`,
  ),
  inside(
    'a check that allows more',
    'constraint-changed',
    'members.members_role_check',
    (s) => `ALTER TABLE ${s}.members DROP CONSTRAINT members_role_check;
      ALTER TABLE ${s}.members ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'staff', 'guest'))`,
    (s) => `ALTER TABLE ${s}.members DROP CONSTRAINT members_role_check;
      ALTER TABLE ${s}.members ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'staff'))`,
  ),
  inside(
    'an extra table, with all that is on it told once',
    'table-extra',
    'notes',
    (s) => `CREATE TABLE ${s}.notes (id uuid PRIMARY KEY, text text CHECK (text <> ''))`,
    (s) => `DROP TABLE ${s}.notes`,
  ),
  inside(
    'a missing table, with all that was on it told once',
    'table-missing',
    'counters',
    (s) => `DROP TABLE ${s}.counters`,
    (s) => `CREATE TABLE ${s}.counters (
        name text NOT NULL CONSTRAINT counters_pkey PRIMARY KEY, value bigint NOT NULL);
      INSERT INTO ${s}.counters SELECT 'orders', max(number) FROM ${s}.orders`,
  ),
  inside(
    'a table that a crash empties',
    'table-changed',
    'counters',
    (s) => `ALTER TABLE ${s}.counters SET UNLOGGED`,
    (s) => `ALTER TABLE ${s}.counters SET LOGGED`,
  ),
  {
    name: 'a table of a wrong owner',
    inject: ({ a, roles }) => `ALTER TABLE ${a.schema}.orders OWNER TO "${roles.admin}"`,
    found: ({ a }) => [['wrong-owner', a.slug, 'orders']],
    repair: ({ a, roles }) => `ALTER TABLE ${a.schema}.orders OWNER TO "${roles.owner}"`,
  },
  {
    name: 'a foreign key to another shop',
    inject: (fleet) =>
      asOwner(
        fleet,
        `ALTER TABLE ${fleet.a.schema}.counters ADD COLUMN product uuid;
         ALTER TABLE ${fleet.a.schema}.counters ADD CONSTRAINT away FOREIGN KEY (product) REFERENCES ${fleet.b.schema}.products`,
      ),
    found: ({ a }) => [
      ['column-extra', a.slug, 'counters.product'],
      ['constraint-extra', a.slug, 'counters.away'],
      ['foreign-key-cross-schema', a.slug, 'counters.away'],
      ['foreign-key-unindexed', a.slug, 'counters.away'],
    ],
    repair: (fleet) => asOwner(fleet, `ALTER TABLE ${fleet.a.schema}.counters DROP COLUMN product`),
  },
  {
    name: 'a foreign key without an index in public',
    inject: (fleet) => asOwner(fleet, 'DROP INDEX public.memberships_shop_id_idx'),
    found: () => [['foreign-key-unindexed', null, 'public.memberships.memberships_shop_id_fkey']],
    repair: (fleet) => asOwner(fleet, 'CREATE INDEX memberships_shop_id_idx ON public.memberships (shop_id)'),
  },
];

export const CONSTRUCTS: Fault[] = [
  inside(
    'a trigger',
    'forbidden-trigger',
    'orders.same',
    (s) =>
      `CREATE TRIGGER same BEFORE UPDATE ON ${s}.orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    (s) => `DROP TRIGGER same ON ${s}.orders`,
  ),
  inside(
    'a rule',
    'forbidden-rule',
    'orders.quiet',
    (s) => `CREATE RULE quiet AS ON DELETE TO ${s}.orders DO INSTEAD NOTHING`,
    (s) => `DROP RULE quiet ON ${s}.orders`,
  ),
  inside(
    'a row policy',
    'forbidden-policy',
    'orders.everybody',
    (s) => `CREATE POLICY everybody ON ${s}.orders USING (true)`,
    (s) => `DROP POLICY everybody ON ${s}.orders`,
  ),
  inside(
    'an enum type',
    'forbidden-enum',
    'mood',
    (s) => `CREATE TYPE ${s}.mood AS ENUM ('good', 'bad')`,
    (s) => `DROP TYPE ${s}.mood`,
  ),
  inside(
    'a domain',
    'forbidden-object',
    'short',
    (s) => `CREATE DOMAIN ${s}.short AS text CHECK (length(value) < 9)`,
    (s) => `DROP DOMAIN ${s}.short`,
  ),
  inside(
    'a composite type',
    'forbidden-object',
    'pair',
    (s) => `CREATE TYPE ${s}.pair AS (a int, b int)`,
    (s) => `DROP TYPE ${s}.pair`,
  ),
  inside(
    'a sequence',
    'forbidden-sequence',
    'numbers',
    (s) => `CREATE SEQUENCE ${s}.numbers`,
    (s) => `DROP SEQUENCE ${s}.numbers`,
  ),
  inside(
    'an identity column',
    'column-extra',
    'counters.id',
    (s) => `ALTER TABLE ${s}.counters ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY`,
    (s) => `ALTER TABLE ${s}.counters DROP COLUMN id`,
    [
      ['forbidden-identity', 'counters.id'],
      ['forbidden-sequence', 'counters_id_seq'],
    ],
  ),
  inside(
    'a view',
    'forbidden-view',
    'everything',
    (s) => `CREATE VIEW ${s}.everything AS SELECT 1 AS one; REVOKE ALL ON ${s}.everything FROM ${s}`,
    (s) => `DROP VIEW ${s}.everything`,
  ),
  inside(
    'a function',
    'forbidden-function',
    'one()',
    (s) => `CREATE FUNCTION ${s}.one() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    (s) => `DROP FUNCTION ${s}.one()`,
  ),
  inside(
    "a function with its owner's rights",
    'forbidden-security-definer',
    'peek(text)',
    (s) => `CREATE FUNCTION ${s}.peek(text) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
    (s) => `DROP FUNCTION ${s}.peek(text)`,
  ),
  inside(
    'a table that inherits',
    'forbidden-inheritance',
    'old_orders',
    (s) => `CREATE TABLE ${s}.old_orders () INHERITS (${s}.orders)`,
    (s) => `DROP TABLE ${s}.old_orders`,
    [['table-extra', 'old_orders']],
  ),
];

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
    name: 'a schema open to the tenant login itself',
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
    name: 'a right to make tables',
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
      ['hardening', null, database],
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
    name: 'a function in public that anybody may call',
    inject: (fleet) =>
      asOwner(
        fleet,
        `CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION public.one TO PUBLIC`,
      ),
    found: () => [['public-function', null, 'public.one()']],
    repair: (fleet) => asOwner(fleet, 'DROP FUNCTION public.one()'),
  },
];

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
    name: 'a function with effects and a catalogue table given to everybody',
    inject: () => 'GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO PUBLIC; GRANT SELECT ON pg_class TO PUBLIC',
    found: () => [
      ['hardening', null, 'pg_catalog.pg_class'],
      ['hardening', null, 'pg_sleep(double precision)'],
    ],
    repair: () =>
      'REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC; REVOKE SELECT ON pg_class FROM PUBLIC',
  },
  {
    name: 'a public login that may make roles and pass row security',
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
    name: 'a tenant login that may hand a shop on',
    inject: ({ a, roles }) =>
      `SET ROLE "${roles.admin}"; GRANT ${a.schema} TO "${roles.tenant}" WITH ADMIN OPTION`,
    found: ({ a, roles }) => [['shop-role-member', a.slug, `${roles.tenant} in ${a.schema}`]],
    repair: ({ a, roles }) =>
      `SET ROLE "${roles.admin}"; REVOKE ADMIN OPTION FOR ${a.schema} FROM "${roles.tenant}"`,
  },
  {
    name: 'a shop that the tenant login may not become',
    inject: (fleet) =>
      `SET ROLE "${fleet.roles.admin}"; REVOKE ${fleet.a.schema} FROM "${fleet.roles.tenant}"`,
    found: ({ a }) => [['shop-role-not-granted', a.slug, a.schema]],
    repair: (fleet) => `SET ROLE "${fleet.roles.admin}"; GRANT ${fleet.a.schema} TO "${fleet.roles.tenant}"`,
  },
  {
    name: 'a tenant login with a path',
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
    name: 'a password that is no SCRAM verifier',
    inject: ({ roles }) =>
      `UPDATE pg_authid SET rolpassword = 'md5' || rolpassword WHERE rolname = '${roles.public}'`,
    found: ({ roles }) => [['login-password', null, roles.public]],
    repair: ({ roles }) =>
      `UPDATE pg_authid SET rolpassword = substr(rolpassword, 4) WHERE rolname = '${roles.public}'`,
  },
];

export const RECORDS: Fault[] = [
  {
    name: 'a schema that lost its version row',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM ${a.schema}.schema_migrations;
      DELETE FROM ${a.schema}.schema_migrations`,
    found: ({ a }) => [['version-row-missing', a.slug, 'schema_migrations']],
    repair: ({ a }) =>
      `INSERT INTO ${a.schema}.schema_migrations SELECT * FROM public.kept; DROP TABLE public.kept`,
  },
  {
    name: 'a shop that is behind, without comparing its structure',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM ${a.schema}.schema_migrations;
      DELETE FROM ${a.schema}.schema_migrations; UPDATE public.tenants SET version = 0 WHERE shop_id = '${a.id}';
      ALTER TABLE ${a.schema}.products DROP COLUMN vendor`,
    found: ({ a }) => [['version-behind', a.slug, 'schema_migrations']],
    repair: ({
      a,
    }) => `INSERT INTO ${a.schema}.schema_migrations SELECT * FROM public.kept; DROP TABLE public.kept;
      UPDATE public.tenants SET version = (SELECT max(version) FROM ${a.schema}.schema_migrations)
      WHERE shop_id = '${a.id}'; ALTER TABLE ${a.schema}.products ADD COLUMN vendor text NOT NULL DEFAULT ''`,
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
    name: 'an index that says another version',
    inject: ({ a }) => `UPDATE public.tenants SET version = 1 WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['version-index', a.slug, 'public.tenants']],
    repair: ({
      a,
    }) => `UPDATE public.tenants SET version = (SELECT max(version) FROM ${a.schema}.schema_migrations)
      WHERE shop_id = '${a.id}'`,
  },
  {
    name: 'a migration that failed',
    inject: ({ a }) => `UPDATE public.tenants SET last_error = 'no' WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['migration-failed', a.slug, 'public.tenants']],
    repair: ({ a }) => `UPDATE public.tenants SET last_error = NULL WHERE shop_id = '${a.id}'`,
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
      `CREATE ROLE ${NOBODYS}; CREATE SCHEMA ${NOBODYS} AUTHORIZATION "${fleet.roles.owner}"`,
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
    repair: () => `DELETE FROM public.tenants WHERE shop_id = '${NOBODY}';
      DELETE FROM public.shops WHERE id = '${NOBODY}'`,
  },
  {
    name: 'a shop that the index of tenants does not know',
    inject: ({ a }) => `CREATE TABLE public.kept AS SELECT * FROM public.tenants WHERE shop_id = '${a.id}';
      DELETE FROM public.tenants WHERE shop_id = '${a.id}'`,
    found: ({ a }) => [['shop-without-tenant', a.slug, 'public.tenants']],
    repair: () => 'INSERT INTO public.tenants SELECT * FROM public.kept; DROP TABLE public.kept',
  },
  {
    name: 'a role left over by a shop that is gone',
    inject: ({ roles }) => `CREATE ROLE ${NOBODYS}; GRANT ${NOBODYS} TO "${roles.tenant}"`,
    found: () => [['leftover-role', null, NOBODYS]],
    repair: () => `DROP ROLE ${NOBODYS}`,
  },
  {
    name: 'a role left over that nobody holds',
    inject: () => `CREATE ROLE ${NOBODYS}`,
    found: () => [['leftover-role', null, NOBODYS]],
    repair: () => `DROP ROLE ${NOBODYS}`,
  },
  {
    name: 'a member that the shop does not know',
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
    name: 'a server that may lose what it answered',
    inject: ({ database }) => `ALTER DATABASE "${database}" SET synchronous_commit = off`,
    found: () => [['server-setting', null, 'synchronous_commit']],
    repair: ({ database }) => `ALTER DATABASE "${database}" RESET synchronous_commit`,
  },
];
