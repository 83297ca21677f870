import type { LintTables } from './lint-case';

const backfill = { table: 'products', key: 'id', rows: 500 };

export const backfills = {
  'backfill-in-ddl': {
    'copy-to-new-table': {
      up: [
        `CREATE TABLE vendors (name text NOT NULL CONSTRAINT vendors_pkey PRIMARY KEY)`,
        `INSERT INTO vendors (name) SELECT DISTINCT vendor FROM products`,
      ],
    },
    delete: { up: `DELETE FROM orders WHERE status = 'cancelled'` },
    'in-with': {
      up: [
        `CREATE TABLE graveyard (id uuid NOT NULL CONSTRAINT graveyard_pkey PRIMARY KEY)`,
        `WITH gone AS (DELETE FROM orders WHERE status = 'cancelled' RETURNING id) INSERT INTO graveyard (id) SELECT id FROM gone`,
      ],
    },
    'insert-select': { up: `INSERT INTO counters (name, value) SELECT 'products', count(*) FROM products` },
    merge: {
      up: `MERGE INTO counters c USING (VALUES ('returns')) AS v (name) ON c.name = v.name WHEN NOT MATCHED THEN INSERT (name, value) VALUES (v.name, 0)`,
    },
    update: { up: [`ALTER TABLE products ADD COLUMN brand text`, `UPDATE products SET brand = vendor`] },
  },

  'backfill-shape': {
    'batch-and-comment': {
      backfill: { table: 'products', key: 'id' },
      up: `UPDATE products SET vendor = '-' WHERE {batch} -- {batch}`,
    },
    'batch-in-comment': {
      backfill,
      up: `UPDATE products SET vendor = 'none' WHERE vendor = '' /* {batch} */`,
    },
    'batch-in-set': {
      backfill,
      up: `UPDATE products SET vendor = CASE WHEN {batch} THEN 'none' ELSE vendor END`,
    },
    'batch-in-text': {
      backfill: { table: 'products', key: 'id' },
      up: `UPDATE products SET vendor = '{batch}' WHERE {batch}`,
    },
    'batch-of-other-table': {
      backfill,
      up: `UPDATE products SET vendor = 'none' WHERE id IN (SELECT product_id FROM product_variants WHERE {batch})`,
    },
    'changes-key': {
      backfill: { table: 'products', key: 'handle' },
      up: `UPDATE products SET handle = handle || '-x' WHERE {batch}`,
    },
    ddl: { backfill, up: `ALTER TABLE products ALTER COLUMN vendor SET DEFAULT 'none'` },
    'key-may-be-null': {
      backfill: { table: 'product_variants', key: 'sku' },
      up: `UPDATE product_variants SET barcode = '' WHERE {batch}`,
    },
    'no-batch': { backfill, up: `UPDATE products SET vendor = 'none' WHERE vendor = ''` },
    'only-a-comment': { backfill, up: `-- nothing to fill {batch}` },
    'other-table': { backfill, up: `UPDATE orders SET customer_name = '' WHERE {batch}` },
    select: { backfill, up: `SELECT id FROM products WHERE {batch}` },
    'two-in-one-query': {
      backfill,
      up: `UPDATE products SET vendor = 'none' WHERE {batch}; UPDATE products SET type = 'none' WHERE {batch}`,
    },
    'two-statements': {
      backfill,
      up: [
        `UPDATE products SET vendor = 'none' WHERE {batch}`,
        `UPDATE products SET type = 'none' WHERE {batch}`,
      ],
    },
  },
} satisfies LintTables;
