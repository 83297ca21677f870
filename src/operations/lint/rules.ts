interface Rule {
  why: string;
  /** Advice on the alternative. */
  remedy: string;
}

/** The rules of the linter. docs/migration-rules.md holds the same table; a test compares the two. */
export const RULES = {
  unparsable: {
    why: "PostgreSQL's own parser rejects the statement",
    remedy: 'correct the SQL',
  },
  'schema-qualified': {
    why: 'the same file runs in every shop, and `search_path` selects the schema',
    remedy: 'leave out the schema name',
  },
  'public-reference': {
    why: 'a tenant table that refers to public blocks sign-ups and cannot move to another server',
    remedy: 'refer to tables of the shop, such as members',
  },
  serial: {
    why: 'ids come from the program; sequences break when a schema is copied or sharded',
    remedy: 'use a uuid key, or a row of counters for numbers that people read',
  },
  'enum-type': {
    why: 'an enum value can never be removed, and each schema would own a type',
    remedy: 'use text with a named CHECK',
  },
  trigger: {
    why: 'a trigger hides work from readers of the code and is lost when a table is sharded',
    remedy: 'do the work in the service, in the same transaction',
  },
  extension: {
    why: 'an extension belongs to the database and needs rights that a tenant migration lacks',
    remedy: 'install it when you set up the server',
  },
  'forbidden-object': {
    why: 'a shop has plain tables, indexes and rows; any other object would need its own grants, copies and checks',
    remedy: 'use plain tables, constraints and indexes',
  },
  'newer-syntax': {
    why: 'PostgreSQL 15 is supported and does not accept it',
    remedy: 'use syntax that PostgreSQL 15 accepts',
  },
  'unnamed-constraint': {
    why: 'PostgreSQL would generate a name, and a later migration needs to know it',
    remedy: 'write CONSTRAINT and a name, such as products_name_check; name indexes too',
  },
  'transaction-control': {
    why: 'the migrator begins and ends the transaction and sets its limits',
    remedy: 'leave it out; if the file must run differently, set a mark on the class',
  },
  'index-not-concurrent': {
    why: 'the table accepts no writes while the index is built',
    remedy: 'CREATE INDEX CONCURRENTLY in a file of its own with transaction = false',
  },
  'set-not-null-unchecked': {
    why: 'PostgreSQL reads the whole table under an exclusive lock',
    remedy: 'ADD CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in an online file, then SET NOT NULL',
  },
  'not-null-without-default': {
    why: 'it fails as soon as the table has a row',
    remedy: 'give a DEFAULT, or add the column as nullable, backfill it, then SET NOT NULL',
  },
  'volatile-default': {
    why: 'PostgreSQL rewrites the whole table under an exclusive lock',
    remedy: 'add the column without it, SET DEFAULT for new rows, backfill the existing ones',
  },
  'constraint-not-valid-first': {
    why: 'PostgreSQL checks or indexes the whole table and blocks writes meanwhile',
    remedy: 'ADD … NOT VALID, then VALIDATE online; for a key, a unique index online, then ADD … USING INDEX',
  },
  'column-type-change': {
    why: 'the running program reads and writes the old type, and PostgreSQL may rewrite the table',
    remedy: 'add a column of the new type, backfill it, remove the old one in a contract step',
  },
  'drop-or-rename': {
    why: 'the running program uses it',
    remedy: 'add the replacement now; remove the old one in a file with contract = { since }',
  },
  'contract-since': {
    why: 'since says which programs no longer use what is removed, so it must be a known version',
    remedy: 'give the version of the earlier file that added the replacement',
  },
  'contract-mix': {
    why: 'a contract step waits for old programs, and anything it adds would wait too',
    remedy: 'add it earlier, in a file of its own',
  },
  'backfill-in-ddl': {
    why: 'all rows would stay locked, together with the locks of the DDL, until the file ends',
    remedy: 'change rows in a file of its own with backfill = { table, key }',
  },
  'backfill-shape': {
    why: 'a backfill is repeated batch by batch, so it must be one statement limited to its batch',
    remedy: 'one UPDATE, INSERT, DELETE or WITH, with {batch} in the WHERE that reads the table of the mark',
  },
  'online-mix': {
    why: 'what runs outside a transaction stays half done after an error, so it must be safe to repeat',
    remedy:
      'CREATE, DROP or REINDEX … CONCURRENTLY by name, or VALIDATE, one per query(), in a file with transaction = false; nothing else there',
  },
  'no-pool-form': {
    why: 'the tables of a pool hold the rows of many shops, and their DDL is derived from the same file',
    remedy:
      'name the columns of both sides of a foreign key; use an index of several columns, and no column shop_id',
  },
  'allow-unknown': {
    why: 'only index-not-concurrent may be broken, for a table known to be small in every shop',
    remedy: 'remove the entry from allow',
  },
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** Rules that a file may break if it gives a reason. */
export const ALLOWABLE: readonly RuleName[] = ['index-not-concurrent'];
