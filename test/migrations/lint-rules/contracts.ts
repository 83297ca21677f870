import { FIRST_VERSION, type LintTables, SUPPLIERS } from './lint-case';

export const contracts = {
  'drop-or-rename': {
    'drop-column': {
      up: `ALTER TABLE products DROP COLUMN type`,
      down: `ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT ''`,
    },
    'drop-table': { up: `DROP TABLE counters`, down: `CREATE TABLE counters (name text)` },
    'rename-column': {
      up: `ALTER TABLE products RENAME COLUMN vendor TO brand`,
      down: `ALTER TABLE products RENAME COLUMN brand TO vendor`,
    },
    'rename-constraint': {
      up: `ALTER TABLE products RENAME CONSTRAINT products_handle_key TO products_slug_key`,
      down: `ALTER TABLE products RENAME CONSTRAINT products_slug_key TO products_handle_key`,
    },
    'rename-table': {
      up: `ALTER TABLE members RENAME TO people`,
      down: `ALTER TABLE people RENAME TO members`,
    },
    truncate: { up: `TRUNCATE counters` },
  },

  'contract-mix': {
    'add-column': {
      contract: { since: FIRST_VERSION },
      up: [`ALTER TABLE products DROP COLUMN type`, `ALTER TABLE products ADD COLUMN kind text`],
      down: [
        `ALTER TABLE products DROP COLUMN kind`,
        `ALTER TABLE products ADD COLUMN type text NOT NULL DEFAULT ''`,
      ],
    },
    'concurrent-index': {
      transaction: false,
      contract: { since: FIRST_VERSION },
      up: `CREATE INDEX CONCURRENTLY products_vendor_idx ON products (vendor)`,
      down: `DROP INDEX CONCURRENTLY products_vendor_idx`,
    },
    'create-table': {
      contract: { since: FIRST_VERSION },
      up: [`DROP TABLE counters`, SUPPLIERS],
      down: [`DROP TABLE suppliers`, `CREATE TABLE counters (name text)`],
    },
    'one-statement': {
      contract: { since: FIRST_VERSION },
      up: `ALTER TABLE products DROP COLUMN type, ADD COLUMN kind text`,
      down: `ALTER TABLE products DROP COLUMN kind, ADD COLUMN type text NOT NULL DEFAULT ''`,
    },
  },
} satisfies LintTables;
