import { type LintTables, SUPPLIERS } from './lint-case';

export const constraints = {
  'unnamed-constraint': {
    'added-foreign-key': {
      up: `ALTER TABLE order_lines ADD FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID`,
      down: `ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey`,
    },
    index: { up: [SUPPLIERS, `CREATE INDEX ON suppliers (name)`], down: `DROP TABLE suppliers` },
    'primary-key': {
      up: `CREATE TABLE suppliers (id uuid PRIMARY KEY, name text NOT NULL)`,
      down: `DROP TABLE suppliers`,
    },
    'table-check': {
      up: `CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL,
        CHECK (name <> '')
      )`,
      down: `DROP TABLE suppliers`,
    },
  },

  'constraint-not-valid-first': {
    check: {
      up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_light_check CHECK (grams < 1000000)`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_light_check`,
    },
    'check-of-added-column': {
      up: `ALTER TABLE products ADD COLUMN weight integer CONSTRAINT products_weight_check CHECK (weight > 0)`,
      down: `ALTER TABLE products DROP COLUMN weight`,
    },
    exclude: {
      up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_excl EXCLUDE USING btree (sku WITH =)`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_excl`,
    },
    'foreign-key': {
      up: `ALTER TABLE order_lines ADD CONSTRAINT order_lines_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id)`,
      down: `ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey`,
    },
    'key-of-added-column-with-default': {
      up: `ALTER TABLE products ADD COLUMN owner_id uuid DEFAULT '00000000-0000-0000-0000-000000000000' CONSTRAINT products_owner_id_fkey REFERENCES members (user_id)`,
      down: `ALTER TABLE products DROP COLUMN owner_id`,
    },
    'primary-key': {
      up: [
        `ALTER TABLE counters DROP CONSTRAINT counters_pkey`,
        `ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name, value)`,
      ],
      down: [
        `ALTER TABLE counters DROP CONSTRAINT counters_pkey`,
        `ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`,
      ],
    },
    unique: {
      up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_barcode_key UNIQUE (barcode)`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_barcode_key`,
    },
  },
} satisfies LintTables;
