import { type LintTables, SUPPLIERS } from './lint-case';

export const names = {
  'schema-qualified': {
    comment: { up: `COMMENT ON TABLE archive.orders IS 'old'` },
    'create-schema': { up: `CREATE SCHEMA archive` },
    'create-schema-of-role': { up: `CREATE SCHEMA AUTHORIZATION CURRENT_USER` },
    down: { up: SUPPLIERS, down: `DROP TABLE shop.suppliers` },
    'drop-schema': { up: `DROP SCHEMA archive` },
    function: {
      up: `ALTER TABLE products ADD CONSTRAINT products_vendor_check CHECK (vendor = extensions.unaccent(vendor)) NOT VALID`,
      down: `ALTER TABLE products DROP CONSTRAINT products_vendor_check`,
    },
    'move-table': { up: `ALTER TABLE orders SET SCHEMA archive` },
    'operator-class': {
      up: [SUPPLIERS, `CREATE INDEX suppliers_name_idx ON suppliers USING gin (name trgm.gin_trgm_ops)`],
      down: `DROP TABLE suppliers`,
    },
    regclass: {
      looksAtData: true,
      up: `UPDATE products SET vendor = '' WHERE to_regclass('audit') = 'shared.audit'::regclass`,
    },
    'rename-schema': { up: `ALTER SCHEMA archive RENAME TO old` },
    table: {
      up: `CREATE TABLE shop.suppliers (id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY, name text NOT NULL)`,
      down: `DROP TABLE suppliers`,
    },
    type: {
      up: `CREATE TABLE places (id uuid NOT NULL CONSTRAINT places_pkey PRIMARY KEY, spot postgis.geometry NOT NULL)`,
      down: `DROP TABLE places`,
    },
  },

  'public-reference': {
    'column-reference': {
      looksAtData: true,
      up: `UPDATE members SET name = '' WHERE public.members.role = 'staff'`,
    },
    'foreign-key': {
      up: `CREATE TABLE notes (
        id uuid NOT NULL CONSTRAINT notes_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT notes_user_id_fkey REFERENCES public.users (id),
        body text NOT NULL
      )`,
      down: `DROP TABLE notes`,
    },
    quoted: {
      up: `CREATE TABLE notes (
        id uuid NOT NULL CONSTRAINT notes_pkey PRIMARY KEY,
        owner_id uuid NOT NULL CONSTRAINT notes_owner_id_fkey REFERENCES "public"."shops" (id)
      )`,
      down: `DROP TABLE notes`,
    },
    'to-regclass': {
      looksAtData: true,
      up: `UPDATE members SET name = '' WHERE to_regclass('public.users') IS NULL`,
    },
  },
} satisfies LintTables;
