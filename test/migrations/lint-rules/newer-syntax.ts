import type { LintTables } from './lint-case';

export const newerSyntax = {
  'newer-syntax': {
    'alter-constraint': {
      up: `ALTER TABLE order_lines ALTER CONSTRAINT order_lines_variant_id_fkey NOT ENFORCED`,
    },
    'not-enforced': {
      up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_light_check CHECK (grams < 1000000) NOT ENFORCED`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_light_check`,
    },
    'not-null-not-valid': {
      up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_not_null NOT NULL sku NOT VALID`,
      down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_not_null`,
    },
    'set-expression': {
      up: [
        `CREATE TABLE suppliers (
        id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL,
        initials text GENERATED ALWAYS AS (left(name, 2)) STORED
      )`,
        `ALTER TABLE suppliers ALTER COLUMN initials SET EXPRESSION AS (left(name, 3))`,
      ],
      down: `DROP TABLE suppliers`,
    },
    storage: {
      up: `CREATE TABLE notes (id uuid NOT NULL CONSTRAINT notes_pkey PRIMARY KEY, body text STORAGE EXTERNAL)`,
      down: `DROP TABLE notes`,
    },
    uuidv7: {
      up: `CREATE TABLE suppliers (
        id uuid NOT NULL DEFAULT uuidv7() CONSTRAINT suppliers_pkey PRIMARY KEY,
        name text NOT NULL
      )`,
      down: `DROP TABLE suppliers`,
    },
    'virtual-column': {
      up: `ALTER TABLE order_lines ADD COLUMN gross_minor bigint GENERATED ALWAYS AS (unit_price_minor * quantity) VIRTUAL`,
      down: `ALTER TABLE order_lines DROP COLUMN gross_minor`,
    },
    'without-overlaps': {
      up: `CREATE TABLE bookings (room uuid NOT NULL, during tstzrange NOT NULL, CONSTRAINT bookings_key UNIQUE (room, during WITHOUT OVERLAPS))`,
      down: `DROP TABLE bookings`,
    },
  },
} satisfies LintTables;
