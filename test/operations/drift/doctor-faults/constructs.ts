import { asOwner, type Fault, inside } from './fault';

export const CONSTRUCTS: Fault[] = [
  inside(
    'a trigger',
    'forbidden-trigger',
    'orders.same',
    (s) =>
      `CREATE TRIGGER same BEFORE UPDATE ON ${s}.orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    (s) => `DROP TRIGGER same ON ${s}.orders`,
  ),
  inside(
    'a rule',
    'forbidden-rule',
    'orders.quiet',
    (s) => `CREATE RULE quiet AS ON DELETE TO ${s}.orders DO INSTEAD NOTHING`,
    (s) => `DROP RULE quiet ON ${s}.orders`,
  ),
  inside(
    'a row policy',
    'forbidden-policy',
    'orders.everybody',
    (s) => `CREATE POLICY everybody ON ${s}.orders USING (true)`,
    (s) => `DROP POLICY everybody ON ${s}.orders`,
  ),
  inside(
    'an enum type',
    'forbidden-enum',
    'mood',
    (s) => `CREATE TYPE ${s}.mood AS ENUM ('good', 'bad')`,
    (s) => `DROP TYPE ${s}.mood`,
  ),
  inside(
    'a domain',
    'forbidden-object',
    'short',
    (s) => `CREATE DOMAIN ${s}.short AS text CHECK (length(value) < 9)`,
    (s) => `DROP DOMAIN ${s}.short`,
  ),
  inside(
    'a composite type',
    'forbidden-object',
    'pair',
    (s) => `CREATE TYPE ${s}.pair AS (a int, b int)`,
    (s) => `DROP TYPE ${s}.pair`,
  ),
  inside(
    'a sequence',
    'forbidden-sequence',
    'numbers',
    (s) => `CREATE SEQUENCE ${s}.numbers`,
    (s) => `DROP SEQUENCE ${s}.numbers`,
  ),
  inside(
    'an identity column',
    'column-extra',
    'counters.id',
    (s) => `ALTER TABLE ${s}.counters ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY`,
    (s) => `ALTER TABLE ${s}.counters DROP COLUMN id`,
    [
      ['forbidden-identity', 'counters.id'],
      ['forbidden-sequence', 'counters_id_seq'],
    ],
  ),
  inside(
    'a view',
    'forbidden-view',
    'everything',
    (s) => `CREATE VIEW ${s}.everything AS SELECT 1 AS one; REVOKE ALL ON ${s}.everything FROM ${s}`,
    (s) => `DROP VIEW ${s}.everything`,
  ),
  inside(
    'a function',
    'forbidden-function',
    'one()',
    (s) => `CREATE FUNCTION ${s}.one() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    (s) => `DROP FUNCTION ${s}.one()`,
  ),
  inside(
    "a function with its owner's rights",
    'forbidden-security-definer',
    'peek(text)',
    (s) => `CREATE FUNCTION ${s}.peek(text) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
    (s) => `DROP FUNCTION ${s}.peek(text)`,
  ),
  inside(
    'a table that inherits',
    'forbidden-inheritance',
    'old_orders',
    (s) => `CREATE TABLE ${s}.old_orders () INHERITS (${s}.orders)`,
    (s) => `DROP TABLE ${s}.old_orders`,
    [['table-extra', 'old_orders']],
  ),
  {
    name: 'a foreign table',
    inject: (fleet) => {
      const { schema: s } = fleet.a;
      const create = `CREATE FOREIGN TABLE ${s}.elsewhere (id int) SERVER ${s}; REVOKE ALL ON ${s}.elsewhere FROM ${s}`;
      return `CREATE FOREIGN DATA WRAPPER ${s}; CREATE SERVER ${s} FOREIGN DATA WRAPPER ${s};
        GRANT USAGE ON FOREIGN SERVER ${s} TO "${fleet.roles.owner}"; ${asOwner(fleet, create)}`;
    },
    found: ({ a }) => [['forbidden-foreign-table', a.slug, 'elsewhere']],
    repair: ({ a }) => `DROP FOREIGN DATA WRAPPER ${a.schema} CASCADE`,
  },
];
