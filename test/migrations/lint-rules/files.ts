import { CASE_VERSION, type LintTables, SUPPLIERS } from './lint-case';

export const files = {
  unparsable: {
    'batch-outside-backfill': { up: `UPDATE products SET status = 'archived' WHERE {batch}` },
    'in-down': { up: SUPPLIERS, down: `DROP TABEL suppliers` },
    'missing-comma': {
      up: `CREATE TABLE suppliers (id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY name text NOT NULL)`,
      down: `DROP TABLE suppliers`,
    },
  },

  'contract-since': {
    itself: {
      contract: { since: CASE_VERSION },
      up: `ALTER TABLE products DROP COLUMN type`,
      down: `ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT ''`,
    },
    'not-a-version': {
      contract: { since: 1795219200001 },
      up: `ALTER TABLE products DROP COLUMN type`,
      down: `ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT ''`,
    },
  },

  'allow-unknown': {
    'no-such-rule': {
      allow: { 'index-concurrent': 'the table is small in every shop' },
      up: `ALTER TABLE products ADD COLUMN token uuid`,
      down: `ALTER TABLE products DROP COLUMN token`,
    },
    'other-rule': {
      allow: { 'volatile-default': 'the table is small in every shop' },
      up: `ALTER TABLE products ADD COLUMN token uuid`,
      down: `ALTER TABLE products DROP COLUMN token`,
    },
  },
} satisfies LintTables;
