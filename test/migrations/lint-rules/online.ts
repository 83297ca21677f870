import { type LintTables, SUPPLIERS } from './lint-case';

export const online = {
  'index-not-concurrent': {
    plain: {
      up: `CREATE INDEX products_vendor_idx ON products (vendor)`,
      down: `DROP INDEX products_vendor_idx`,
    },
    reindex: { up: `REINDEX TABLE products` },
    'second-file': [
      { up: SUPPLIERS, down: `DROP TABLE suppliers` },
      { up: `CREATE INDEX suppliers_name_idx ON suppliers (name)`, down: `DROP INDEX suppliers_name_idx` },
    ],
    unique: {
      up: `CREATE UNIQUE INDEX products_name_idx ON products (name)`,
      down: `DROP INDEX products_name_idx`,
    },
  },

  'online-mix': {
    'add-column': {
      transaction: false,
      up: [
        `ALTER TABLE products ADD COLUMN brand text`,
        `CREATE INDEX CONCURRENTLY products_brand_idx ON products (brand)`,
      ],
      down: `ALTER TABLE products DROP COLUMN brand`,
    },
    'comment-before': {
      transaction: false,
      up: `-- for the list of a vendor
      CREATE INDEX CONCURRENTLY products_vendor_idx ON products (vendor)`,
      down: `DROP INDEX CONCURRENTLY products_vendor_idx`,
    },
    'concurrent-in-transaction': {
      up: `CREATE INDEX CONCURRENTLY products_vendor_idx ON products (vendor)`,
      down: `DROP INDEX products_vendor_idx`,
    },
    'concurrently-in-brackets': {
      transaction: false,
      up: `REINDEX (CONCURRENTLY) INDEX orders_created_by_idx`,
    },
    'drop-concurrent-in-transaction': {
      up: `DROP INDEX CONCURRENTLY orders_created_by_idx`,
      down: `CREATE INDEX orders_created_by_idx ON orders (created_by)`,
    },
    'index-without-name': {
      transaction: false,
      up: `CREATE INDEX CONCURRENTLY ON products (vendor)`,
      down: `DROP INDEX products_vendor_idx`,
    },
    'odd-name': {
      transaction: false,
      up: `CREATE INDEX CONCURRENTLY products_größe_idx ON products (vendor)`,
      down: `DROP INDEX CONCURRENTLY products_größe_idx`,
    },
    'plain-index': {
      transaction: false,
      up: `CREATE INDEX products_vendor_idx ON products (vendor)`,
      down: `DROP INDEX products_vendor_idx`,
    },
    'two-in-one-query': {
      transaction: false,
      up: `CREATE INDEX CONCURRENTLY products_vendor_idx ON products (vendor); CREATE INDEX CONCURRENTLY products_type_idx ON products (type)`,
      down: `DROP INDEX CONCURRENTLY products_vendor_idx`,
    },
    update: { transaction: false, up: `UPDATE products SET vendor = 'none' WHERE vendor = ''` },
    'validate-in-transaction': [
      {
        up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
        down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
      },
      {
        up: `ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set`,
        down: `ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set`,
      },
    ],
  },
} satisfies LintTables;
