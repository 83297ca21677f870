import { asOwner, type Fault, inside } from './fault';

const CREATED_BY = 'orders.orders_created_by_fkey';
const STATUS_CHECK = `CHECK (status IN ('pending', 'paid', 'fulfilled', 'cancelled'))`;

export const STRUCTURE: Fault[] = [
  inside(
    'a dropped column',
    'column-missing',
    'product_variants.image_src',
    (s) => `ALTER TABLE ${s}.product_variants DROP COLUMN image_src`,
    (s) => `ALTER TABLE ${s}.product_variants ADD COLUMN image_src text`,
  ),
  inside(
    'a dropped column that a check of rows reads',
    'column-missing',
    'stock_changes.change',
    (s) => `ALTER TABLE ${s}.stock_changes RENAME change TO hidden`,
    (s) => `ALTER TABLE ${s}.stock_changes RENAME hidden TO change`,
    [
      ['column-extra', 'stock_changes.hidden'],
      ['constraint-changed', 'stock_changes.stock_changes_change_check'],
    ],
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
    'orders_extra_idx',
    (s) => `CREATE INDEX orders_extra_idx ON ${s}.orders (status)`,
    (s) => `DROP INDEX ${s}.orders_extra_idx`,
  ),
  {
    name: 'an index whose build failed',
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
      ALTER TABLE ${s}.members ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'admin', 'staff', 'read_only', 'guest'))`,
    (s) => `ALTER TABLE ${s}.members DROP CONSTRAINT members_role_check;
      ALTER TABLE ${s}.members ADD CONSTRAINT members_role_check CHECK (role IN ('owner', 'admin', 'staff', 'read_only'))`,
  ),
  inside(
    'an extra table, without what belongs to it',
    'table-extra',
    'notes',
    (s) => `CREATE TABLE ${s}.notes (id uuid PRIMARY KEY, text text CHECK (text <> ''))`,
    (s) => `DROP TABLE ${s}.notes`,
  ),
  inside(
    'a missing table, without what belongs to it',
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
  inside(
    'row security that binds the owner',
    'table-changed',
    'products',
    (s) => `ALTER TABLE ${s}.products FORCE ROW LEVEL SECURITY`,
    (s) => `ALTER TABLE ${s}.products NO FORCE ROW LEVEL SECURITY`,
  ),
  {
    name: 'foreign keys that PostgreSQL does not check',
    inject: ({ a }) => `ALTER TABLE ${a.schema}.order_lines DISABLE TRIGGER ALL`,
    found: ({ a }) => [['table-changed', a.slug, 'order_lines']],
    repair: ({ a }) => `ALTER TABLE ${a.schema}.order_lines ENABLE TRIGGER ALL`,
  },
  {
    name: 'a table of a wrong owner',
    inject: ({ a, roles }) => `ALTER TABLE ${a.schema}.orders OWNER TO "${roles.admin}"`,
    found: ({ a }) => [['wrong-owner', a.slug, 'orders']],
    repair: ({ a, roles }) => `ALTER TABLE ${a.schema}.orders OWNER TO "${roles.owner}"`,
  },
  {
    name: 'a public table of a wrong owner',
    inject: ({ roles }) => `ALTER TABLE public.audit_log OWNER TO "${roles.admin}"`,
    found: () => [['wrong-owner', null, 'public.audit_log']],
    repair: ({ roles }) => `ALTER TABLE public.audit_log OWNER TO "${roles.owner}"`,
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
