import { CASE_VERSION, FIRST_VERSION, type LintCases, SUPPLIERS } from './lint-case';

const backfill = { table: 'products', key: 'id', rows: 500 };

/** Cases in which nothing is found. docs/migrations.md refers to them by name. */
export const ACCEPTED: LintCases = {
  'backfill-delete': {
    backfill: { table: 'products', key: 'id' },
    up: `DELETE FROM products WHERE status = 'draft' AND updated_at < '2020-01-01' AND {batch}`,
  },
  'backfill-insert': [
    {
      up: `CREATE TABLE vendors (name text NOT NULL CONSTRAINT vendors_pkey PRIMARY KEY)`,
      down: `DROP TABLE vendors`,
    },
    {
      backfill: { table: 'products', key: 'id' },
      up: `INSERT INTO vendors (name) SELECT DISTINCT p.vendor FROM products p WHERE p.vendor <> '' AND {batch} ON CONFLICT (name) DO NOTHING`,
    },
  ],
  'backfill-update': [
    { up: `ALTER TABLE products ADD COLUMN brand text`, down: `ALTER TABLE products DROP COLUMN brand` },
    { backfill, up: `UPDATE products SET brand = vendor WHERE brand IS NULL AND {batch}` },
  ],
  'backfill-with': [
    {
      up: `ALTER TABLE orders ADD COLUMN line_count integer`,
      down: `ALTER TABLE orders DROP COLUMN line_count`,
    },
    {
      backfill: { table: 'orders', key: 'id', rows: 200 },
      up: `WITH counted AS (
        SELECT id, (SELECT count(*) FROM order_lines WHERE order_id = orders.id) AS lines
        FROM orders WHERE {batch}
      )
      UPDATE orders SET line_count = counted.lines FROM counted WHERE orders.id = counted.id`,
    },
  ],
  'built-in-names': {
    up: `ALTER TABLE orders ADD COLUMN paid_on pg_catalog.date DEFAULT pg_catalog.now(), ADD COLUMN note varchar(200) COLLATE pg_catalog."C"`,
    down: `ALTER TABLE orders DROP COLUMN paid_on, DROP COLUMN note`,
  },
  code: {
    looksAtData: true,
    up: async (runner) => {
      const rows: unknown = await runner.query(`SELECT id FROM products WHERE vendor = '' LIMIT 1`);
      if (Array.isArray(rows) && rows.length > 0)
        await runner.query(`ALTER TABLE products ADD COLUMN vendor_note text`);
      await runner.query(`UPDATE products SET vendor = 'none' WHERE vendor = ''`);
    },
  },
  'column-with-constant': {
    up: `ALTER TABLE products ADD COLUMN is_gift boolean NOT NULL DEFAULT false, ADD COLUMN meta jsonb NOT NULL DEFAULT '{}'::jsonb`,
    down: `ALTER TABLE products DROP COLUMN is_gift, DROP COLUMN meta`,
  },
  'column-with-steady-default': {
    up: [
      `ALTER TABLE products ADD COLUMN listed_at timestamptz NOT NULL DEFAULT now()`,
      `ALTER TABLE products ADD COLUMN listed_on date NOT NULL DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'utc')::date`,
    ],
    down: `ALTER TABLE products DROP COLUMN listed_at, DROP COLUMN listed_on`,
  },
  'concurrent-index': [
    {
      transaction: false,
      up: [
        `CREATE INDEX CONCURRENTLY IF NOT EXISTS products_vendor_idx ON products (vendor)`,
        `REINDEX INDEX CONCURRENTLY products_vendor_idx`,
      ],
      down: `DROP INDEX CONCURRENTLY products_vendor_idx`,
    },
    {
      transaction: false,
      up: `DROP INDEX CONCURRENTLY orders_created_by_idx`,
      down: `CREATE INDEX CONCURRENTLY orders_created_by_idx ON orders (created_by)`,
    },
  ],
  contract: {
    contract: { since: FIRST_VERSION },
    up: [
      `DROP TABLE counters`,
      `ALTER TABLE products DROP COLUMN type, ALTER COLUMN vendor DROP DEFAULT`,
      `ALTER TABLE products RENAME COLUMN images TO pictures`,
      `ALTER TABLE product_variants ALTER COLUMN grams TYPE bigint`,
      `ALTER TABLE product_variants ADD CONSTRAINT product_variants_light_check CHECK (grams < 1000000) NOT VALID`,
    ],
    down: [
      `ALTER TABLE product_variants DROP CONSTRAINT product_variants_light_check`,
      `ALTER TABLE product_variants ALTER COLUMN grams TYPE integer`,
      `ALTER TABLE products RENAME COLUMN pictures TO images`,
      `ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT '', ALTER COLUMN vendor SET DEFAULT ''`,
      `CREATE TABLE counters (name text NOT NULL CONSTRAINT counters_pkey PRIMARY KEY, value bigint NOT NULL)`,
    ],
  },
  'contract-backfill': {
    backfill: { table: 'products', key: 'id' },
    contract: { since: FIRST_VERSION },
    up: `DELETE FROM products WHERE status = 'draft' AND {batch}`,
  },
  'contract-online': {
    transaction: false,
    contract: { since: FIRST_VERSION },
    up: `DROP INDEX CONCURRENTLY orders_created_by_idx`,
    down: `CREATE INDEX CONCURRENTLY orders_created_by_idx ON orders (created_by)`,
  },
  'contract-tightens': [
    {
      up: `CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text CONSTRAINT suppliers_name_set CHECK (name IS NOT NULL),
        initials text GENERATED ALWAYS AS (left(name, 2)) STORED
      )`,
      down: `DROP TABLE suppliers`,
    },
    {
      up: `ALTER TABLE suppliers ADD CONSTRAINT suppliers_name_check CHECK (name <> '') NOT VALID`,
      down: `ALTER TABLE suppliers DROP CONSTRAINT suppliers_name_check`,
    },
    {
      transaction: false,
      contract: { since: CASE_VERSION },
      up: `ALTER TABLE suppliers VALIDATE CONSTRAINT suppliers_name_check`,
    },
    {
      contract: { since: CASE_VERSION },
      up: `ALTER TABLE suppliers ALTER COLUMN name SET NOT NULL, ALTER COLUMN initials DROP EXPRESSION`,
      down: `ALTER TABLE suppliers ALTER COLUMN name DROP NOT NULL`,
    },
  ],
  'contract-truncate': {
    contract: { since: FIRST_VERSION },
    up: [
      `TRUNCATE counters`,
      `COMMENT ON TABLE counters IS 'emptied'`,
      `ALTER TABLE products DROP CONSTRAINT products_status_check`,
      `ALTER TABLE order_lines ALTER CONSTRAINT order_lines_variant_id_fkey DEFERRABLE`,
      `COMMENT ON CONSTRAINT products_handle_key ON products IS 'the address of its page'`,
    ],
    down: [
      `ALTER TABLE products ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived')) NOT VALID`,
      `ALTER TABLE order_lines ALTER CONSTRAINT order_lines_variant_id_fkey NOT DEFERRABLE`,
    ],
  },
  'foreign-key-in-two-steps': [
    {
      up: `ALTER TABLE order_lines ADD CONSTRAINT order_lines_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID`,
      down: `ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey`,
    },
    { transaction: false, up: `ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_product_id_fkey` },
  ],
  'foreign-key-of-added-column': {
    up: `ALTER TABLE products ADD COLUMN owner_id uuid CONSTRAINT products_owner_id_fkey REFERENCES members (user_id)`,
    down: `ALTER TABLE products DROP COLUMN owner_id`,
  },
  'index-allowed': {
    allow: { 'index-not-concurrent': 'counters has a handful of rows in every shop' },
    up: `CREATE INDEX counters_value_idx ON counters (value)`,
    down: `DROP INDEX counters_value_idx`,
  },
  'new-table': {
    up: [
      `CREATE TABLE suppliers (
        id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text COLLATE "C" NOT NULL,
        email text CONSTRAINT suppliers_email_key UNIQUE,
        initials text GENERATED ALWAYS AS (upper(left(name, 2))) STORED,
        created_by uuid NOT NULL CONSTRAINT suppliers_created_by_fkey REFERENCES members (user_id),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT suppliers_name_check CHECK (name <> '')
      )`,
      `CREATE INDEX suppliers_name_idx ON suppliers (name)`,
      `COMMENT ON COLUMN suppliers.initials IS 'for the label'`,
    ],
    down: `DROP TABLE suppliers`,
  },
  'new-table-changed-at-once': {
    up: [
      SUPPLIERS,
      `ALTER TABLE suppliers ADD COLUMN code text NOT NULL`,
      `ALTER TABLE suppliers ADD COLUMN token uuid DEFAULT gen_random_uuid()`,
      `ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_check CHECK (code <> '')`,
      `ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_key UNIQUE (code)`,
      `ALTER TABLE suppliers ALTER COLUMN token SET NOT NULL`,
      `ALTER TABLE suppliers ALTER COLUMN code TYPE varchar(20)`,
      `ALTER TABLE suppliers RENAME COLUMN token TO key`,
      `ALTER TABLE suppliers RENAME TO vendors`,
      `ALTER TABLE vendors DROP COLUMN key`,
      `INSERT INTO vendors (id, name, code) SELECT gen_random_uuid(), 'House', 'house' FROM generate_series(1, 1)`,
      `UPDATE vendors SET name = 'The house' WHERE code = 'house'`,
    ],
    down: `DROP TABLE vendors`,
  },
  'not-null-checked-from-the-start': [
    {
      up: `CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text CONSTRAINT suppliers_name_set CHECK (name IS NOT NULL)
      )`,
      down: `DROP TABLE suppliers`,
    },
    {
      up: `ALTER TABLE suppliers ALTER COLUMN name SET NOT NULL`,
      down: `ALTER TABLE suppliers ALTER COLUMN name DROP NOT NULL`,
    },
  ],
  'not-null-in-four-steps': [
    {
      up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
    },
    { transaction: false, up: `ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set` },
    {
      up: `ALTER TABLE product_variants ALTER COLUMN sku SET NOT NULL`,
      down: `ALTER TABLE product_variants ALTER COLUMN sku DROP NOT NULL`,
    },
    {
      up: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
      down: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
    },
  ],
  'not-null-two-columns-at-once': [
    {
      up: `ALTER TABLE orders ADD CONSTRAINT orders_customer_set CHECK (customer_email IS NOT NULL AND customer_name IS NOT NULL) NOT VALID`,
      down: `ALTER TABLE orders DROP CONSTRAINT orders_customer_set`,
    },
    { transaction: false, up: `ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_set` },
    {
      up: [
        `ALTER TABLE orders ALTER COLUMN customer_email SET NOT NULL, ALTER COLUMN customer_name SET NOT NULL`,
        `ALTER TABLE orders DROP CONSTRAINT orders_customer_set`,
      ],
      down: [
        `ALTER TABLE orders ALTER COLUMN customer_email DROP NOT NULL, ALTER COLUMN customer_name DROP NOT NULL`,
        `ALTER TABLE orders ADD CONSTRAINT orders_customer_set CHECK (customer_email IS NOT NULL AND customer_name IS NOT NULL) NOT VALID`,
      ],
    },
  ],
  'nullable-column': {
    up: `ALTER TABLE products ADD COLUMN brand text`,
    down: `ALTER TABLE products DROP COLUMN brand`,
  },
  'one-row': {
    up: `INSERT INTO counters (name, value) VALUES ('returns', 0) ON CONFLICT (name) DO NOTHING`,
    down: `DELETE FROM counters WHERE name = 'returns'`,
  },
  'primary-key-of-index': [
    {
      transaction: false,
      up: `CREATE UNIQUE INDEX CONCURRENTLY counters_value_pkey ON counters (value)`,
      down: `DROP INDEX CONCURRENTLY IF EXISTS counters_value_pkey`,
    },
    {
      up: [
        `ALTER TABLE counters DROP CONSTRAINT counters_pkey`,
        `ALTER TABLE counters ADD CONSTRAINT counters_value_pkey PRIMARY KEY USING INDEX counters_value_pkey`,
      ],
      down: [
        `ALTER TABLE counters DROP CONSTRAINT counters_value_pkey`,
        `ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`,
      ],
    },
  ],
  'primary-key-of-required-column': [
    {
      up: `CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        code text CONSTRAINT suppliers_code_set CHECK (code IS NOT NULL)
      )`,
      down: `DROP TABLE suppliers`,
    },
    {
      up: [
        `ALTER TABLE suppliers ALTER COLUMN code SET NOT NULL`,
        `ALTER TABLE suppliers DROP CONSTRAINT suppliers_code_set`,
      ],
      down: `ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_set CHECK (code IS NOT NULL) NOT VALID`,
    },
    {
      transaction: false,
      up: `CREATE UNIQUE INDEX CONCURRENTLY suppliers_code_pkey ON suppliers (code)`,
      down: `DROP INDEX IF EXISTS suppliers_code_pkey`,
    },
    {
      up: [
        `ALTER TABLE suppliers DROP CONSTRAINT suppliers_pkey`,
        `ALTER TABLE suppliers ADD CONSTRAINT suppliers_code_pkey PRIMARY KEY USING INDEX suppliers_code_pkey`,
      ],
      down: `ALTER TABLE suppliers DROP CONSTRAINT suppliers_code_pkey`,
    },
  ],
  'rename-column-as-expand': [
    {
      up: `ALTER TABLE products ADD COLUMN brand text NOT NULL DEFAULT ''`,
      down: `ALTER TABLE products DROP COLUMN brand`,
    },
    {
      backfill: { table: 'products', key: 'id' },
      up: `UPDATE products SET brand = vendor WHERE brand <> vendor AND {batch}`,
    },
    {
      contract: { since: CASE_VERSION },
      up: `ALTER TABLE products DROP COLUMN vendor`,
      down: `ALTER TABLE products ADD COLUMN vendor text NOT NULL DEFAULT ''`,
    },
  ],
  'rename-index-and-loosen': {
    up: [
      `ALTER INDEX orders_created_by_idx RENAME TO orders_author_idx`,
      `ALTER TABLE products DROP CONSTRAINT products_status_check`,
      `ALTER TABLE products ALTER COLUMN vendor DROP NOT NULL`,
      `ALTER TABLE products SET (fillfactor = 90)`,
    ],
    down: [
      `ALTER TABLE products RESET (fillfactor)`,
      `ALTER TABLE products ALTER COLUMN vendor SET NOT NULL`,
      `ALTER TABLE products ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived'))`,
      `ALTER INDEX orders_author_idx RENAME TO orders_created_by_idx`,
    ],
  },
  'renamed-at-birth': [
    {
      up: [
        `CREATE TABLE suppliers (title text, code text NOT NULL)`,
        `ALTER TABLE suppliers ADD CONSTRAINT suppliers_title_set CHECK (title IS NOT NULL) NOT VALID`,
        `CREATE UNIQUE INDEX suppliers_code_idx ON suppliers (code)`,
        `ALTER TABLE suppliers RENAME CONSTRAINT suppliers_title_set TO vendors_name_set`,
        `ALTER TABLE suppliers RENAME COLUMN title TO name`,
        `ALTER TABLE suppliers RENAME COLUMN code TO handle`,
        `ALTER INDEX suppliers_code_idx RENAME TO vendors_pkey`,
        `ALTER TABLE suppliers RENAME TO vendors`,
      ],
      down: `DROP TABLE vendors`,
    },
    { transaction: false, up: `ALTER TABLE vendors VALIDATE CONSTRAINT vendors_name_set` },
    {
      up: [
        `ALTER TABLE vendors ALTER COLUMN name SET NOT NULL`,
        `ALTER TABLE vendors ADD CONSTRAINT vendors_pkey PRIMARY KEY USING INDEX vendors_pkey`,
      ],
      down: `ALTER TABLE vendors ALTER COLUMN name DROP NOT NULL`,
    },
  ],
  'unique-in-two-steps': [
    {
      transaction: false,
      up: `CREATE UNIQUE INDEX CONCURRENTLY product_variants_barcode_key ON product_variants (barcode)`,
      down: `DROP INDEX CONCURRENTLY IF EXISTS product_variants_barcode_key`,
    },
    {
      up: `ALTER TABLE product_variants ADD UNIQUE USING INDEX product_variants_barcode_key`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_barcode_key`,
    },
  ],
  'volatile-default-for-new-rows': {
    up: [
      `ALTER TABLE products ADD COLUMN token uuid`,
      `ALTER TABLE products ALTER COLUMN token SET DEFAULT gen_random_uuid()`,
    ],
    down: `ALTER TABLE products DROP COLUMN token`,
  },
};
