import { FIRST_VERSION, type LintFile, type LintTables } from './lint-case';

const CHECK_SKU: LintFile = {
  up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
  down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
};
const VALIDATE_SKU: LintFile = {
  transaction: false,
  up: `ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set`,
  down: `ALTER TABLE product_variants VALIDATE CONSTRAINT product_variants_sku_set`,
};
const REQUIRE_SKU: LintFile = {
  up: `ALTER TABLE product_variants ALTER COLUMN sku SET NOT NULL`,
  down: `ALTER TABLE product_variants ALTER COLUMN sku DROP NOT NULL`,
};

export const columns = {
  'set-not-null-unchecked': {
    'check-dropped-before': [
      CHECK_SKU,
      VALIDATE_SKU,
      {
        up: [
          `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
          `ALTER TABLE product_variants ALTER COLUMN sku SET NOT NULL`,
        ],
        down: [
          `ALTER TABLE product_variants ALTER COLUMN sku DROP NOT NULL`,
          `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL) NOT VALID`,
        ],
      },
    ],
    'check-gone-with-its-column': [
      {
        up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku IS NOT NULL AND barcode IS NOT NULL) NOT VALID`,
        down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
      },
      VALIDATE_SKU,
      {
        contract: { since: FIRST_VERSION },
        up: `ALTER TABLE product_variants DROP COLUMN barcode`,
        down: `ALTER TABLE product_variants ADD COLUMN barcode text`,
      },
      REQUIRE_SKU,
    ],
    'check-of-other-column': [
      {
        up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (barcode IS NOT NULL) NOT VALID`,
        down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
      },
      VALIDATE_SKU,
      REQUIRE_SKU,
    ],
    'column-made-again': [
      {
        contract: { since: FIRST_VERSION },
        up: `ALTER TABLE products DROP COLUMN vendor`,
        down: `ALTER TABLE products ADD COLUMN vendor text`,
      },
      { up: `ALTER TABLE products ADD COLUMN vendor text`, down: `ALTER TABLE products DROP COLUMN vendor` },
      {
        up: `ALTER TABLE products ALTER COLUMN vendor SET NOT NULL`,
        down: `ALTER TABLE products ALTER COLUMN vendor DROP NOT NULL`,
      },
    ],
    'comparison-lets-null-through': [
      {
        up: `ALTER TABLE product_variants ADD CONSTRAINT product_variants_sku_set CHECK (sku <> '') NOT VALID`,
        down: `ALTER TABLE product_variants DROP CONSTRAINT product_variants_sku_set`,
      },
      VALIDATE_SKU,
      REQUIRE_SKU,
    ],
    'no-check': REQUIRE_SKU,
    'not-validated': [CHECK_SKU, REQUIRE_SKU],
    'primary-key-of-index': [
      {
        transaction: false,
        up: `CREATE UNIQUE INDEX CONCURRENTLY counters_value_idx ON counters (value)`,
        down: `DROP INDEX CONCURRENTLY counters_value_idx`,
      },
      {
        up: `ALTER TABLE counters DROP CONSTRAINT counters_pkey`,
        down: `ALTER TABLE counters ADD CONSTRAINT counters_pkey PRIMARY KEY (name)`,
      },
      {
        up: [
          `ALTER TABLE counters ALTER COLUMN value DROP NOT NULL`,
          `ALTER TABLE counters ADD CONSTRAINT counters_value_pkey PRIMARY KEY USING INDEX counters_value_idx`,
        ],
        down: `ALTER TABLE counters DROP CONSTRAINT counters_value_pkey`,
      },
    ],
    'table-of-no-file': {
      up: [
        `ALTER TABLE warehouses ADD CONSTRAINT warehouses_code_set CHECK (code IS NOT NULL) NOT VALID`,
        `ALTER TABLE warehouses ALTER COLUMN code SET NOT NULL`,
      ],
    },
  },

  'not-null-without-default': {
    'default-null': {
      up: `ALTER TABLE products ADD COLUMN weight integer DEFAULT NULL NOT NULL`,
      down: `ALTER TABLE products DROP COLUMN weight`,
    },
    plain: {
      up: `ALTER TABLE products ADD COLUMN weight integer NOT NULL`,
      down: `ALTER TABLE products DROP COLUMN weight`,
    },
  },

  'volatile-default': {
    clock: {
      up: `ALTER TABLE orders ADD COLUMN seen_at timestamptz DEFAULT date_trunc('day', clock_timestamp())`,
      down: `ALTER TABLE orders DROP COLUMN seen_at`,
    },
    'random-uuid': {
      up: `ALTER TABLE products ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()`,
      down: `ALTER TABLE products DROP COLUMN token`,
    },
    stored: {
      up: `ALTER TABLE products ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED`,
      down: `ALTER TABLE products DROP COLUMN search`,
    },
    'unknown-function': {
      up: `ALTER TABLE orders ADD COLUMN place text DEFAULT current_place()`,
      down: `ALTER TABLE orders DROP COLUMN place`,
    },
  },

  'column-type-change': {
    using: {
      up: `ALTER TABLE products ALTER COLUMN tags TYPE jsonb USING to_jsonb(tags)`,
      down: `ALTER TABLE products ALTER COLUMN tags TYPE text[]`,
    },
    wider: {
      up: `ALTER TABLE product_variants ALTER COLUMN grams TYPE bigint`,
      down: `ALTER TABLE product_variants ALTER COLUMN grams TYPE integer`,
    },
  },
} satisfies LintTables;
