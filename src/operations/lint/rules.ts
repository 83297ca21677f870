interface Rule {
  why: string;
  /** What to write instead. */
  remedy: string;
}

/** Every rule of the linter. docs/migration-rules.md holds the same table; a test compares them. */
export const RULES = {
  unparsable: {
    why: "PostgreSQL's own parser refuses the statement",
    remedy: 'correct the SQL',
  },
  'schema-qualified': {
    why: 'the same file runs in the schema of every shop, which the search path names',
    remedy: 'leave the schema out',
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
    why: 'a value of an enum can never be removed, and each schema would own a type',
    remedy: 'use text with a named CHECK',
  },
  trigger: {
    why: 'a trigger hides work from the reader of the code and is lost when a table is sharded',
    remedy: 'do it in the service, in the same transaction',
  },
  extension: {
    why: 'an extension belongs to the database and needs rights that a migration of a shop lacks',
    remedy: 'install it when the server is set up',
  },
  'forbidden-object': {
    why: 'a shop has plain tables, indexes and rows; anything else must be granted, copied and checked too',
    remedy: 'use plain tables, constraints and indexes',
  },
  'newer-syntax': {
    why: 'PostgreSQL 15 is supported and does not know it',
    remedy: 'write it in the way of PostgreSQL 15',
  },
  'unnamed-constraint': {
    why: 'PostgreSQL would make up a name, and a later migration needs the name',
    remedy: 'write CONSTRAINT and a name, such as products_name_check; give an index a name too',
  },
  'transaction-control': {
    why: 'the migrator opens and ends the transaction and sets its limits',
    remedy: 'leave it out; set a mark on the class if the file needs to run in another way',
  },
  'index-not-concurrent': {
    why: 'the table takes no write while the index is built',
    remedy: 'CREATE INDEX CONCURRENTLY in a file of its own with transaction = false',
  },
  'set-not-null-unchecked': {
    why: 'PostgreSQL reads the whole table while nobody else may use it',
    remedy: 'ADD CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in an online file, then SET NOT NULL',
  },
  'not-null-without-default': {
    why: 'it fails as soon as the table has a row',
    remedy: 'give a DEFAULT, or add the column nullable, backfill it, then SET NOT NULL',
  },
  'volatile-default': {
    why: 'PostgreSQL writes the whole table anew while nobody else may use it',
    remedy: 'add the column without it, SET DEFAULT for new rows, backfill the old ones',
  },
  'constraint-not-valid-first': {
    why: 'PostgreSQL checks or indexes the whole table while nobody may write to it',
    remedy: 'ADD … NOT VALID, then VALIDATE online; for a key, a unique index online, then ADD … USING INDEX',
  },
  'column-type-change': {
    why: 'the program that still runs reads and writes the old type, and the table may be written anew',
    remedy: 'add a column of the new type, backfill it, remove the old one in a contract step',
  },
  'drop-or-rename': {
    why: 'the program that still runs uses it',
    remedy: 'add the new thing now; take the old one away in a file with contract = { since }',
  },
  'contract-since': {
    why: 'since tells which programs no longer use what is taken away; the version must be known',
    remedy: 'name the version of the earlier file that brought what replaces it',
  },
  'contract-mix': {
    why: 'a contract step waits for old programs; what it adds would wait with it',
    remedy: 'add in a file of its own, before',
  },
  'backfill-in-ddl': {
    why: 'all rows would stay locked, with the locks of the DDL, until the file is done',
    remedy: 'change rows in a file of its own with backfill = { table, key }',
  },
  'backfill-shape': {
    why: 'a backfill is repeated batch by batch, so it must be one statement limited to its batch',
    remedy: 'one UPDATE, INSERT, DELETE or WITH, with {batch} in the WHERE that reads the table of the mark',
  },
  'online-mix': {
    why: 'what runs outside of a transaction stays half done after an error, so it must be safe to repeat',
    remedy:
      'CREATE, DROP or REINDEX … CONCURRENTLY by name and VALIDATE, one a query(), in files with transaction = false; nothing else there',
  },
  'allow-unknown': {
    why: 'only index-not-concurrent may be broken, for a table known to be small in every shop',
    remedy: 'remove the entry from allow',
  },
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** Rules that a file may break with a reason. */
export const ALLOWABLE: readonly RuleName[] = ['index-not-concurrent'];
