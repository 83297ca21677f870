/** Names that a payload may use. */
export interface Target {
  /** Schema and role of the attacker's own shop, and of another shop. */
  own: string;
  other: string;
  database: string;
}

export interface Payload {
  name: string;
  kind: string;
  /** An expression for each position of a statement, a whole statement, or a second statement after ours. */
  form: 'expression' | 'statement' | 'stacked';
  text: (target: Target) => string;
  /** SQLSTATEs with which PostgreSQL refuses it without hardening; absent if it runs there. */
  refused?: string[];
}

type Text = string | ((target: Target) => string);
type Entry = [name: string, text: Text, refused?: string[]];

const DENIED = ['42501'];
const SYNTAX = ['42601'];
/** A read-only transaction refuses it before rights are checked; in a writing one rights refuse it. */
const READ_ONLY = ['25006'];
const NO_OBJECT = ['42704', ...READ_ONLY];

function payloads(kind: string, form: Payload['form'], entries: Entry[]): Payload[] {
  return entries.map(([name, text, refused]) => ({
    ...{ name, kind, form, text: typeof text === 'string' ? () => text : text },
    ...(refused === undefined ? {} : { refused }),
  }));
}

const rowsOf = (relation: string): Text => `SELECT count(*) FROM ${relation}`;
const catalogue = (relation: string): Entry => [relation, rowsOf(relation)];
const quote = (text: string): string => `$q$${text}$q$`; // without single quotes, so that it fits into every position
const secrets = ({ other }: Target) => `SELECT * FROM ${other}.orders`;

/** Scalar expressions, which can be added to a condition, an order or a limit. */
const EXPRESSIONS: Payload[] = [
  ...payloads('settings', 'expression', [
    ['set_config role', ({ other }) => `SELECT set_config('role', '${other}', true)`],
    ['set_config role, for the session', ({ other }) => `SELECT set_config('role', '${other}', false)`],
    ['set_config search_path', ({ other }) => `SELECT set_config('search_path', '${other}', false)`],
    ['set_config statement_timeout', `SELECT set_config('statement_timeout', '0', true)`],
    ['set_config idle timeout', `SELECT set_config('idle_in_transaction_session_timeout', '0', true)`],
    ['set_config work_mem', `SELECT set_config('work_mem', '1GB', true)`],
  ]),
  ...payloads('runs text as SQL', 'expression', [
    ['query_to_xml', () => `SELECT query_to_xml(${quote('SELECT 1')}, true, true, '')`],
    [
      'query_to_xml of another shop',
      (t) => `SELECT query_to_xml(${quote(secrets(t))}, true, true, '')`,
      DENIED,
    ],
    [
      'query_to_xml that becomes another shop',
      ({ other }) =>
        `SELECT query_to_xml(${quote(`SELECT set_config('role', '${other}', true)`)}, true, true, '')`,
    ],
    ['query_to_xmlschema', () => `SELECT query_to_xmlschema(${quote('SELECT 1')}, true, true, '')`],
    [
      'query_to_xml_and_xmlschema',
      () => `SELECT query_to_xml_and_xmlschema(${quote('SELECT 1')}, true, true, '')`,
    ],
    ['table_to_xml', `SELECT table_to_xml('products', true, true, '')`],
    ['table_to_xmlschema', `SELECT table_to_xmlschema('products', true, true, '')`],
    ['schema_to_xml', ({ own }) => `SELECT schema_to_xml('${own}', true, true, '')`],
    ['schema_to_xmlschema', ({ own }) => `SELECT schema_to_xmlschema('${own}', true, true, '')`],
    ['database_to_xmlschema', `SELECT database_to_xmlschema(true, true, '')`],
    ['cursor_to_xml', `SELECT cursor_to_xml('none', 1, true, true, '')`, ['34000']],
    ['ts_stat', () => `SELECT count(*) FROM ts_stat(${quote("SELECT 'a'::tsvector")})`],
    ['ts_rewrite', () => `SELECT ts_rewrite('a'::tsquery, ${quote("SELECT 'a'::tsquery, 'b'::tsquery")})`],
  ]),
  ...payloads(
    'reads the catalogue',
    'expression',
    [
      'pg_class',
      'pg_namespace',
      'pg_roles',
      'pg_user',
      'pg_auth_members',
      'pg_database',
      'pg_stat_activity',
      'pg_stat_user_tables',
      'pg_locks',
      'pg_settings',
      'pg_tables',
      'pg_proc',
      'pg_attribute',
      'pg_db_role_setting',
      'pg_prepared_statements',
      'pg_cursors',
      'information_schema.tables',
      'information_schema.schemata',
      'information_schema.applicable_roles',
      'information_schema.enabled_roles',
      'information_schema.role_table_grants',
    ].map(catalogue),
  ),
  ...payloads('reads the catalogue', 'expression', [
    ['pg_authid', rowsOf('pg_authid'), DENIED],
    ['pg_shadow', rowsOf('pg_shadow'), DENIED],
    ['a name by regclass', ({ other }) => `SELECT to_regclass('${other}.orders')::text`, DENIED],
    ['current_setting', `SELECT current_setting('data_directory')`, DENIED],
    [
      'pg_get_userbyid',
      `SELECT string_agg(pg_get_userbyid(i::oid), ',') FROM generate_series(16384, 16500) i`,
    ],
    ['pg_describe_object', `SELECT pg_describe_object(1259, 1259, 0)`],
    ['has_schema_privilege', ({ other }) => `SELECT has_schema_privilege('${other}', 'USAGE')`],
    ['pg_has_role', ({ other }) => `SELECT pg_has_role('${other}', 'MEMBER')`],
  ]),
  ...payloads('functions behind the catalogue', 'expression', [
    ['pg_show_all_settings', rowsOf('pg_show_all_settings()')],
    ['pg_lock_status', rowsOf('pg_lock_status()')],
    ['pg_prepared_statement', rowsOf('pg_prepared_statement()')],
    ['pg_prepared_xact', rowsOf('pg_prepared_xact()')],
    ['pg_cursor', rowsOf('pg_cursor()')],
    ['pg_available_extensions', rowsOf('pg_available_extensions()')],
    ['pg_get_replication_slots', rowsOf('pg_get_replication_slots()')],
    ['pg_blocking_pids', `SELECT pg_blocking_pids(1)`],
    ['pg_control_system', `SELECT count(*) FROM pg_control_system()`],
    ['pg_relation_filepath', `SELECT pg_relation_filepath(1259)`],
    ['pg_identify_object', `SELECT pg_identify_object(1259, 1259, 0)`],
    [
      'pg_get_constraintdef',
      `SELECT string_agg(pg_get_constraintdef(i::oid), ',') FROM generate_series(1, 9) i`,
    ],
    ['pg_get_indexdef', `SELECT pg_get_indexdef(2662)`],
    ['pg_get_viewdef', `SELECT pg_get_viewdef(1::oid)`],
    ['obj_description', `SELECT obj_description(1259, 'pg_class')`],
    ['pg_export_snapshot', `SELECT pg_export_snapshot()`],
    ['pg_logical_emit_message', `SELECT pg_logical_emit_message(false, 'a', 'b')`],
  ]),
  ...payloads('sizes and statistics', 'expression', [
    ['pg_relation_size', `SELECT pg_relation_size('products')`],
    ['pg_total_relation_size', `SELECT pg_total_relation_size('products')`],
    ['pg_table_size', `SELECT pg_table_size('products')`],
    ['pg_database_size', ({ database }) => `SELECT pg_database_size('${database}')`],
    ['pg_stat_get_activity', `SELECT count(*) FROM pg_stat_get_activity(NULL)`],
    ['pg_stat_get_live_tuples', `SELECT pg_stat_get_live_tuples(1259)`],
    ['pg_stat_get_backend_idset', `SELECT count(*) FROM pg_stat_get_backend_idset()`],
  ]),
  ...payloads('large objects', 'expression', [
    ['lo_create', 'SELECT lo_create(0)'],
    ['lo_creat', 'SELECT lo_creat(-1)'],
    ['lo_from_bytea', `SELECT lo_from_bytea(0, 'x')`],
    ['lo_import', `SELECT lo_import('/etc/passwd')`, DENIED],
    ['lo_export', `SELECT lo_export(1, '/tmp/x')`, DENIED],
    ['lo_put', `SELECT lo_put(1, 0, 'x')`, NO_OBJECT],
    ['lo_get', 'SELECT lo_get(1)', NO_OBJECT],
    ['lo_open', 'SELECT lo_open(1, 262144)', NO_OBJECT],
    ['loread', 'SELECT loread(0, 1)', NO_OBJECT],
    ['lowrite', `SELECT lowrite(0, 'x')`, NO_OBJECT],
    ['lo_unlink', 'SELECT lo_unlink(1)', NO_OBJECT],
    ['a large object in a CTE', 'WITH made AS (SELECT lo_create(0) AS id) SELECT id FROM made'],
  ]),
  ...payloads('blocks others', 'expression', [
    ['pg_sleep', 'SELECT pg_sleep(0.01)'],
    ['pg_sleep_for', `SELECT pg_sleep_for('10 milliseconds')`],
    ['pg_sleep_until', 'SELECT pg_sleep_until(now())'],
    ['pg_advisory_lock', 'SELECT pg_advisory_lock(7301001)'],
    ['pg_advisory_xact_lock', 'SELECT pg_advisory_xact_lock(1)'],
    ['pg_try_advisory_lock', 'SELECT pg_try_advisory_lock(2)'],
    ['pg_advisory_unlock_all', 'SELECT pg_advisory_unlock_all()'],
    ['pg_notify', `SELECT pg_notify('a', 'b')`],
    ['pg_terminate_backend', 'SELECT pg_terminate_backend(-1)'],
    ['pg_cancel_backend', 'SELECT pg_cancel_backend(-1)'],
  ]),
  ...payloads('files and servers', 'expression', [
    ['pg_read_file', `SELECT pg_read_file('PG_VERSION')`, DENIED],
    ['pg_ls_dir', `SELECT count(*) FROM pg_ls_dir('.')`, DENIED],
    ['pg_stat_file', `SELECT (pg_stat_file('PG_VERSION')).size`, DENIED],
    ['pg_reload_conf', 'SELECT pg_reload_conf()', DENIED],
    ['dblink', `SELECT dblink('host=127.0.0.1', 'SELECT 1')`, ['42883']],
  ]),
  ...payloads('ignores timeouts', 'expression', [
    ['xpath', `SELECT xpath('count(//a)', '<a/>'::xml)`],
    ['xmlexists', `SELECT xmlexists('//a' PASSING ('<a/>'::xml))`],
    ['XMLTABLE', `SELECT x FROM XMLTABLE('//a' PASSING ('<a/>'::xml) COLUMNS x text PATH '.')`, []],
    ['distance of paths', `SELECT path '((0,0),(1,1))' <-> path '((2,2),(3,3))'`],
    ['overlap of polygons', `SELECT polygon '((0,0),(1,1),(1,0))' && polygon '((2,2),(3,3),(3,2))'`],
    ['a polygon of a circle', `SELECT polygon(8, circle '((0,0),1)')`],
    ['setseed', 'SELECT setseed(0.5)'],
  ]),
  ...payloads("others' tables", 'expression', [
    ["another shop's orders", ({ other }) => `SELECT count(*) FROM ${other}.orders`, DENIED],
    ["another shop's products", ({ other }) => `SELECT max(name) FROM ${other}.products`, DENIED],
    ['public.users', 'SELECT max(password_hash) FROM public.users', DENIED],
    ['public.refresh_tokens', 'SELECT max(token_hash) FROM public.refresh_tokens', DENIED],
    ['a sequence', ({ other }) => `SELECT nextval('${other}.numbers')`, DENIED],
    ['currval', ({ other }) => `SELECT currval('${other}.numbers')`, DENIED],
  ]),
];

/** A second statement after ours: the extended protocol accepts one. */
const STACKED: Payload[] = payloads('stacked', 'stacked', [
  ['SET ROLE', ({ other }) => `SET ROLE ${other}`, SYNTAX],
  ['RESET ROLE', 'RESET ROLE', SYNTAX],
  ['COMMIT', 'COMMIT', SYNTAX],
  ['DELETE', 'DELETE FROM products', SYNTAX],
  ['becoming another shop and reading', (t) => `SET ROLE ${t.other}; ${secrets(t)}`, SYNTAX],
]);

/** Whole statements that rights can refuse. */
const STATEMENTS: Payload[] = [
  ...payloads('settings', 'statement', [
    ['UPDATE pg_settings', ({ other }) => `UPDATE pg_settings SET setting = '${other}' WHERE name = 'role'`],
    ['ALTER SYSTEM', `ALTER SYSTEM SET work_mem = '1GB'`, [...DENIED, '25001']],
    ['ALTER ROLE', ({ own }) => `ALTER ROLE ${own} LOGIN`, [...DENIED, ...READ_ONLY]],
    ['SET SESSION AUTHORIZATION', ({ other }) => `SET SESSION AUTHORIZATION ${other}`, DENIED],
    ['SET ROLE to the owner', ({ database }) => `SET ROLE ${database}_owner`, DENIED],
    ['SET ROLE to the admin login', ({ database }) => `SET ROLE ${database}_admin`, DENIED],
  ]),
  ...payloads('runs code', 'statement', [
    ['DO', 'DO $$ BEGIN PERFORM 1; END $$'],
    ['COPY TO PROGRAM', `COPY products TO PROGRAM 'cat'`, DENIED],
    ['COPY FROM PROGRAM', `COPY products FROM PROGRAM 'id'`, [...DENIED, ...READ_ONLY]],
    ['COPY TO a file', `COPY products TO '/tmp/x'`, DENIED],
    [
      'CREATE FUNCTION',
      `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      [...DENIED, ...READ_ONLY],
    ],
    ['CREATE EXTENSION', 'CREATE EXTENSION dblink', [...DENIED, ...READ_ONLY, '58P01', '0A000']],
  ]),
  ...payloads('creates objects', 'statement', [
    ['CREATE TEMP TABLE', 'CREATE TEMP TABLE t (id int)', [...DENIED, ...READ_ONLY]],
    ['CREATE TABLE', 'CREATE TABLE t (id int)', [...DENIED, ...READ_ONLY]],
    ['CREATE SCHEMA', 'CREATE SCHEMA s', [...DENIED, ...READ_ONLY]],
    ['DROP TABLE', 'DROP TABLE orders', [...DENIED, ...READ_ONLY]],
  ]),
  ...payloads("others' tables", 'statement', [
    ["another shop's orders", secrets, DENIED],
    ["INSERT into another shop's", ({ other }) => `INSERT INTO ${other}.counters VALUES ('x', 1)`, DENIED],
    ['UPDATE of the own members', `UPDATE members SET role = 'owner'`, [...DENIED, ...READ_ONLY]],
    ['public.users', 'SELECT * FROM public.users', DENIED],
    ['LOCK of another shop', ({ other }) => `LOCK TABLE ${other}.orders`, DENIED],
  ]),
];

/** Whole statements for which PostgreSQL checks no right, so nothing can be revoked: they are not sent. */
const UNSENT: Payload[] = [
  ...payloads('no right exists', 'statement', [
    ['SET ROLE', ({ other }) => `SET ROLE ${other}`],
    ['SET LOCAL ROLE', ({ other }) => `SET LOCAL ROLE ${other}`],
    ['RESET ROLE', 'RESET ROLE'],
    ['SET search_path', ({ other }) => `SET LOCAL search_path TO ${other}`],
    ['SET statement_timeout', 'SET LOCAL statement_timeout = 0'],
    ['COMMIT', 'COMMIT'],
    ['ROLLBACK', 'ROLLBACK'],
    ['LISTEN', 'LISTEN a'],
    ['NOTIFY', `NOTIFY a, 'b'`],
    ['PREPARE', 'PREPARE p AS SELECT 1'],
    ['DECLARE', 'DECLARE c CURSOR FOR SELECT 1'],
    ['LOCK of the own table', 'LOCK TABLE products IN ACCESS SHARE MODE'],
    ['EXPLAIN', 'EXPLAIN SELECT 1'],
    ['GRANT, a warning without effect', ({ other }) => `GRANT SELECT ON products TO ${other}`],
  ]),
];

export const CORPUS: Payload[] = [...EXPRESSIONS, ...STACKED, ...STATEMENTS, ...UNSENT];

/** Payloads that run on a hardened database, because PostgreSQL checks no right for them. They show no rows. */
export const KNOWN_OPEN: Payload[] = [
  ...payloads('names without rows', 'expression', [
    [
      'schemas by number',
      `SELECT string_agg(i::oid::regnamespace::text, ',') FROM generate_series(16384, 17000) i`,
    ],
    ['roles by number', `SELECT string_agg(i::oid::regrole::text, ',') FROM generate_series(16384, 17000) i`],
    [
      'tables by number',
      `SELECT string_agg(i::oid::regclass::text, ',') FROM generate_series(16384, 17000) i`,
    ],
  ]),
  ...payloads('settings of the own session', 'statement', [['SHOW', 'SHOW search_path']]),
];
