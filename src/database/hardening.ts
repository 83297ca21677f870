import type { ClientBase } from 'pg';
import { quoteIdent } from './identifiers';
import type { Roles } from './roles';

/** A right of PUBLIC that hostile SQL inside one of our statements could use, and a query for where it exists. */
interface HardeningRule {
  /** Stable, for people and for doctor. */
  name: string;
  reason: string;
  /** As in REVOKE: the right and the kind of object. */
  right: string;
  kind: 'DATABASE' | 'FUNCTION' | 'LANGUAGE' | 'SCHEMA' | 'TABLE';
  /** Gives `object`, quoted, for each object on which PUBLIC holds the right; `columns` when on some only. */
  open: string;
}

/** True in SQL where `acl` of an object of that kind gives PUBLIC (grantee 0) the right. */
function publicHas(acl: string, kind: string, owner: string, right: string): string {
  return `EXISTS (SELECT FROM aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))) a
    WHERE a.grantee = 0 AND a.privilege_type = '${right}')`;
}

function functions(condition: string): string {
  return `SELECT p.oid::regprocedure::text AS object FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND ${condition}
      AND ${publicHas('p.proacl', 'f', 'p.proowner', 'EXECUTE')} ORDER BY 1`;
}

function catalogTables(condition: string, right: string): string {
  return `SELECT 'pg_catalog.' || quote_ident(c.relname) AS object FROM pg_class c
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v') AND ${condition}
      AND ${publicHas('c.relacl', 'r', 'c.relowner', right)} ORDER BY 1`;
}

/** Volatile functions that honest statements use and that reach nothing of others. */
const HARMLESS = [
  ...['clock_timestamp', 'timeofday', 'current_query', 'pg_is_in_recovery', 'pg_jit_available'],
  ...['random', 'random_normal', 'array_sample', 'array_shuffle'],
  ...['gen_random_uuid', 'uuidv4', 'uuidv7', 'nextval', 'currval', 'lastval', 'setval'],
];

/** Functions called by PostgreSQL itself only; an expression cannot call them. */
const INTERNAL = ['internal', 'trigger', 'event_trigger', 'language_handler', 'tsm_handler'];
const HANDLERS = ['index_am_handler', 'table_am_handler', 'fdw_handler'];

/** Shapes with any number of points, whose distances and overlaps are computed without a look at the clock. */
const ENDLESS_TYPES = `ARRAY['path'::regtype, 'polygon'::regtype]::oid[]`;

/** Functions without effects that tell of what is not the shop's; patterns of names. */
const REPORTS = [
  ...['pg_stat_get_.*', 'pg_get_.*def', 'pg_get_acl', 'pg_get_userbyid', 'pg_get_object_address'],
  ...['pg_identify_object.*', 'pg_describe_object', '(obj|col|shobj)_description', 'to_reg.*'],
  ...['has_.*_privilege', 'pg_has_role', 'pg_show_all_settings', 'pg_listening_channels', 'pg_cursor'],
  ...['pg_prepared_statement', 'pg_prepared_xact', 'pg_get_replication_slots', 'pg_tablespace_.*'],
  ...['pg_available_extension.*', 'pg_relation_file(path|node)', 'pg_filenode_relation', 'inet_server_.*'],
  ...['pg_postmaster_start_time', 'pg_conf_load_time', 'pg_database_.*', 'pg_control_.*'],
];

/**
 * What is revoked from PUBLIC, in order. Deny by default: of the functions that have an effect beyond their
 * result, PostgreSQL says itself which they are (`provolatile`), so those of a newer version are covered too.
 * The reasons and what remains: docs/security.md.
 */
export const HARDENING: readonly HardeningRule[] = [
  {
    name: 'temporary-tables',
    reason: 'a temporary table can stand in for a table of ours in the path',
    right: 'TEMPORARY',
    kind: 'DATABASE',
    open: `SELECT quote_ident(datname) AS object FROM pg_database d WHERE datname = current_database()
      AND ${publicHas('d.datacl', 'd', 'd.datdba', 'TEMPORARY')}`,
  },
  {
    name: 'code-blocks',
    reason: 'DO and CREATE FUNCTION run code that is given as text',
    right: 'USAGE',
    kind: 'LANGUAGE',
    open: `SELECT quote_ident(lanname) AS object FROM pg_language l WHERE lanname = 'plpgsql'
      AND ${publicHas('l.lanacl', 'l', 'l.lanowner', 'USAGE')}`,
  },
  {
    name: 'settings-table',
    reason: 'an UPDATE of pg_settings is a SET inside an expression: role, path, limits',
    right: 'UPDATE',
    kind: 'TABLE',
    open: catalogTables(`c.relname = 'pg_settings'`, 'UPDATE'),
  },
  {
    name: 'effects',
    reason:
      'set_config changes role and path; query_to_xml runs SQL given as text; sleep, locks, notify, large objects, signals reach beyond the shop',
    right: 'EXECUTE',
    kind: 'FUNCTION',
    open: functions(`p.provolatile = 'v' AND p.proname <> ALL ('{${HARMLESS.join(',')}}')
      AND p.prorettype::regtype::text <> ALL ('{${[...INTERNAL, ...HANDLERS].join(',')}}')`),
  },
  {
    name: 'text-as-sql',
    reason: 'they read whole tables, schemas or the database by a name given as text',
    right: 'EXECUTE',
    kind: 'FUNCTION',
    open: functions(`p.proname ~ '^(table|schema|database)_to_xml'`),
  },
  {
    name: 'endless',
    reason:
      'no timeout and no signal ends them: one statement would hold a core and a connection for as long as it likes',
    right: 'EXECUTE',
    kind: 'FUNCTION',
    open: functions(`(p.proname ~ '^(xpath|xmlexists)' OR ${ENDLESS_TYPES} && p.proargtypes::oid[]
      OR (p.prorettype = ANY (${ENDLESS_TYPES}) AND p.proname !~ '_(in|recv)$'))`),
  },
  {
    name: 'reports',
    reason:
      'they tell of other sessions, of settings, and of objects by number: names and activity of other shops',
    right: 'EXECUTE',
    kind: 'FUNCTION',
    open: functions(`p.proname ~ '^(${REPORTS.join('|')})$'`),
  },
  {
    name: 'catalogue',
    reason: 'it names every schema, role, table, column and setting of everybody',
    right: 'SELECT',
    kind: 'TABLE',
    open: catalogTables('true', 'SELECT'),
  },
  {
    name: 'catalogue-columns',
    reason: 'the same, where PUBLIC reads some columns only',
    right: 'SELECT',
    kind: 'TABLE',
    open: `SELECT 'pg_catalog.' || quote_ident(c.relname) AS object,
        string_agg(quote_ident(t.attname), ', ' ORDER BY t.attnum) AS columns
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
      WHERE c.relnamespace = 'pg_catalog'::regnamespace AND a.grantee = 0 GROUP BY c.relname ORDER BY 1`,
  },
  {
    name: 'information-schema',
    reason: 'the same in the words of the SQL standard, with the roles that one may become',
    right: 'USAGE',
    kind: 'SCHEMA',
    open: `SELECT quote_ident(nspname) AS object FROM pg_namespace n WHERE nspname = 'information_schema'
      AND ${publicHas('n.nspacl', 'n', 'n.nspowner', 'USAGE')}`,
  },
];

/** A right that PUBLIC still holds. */
export interface OpenDoor {
  rule: string;
  reason: string;
  object: string;
  /** Takes the right from PUBLIC and gives it to the owner role, for migrations and backups. */
  close: string;
}

/** What hardening would close. Empty on a hardened database. Needs a login that may read the catalogue. */
export async function openDoors(client: ClientBase, roles: Roles): Promise<OpenDoor[]> {
  const doors: OpenDoor[] = [];
  const owner = quoteIdent(roles.owner);
  for (const { name, reason, right, kind, open } of HARDENING) {
    const { rows } = await client.query<{ object: string; columns?: string }>(open);
    for (const { object, columns } of rows) {
      const on = `${right}${columns === undefined ? '' : ` (${columns})`} ON ${kind} ${object}`;
      doors.push({ rule: name, reason, object, close: `REVOKE ${on} FROM PUBLIC; GRANT ${on} TO ${owner};` });
    }
  }
  return doors;
}

/**
 * Revokes what is listed above from PUBLIC. Idempotent. The rights of `pg_catalog` belong to one database, so
 * others on the server are not touched, and `pg_dump` carries them along. Everything else that works in this
 * database as an ordinary role loses them too: the database should be ours alone.
 * @param client a superuser; others may revoke next to nothing
 * @returns what stayed open
 */
export async function harden(client: ClientBase, roles: Roles): Promise<OpenDoor[]> {
  const doors = await openDoors(client, roles);
  if (doors.length === 0) return [];
  await client.query(doors.map(({ close }) => close).join('\n'));
  return openDoors(client, roles);
}
