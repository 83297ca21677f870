import type { LintTables } from './lint-case';

export const objects = {
  'enum-type': {
    'add-value': { up: `ALTER TYPE mood ADD VALUE 'so-so'` },
    create: { up: `CREATE TYPE mood AS ENUM ('good', 'bad')`, down: `DROP TYPE mood` },
  },

  trigger: {
    create: {
      up: `CREATE TRIGGER products_touch BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      down: `DROP TRIGGER products_touch ON products`,
    },
    disable: {
      up: `ALTER TABLE products DISABLE TRIGGER ALL`,
      down: `ALTER TABLE products ENABLE TRIGGER ALL`,
    },
    drop: { up: `DROP TRIGGER products_touch ON products` },
  },

  extension: {
    create: { up: `CREATE EXTENSION IF NOT EXISTS pg_trgm`, down: `DROP EXTENSION pg_trgm` },
  },

  'forbidden-object': {
    'composite-type': { up: `CREATE TYPE address AS (street text, city text)`, down: `DROP TYPE address` },
    'copy-of-table': {
      up: `CREATE TABLE products_backup AS SELECT id, name FROM products`,
      down: `DROP TABLE products_backup`,
    },
    domain: {
      up: `CREATE DOMAIN currency AS text CHECK (VALUE ~ '^[A-Z]{3}$')`,
      down: `DROP DOMAIN currency`,
    },
    'drop-type': { up: `DROP TYPE address`, down: `CREATE TYPE address AS (street text, city text)` },
    function: {
      up: `CREATE FUNCTION order_total(wanted uuid) RETURNS bigint LANGUAGE sql AS
        $$SELECT total_minor FROM orders WHERE id = wanted$$`,
      down: `DROP FUNCTION order_total`,
    },
    grant: { up: `GRANT SELECT ON orders TO reports`, down: `REVOKE SELECT ON orders FROM reports` },
    'index-tablespace': { up: `ALTER INDEX orders_created_by_idx SET TABLESPACE fast` },
    inheritance: { up: `CREATE TABLE old_orders () INHERITS (orders)`, down: `DROP TABLE old_orders` },
    like: { up: `CREATE TABLE product_drafts (LIKE products)`, down: `DROP TABLE product_drafts` },
    'materialized-view': {
      up: `CREATE MATERIALIZED VIEW sales AS SELECT currency, sum(total_minor) AS total FROM orders GROUP BY currency`,
      down: `DROP MATERIALIZED VIEW sales`,
    },
    owner: { up: `ALTER TABLE orders OWNER TO reports`, down: `ALTER TABLE orders OWNER TO CURRENT_USER` },
    partition: {
      up: `CREATE TABLE events (at timestamptz NOT NULL, what text NOT NULL) PARTITION BY RANGE (at)`,
      down: `DROP TABLE events`,
    },
    policy: {
      up: `CREATE POLICY orders_mine ON orders USING (true)`,
      down: `DROP POLICY orders_mine ON orders`,
    },
    procedure: {
      up: `CREATE PROCEDURE cleanup() LANGUAGE sql AS $$DELETE FROM products$$`,
      down: `DROP PROCEDURE cleanup`,
    },
    'reindex-schema': { transaction: false, up: `REINDEX SCHEMA CONCURRENTLY archive` },
    'row-security': {
      up: `ALTER TABLE orders ENABLE ROW LEVEL SECURITY`,
      down: `ALTER TABLE orders DISABLE ROW LEVEL SECURITY`,
    },
    rule: {
      up: `CREATE RULE members_keep AS ON DELETE TO members DO INSTEAD NOTHING`,
      down: `DROP RULE members_keep ON members`,
    },
    select: { up: `SELECT count(*) FROM orders` },
    statistics: {
      up: `CREATE STATISTICS orders_stats ON status, currency FROM orders`,
      down: `DROP STATISTICS orders_stats`,
    },
    'table-of-the-migrator': { up: `ALTER TABLE schema_migrations ADD COLUMN note text` },
    unlogged: {
      up: `CREATE UNLOGGED TABLE cache (key text CONSTRAINT cache_pkey PRIMARY KEY, value text)`,
      down: `DROP TABLE cache`,
    },
    view: {
      up: `CREATE VIEW paid_orders AS SELECT id, total_minor FROM orders WHERE status = 'paid'`,
      down: `DROP VIEW paid_orders`,
    },
  },
} satisfies LintTables;
