import { asOwner, type Fault, type Fleet, type FleetShop } from './doctor-faults/fault';

/** A fault in shop A that doctor's tests do not have. The script repairs it, so it has no repair of its own. */
export type Drifted = Omit<Fault, 'repair'>;

type Found = [check: string, object: string][];

function drifted(name: string, inject: (s: string, fleet: Fleet) => string, found: Found): Drifted {
  return {
    name,
    inject: (fleet) => asOwner(fleet, inject(fleet.a.schema, fleet)),
    found: ({ a }) => found.map(([check, object]) => [check, a.slug, object]),
  };
}

function bySuperuser(
  name: string,
  inject: (shop: FleetShop, fleet: Fleet) => string,
  found: (fleet: Fleet) => Found,
): Drifted {
  return {
    name,
    inject: (fleet) => inject(fleet.a, fleet),
    found: (fleet) => found(fleet).map(([check, object]) => [check, fleet.a.slug, object]),
  };
}

const STRUCTURE: Drifted[] = [
  drifted('a collation', (s) => `ALTER TABLE ${s}.products ALTER vendor TYPE text COLLATE "C"`, [
    ['column-changed', 'products.vendor'],
  ]),
  drifted(
    'a generated column in place of a plain one',
    (s) => `ALTER TABLE ${s}.product_variants DROP COLUMN grams;
      ALTER TABLE ${s}.product_variants ADD COLUMN grams integer GENERATED ALWAYS AS (0) STORED NOT NULL`,
    [
      ['column-changed', 'product_variants.grams'],
      ['constraint-missing', 'product_variants.product_variants_grams_check'],
    ],
  ),
  drifted('a missing column that is NOT NULL', (s) => `ALTER TABLE ${s}.order_lines DROP COLUMN name`, [
    ['column-missing', 'order_lines.name'],
  ]),
  drifted('a renamed column', (s) => `ALTER TABLE ${s}.products RENAME COLUMN vendor TO maker`, [
    ['column-extra', 'products.maker'],
    ['column-missing', 'products.vendor'],
    ['index-changed', 'products_search_idx'],
  ]),
  drifted(
    'a column that was made NOT NULL and short',
    (s) => `ALTER TABLE ${s}.product_variants ALTER barcode SET NOT NULL, ALTER barcode SET DEFAULT 'none',
      ALTER barcode TYPE varchar(9)`,
    [
      ['column-changed', 'product_variants.barcode'],
      ['index-changed', 'product_variants_codes_idx'],
    ],
  ),
  drifted(
    'row security',
    (s) => `ALTER TABLE ${s}.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    [['table-changed', 'orders']],
  ),
  drifted('a storage option', (s) => `ALTER TABLE ${s}.orders SET (fillfactor = 70)`, [
    ['table-changed', 'orders'],
  ]),
  drifted(
    'a missing key and the foreign key that refers to it',
    (s) => `ALTER TABLE ${s}.orders DROP CONSTRAINT orders_pkey CASCADE`,
    [
      ['constraint-missing', 'order_events.order_events_order_id_fkey'],
      ['constraint-missing', 'order_lines.order_lines_order_id_fkey'],
      ['constraint-missing', 'orders.orders_pkey'],
    ],
  ),
  drifted(
    'a renamed key that another table needs',
    (s) => `ALTER INDEX ${s}.products_pkey RENAME TO products_key`,
    [
      ['constraint-extra', 'products.products_key'],
      ['constraint-missing', 'products.products_pkey'],
    ],
  ),
  drifted(
    'another key of the same name, which a foreign key needs',
    (s) => `ALTER TABLE ${s}.orders DROP CONSTRAINT orders_pkey CASCADE;
      ALTER TABLE ${s}.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id) INCLUDE (number);
      ALTER TABLE ${s}.order_lines ADD CONSTRAINT order_lines_order_id_fkey
        FOREIGN KEY (order_id) REFERENCES ${s}.orders (id) ON DELETE CASCADE;
      ALTER TABLE ${s}.order_events ADD CONSTRAINT order_events_order_id_fkey
        FOREIGN KEY (order_id) REFERENCES ${s}.orders (id) ON DELETE CASCADE`,
    [['constraint-changed', 'orders.orders_pkey']],
  ),
  drifted('a missing table that others refer to', (s) => `DROP TABLE ${s}.members CASCADE`, [
    ['constraint-missing', 'orders.orders_created_by_fkey'],
    ['table-missing', 'members'],
  ]),
  drifted('a missing version table', (s) => `DROP TABLE ${s}.schema_migrations`, [
    ['table-missing', 'schema_migrations'],
  ]),
  bySuperuser(
    'an invalid index of a key',
    ({ schema }) =>
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${schema}.products_handle_key'::regclass`,
    () => [['index-invalid', 'products_handle_key']],
  ),
  drifted('a check for new rows only', (s) => `ALTER TABLE ${s}.orders ADD CHECK (number > 0) NOT VALID`, [
    ['constraint-not-validated', 'orders.orders_number_check'],
  ]),
  drifted(
    'names that need quoting',
    (s) => `CREATE TABLE ${s}."A ""b"".c" ("D\n; SELECT 1/0" int);
      ALTER TABLE ${s}.orders ADD COLUMN "x\n; SELECT 1/0; --" int;
      CREATE VIEW ${s}."v\n; SELECT 1/0" AS SELECT 1 AS one; REVOKE ALL ON ${s}."v\n; SELECT 1/0" FROM ${s}`,
    [
      ['column-extra', 'orders.x\n; SELECT 1/0; --'],
      ['forbidden-view', 'v\n; SELECT 1/0'],
      ['table-extra', 'A "b".c'],
    ],
  ),
];

const CONSTRUCTS: Drifted[] = [
  drifted('a serial column', (s) => `ALTER TABLE ${s}.orders ADD COLUMN counted serial`, [
    ['column-extra', 'orders.counted'],
    ['forbidden-sequence', 'orders_counted_seq'],
  ]),
  drifted(
    'an identity on a column that belongs there',
    (s) => `ALTER TABLE ${s}.counters ALTER value ADD GENERATED ALWAYS AS IDENTITY`,
    [
      ['forbidden-identity', 'counters.value'],
      ['forbidden-sequence', 'counters_value_seq'],
    ],
  ),
  drifted(
    'a function as a default',
    (s) => `CREATE FUNCTION ${s}.weight() RETURNS int LANGUAGE sql AS 'SELECT 1';
      ALTER TABLE ${s}.product_variants ALTER grams SET DEFAULT ${s}.weight()`,
    [
      ['column-changed', 'product_variants.grams'],
      ['forbidden-function', 'weight()'],
    ],
  ),
  drifted(
    'a column that became an enum',
    (s) => `CREATE TYPE ${s}.state AS ENUM ('sale', 'return', 'adjustment');
      ALTER TABLE ${s}.orders DROP CONSTRAINT orders_kind_check, ALTER kind DROP DEFAULT;
      ALTER TABLE ${s}.orders ALTER kind TYPE ${s}.state USING kind::${s}.state`,
    [
      ['column-changed', 'orders.kind'],
      ['constraint-missing', 'orders.orders_kind_check'],
      ['forbidden-enum', 'state'],
    ],
  ),
  drifted(
    'views on views, and on a column that changed',
    (s) => `ALTER TABLE ${s}.orders ALTER customer_name TYPE varchar(80);
      CREATE VIEW ${s}.names AS SELECT customer_name FROM ${s}.orders;
      CREATE MATERIALIZED VIEW ${s}.kept AS SELECT * FROM ${s}.names;
      REVOKE ALL ON ${s}.names, ${s}.kept FROM ${s}`,
    [
      ['column-changed', 'orders.customer_name'],
      ['forbidden-view', 'kept'],
      ['forbidden-view', 'names'],
    ],
  ),
  drifted(
    'a trigger with its function',
    (s) => `CREATE FUNCTION ${s}.stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER stop BEFORE INSERT ON ${s}.orders FOR EACH ROW EXECUTE FUNCTION ${s}.stop()`,
    [
      ['forbidden-function', 'stop()'],
      ['forbidden-trigger', 'orders.stop'],
    ],
  ),
  drifted(
    'a table that was made to inherit',
    (s) => `CREATE TABLE ${s}.parent (name text); ALTER TABLE ${s}.counters INHERIT ${s}.parent`,
    [
      ['forbidden-inheritance', 'counters'],
      ['table-extra', 'parent'],
    ],
  ),
  drifted(
    'a partitioned table',
    (s) => `CREATE TABLE ${s}.log (at date) PARTITION BY RANGE (at);
      CREATE TABLE ${s}.log_old PARTITION OF ${s}.log DEFAULT`,
    [
      ['forbidden-inheritance', 'log'],
      ['forbidden-inheritance', 'log_old'],
      ['table-extra', 'log'],
      ['table-extra', 'log_old'],
    ],
  ),
  drifted('statistics', (s) => `CREATE STATISTICS ${s}.together ON name, vendor FROM ${s}.products`, [
    ['forbidden-object', 'together'],
  ]),
  drifted('a collation of its own', (s) => `CREATE COLLATION ${s}.plain FROM "C"`, [
    ['forbidden-object', 'plain'],
  ]),
];

const RIGHTS: Drifted[] = [
  bySuperuser(
    'a right that was granted on',
    ({ schema }, { b }) => `GRANT SELECT ON ${schema}.orders TO ${schema} WITH GRANT OPTION;
      GRANT USAGE ON SCHEMA ${schema} TO ${schema} WITH GRANT OPTION;
      SET ROLE ${schema}; GRANT SELECT ON ${schema}.orders TO ${b.schema}; RESET ROLE`,
    () => [
      ['foreign-grant', 'orders'],
      ['tenant-rights', 'orders'],
      ['tenant-rights', 'schema'],
    ],
  ),
  bySuperuser(
    'rights that another role granted to the shop',
    ({ schema }, { b }) => `GRANT USAGE ON SCHEMA ${schema} TO ${b.schema};
      GRANT ALL ON ${schema}.orders TO ${b.schema} WITH GRANT OPTION; REVOKE ALL ON ${schema}.orders FROM ${schema};
      SET ROLE ${b.schema}; GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.orders TO ${schema}; RESET ROLE`,
    () => [
      ['foreign-grant', 'orders'],
      ['foreign-grant', 'schema'],
    ],
  ),
  bySuperuser(
    'default privileges of the admin login, and those of the owner for PUBLIC',
    ({ schema }, { roles }) =>
      `ALTER DEFAULT PRIVILEGES FOR ROLE "${roles.admin}" IN SCHEMA ${schema} GRANT SELECT ON TABLES TO "${roles.public}";
       ALTER DEFAULT PRIVILEGES FOR ROLE "${roles.owner}" IN SCHEMA ${schema} GRANT USAGE ON TYPES TO ${schema};
       ALTER DEFAULT PRIVILEGES FOR ROLE "${roles.owner}" IN SCHEMA ${schema} GRANT SELECT ON TABLES TO PUBLIC`,
    ({ roles }) => [
      ['default-privileges', `new objects of ${roles.owner}`],
      ['foreign-grant', `new tables of ${roles.admin}`],
      ['public-grant', `new tables of ${roles.owner}`],
    ],
  ),
  bySuperuser(
    'a schema of a wrong owner',
    ({ schema }, { roles }) => `ALTER SCHEMA ${schema} OWNER TO "${roles.admin}"`,
    () => [['wrong-owner', 'schema']],
  ),
];

export const DRIFTED: Drifted[] = [...STRUCTURE, ...CONSTRUCTS, ...RIGHTS];
