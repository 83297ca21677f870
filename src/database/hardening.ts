import type { ClientBase } from 'pg';
import { quoteIdent } from './identifiers';
import type { Roles } from './roles';

/** A right of PUBLIC that hostile SQL inside one of our statements could use, with a query that finds it. */
interface HardeningRule {
  /** Stable name, for people and for doctor. */
  name: string;
  reason: string;
  /** Right and kind of object, as in REVOKE. */
  right: string;
  kind: 'DATABASE' | 'FUNCTION' | 'LANGUAGE' | 'SCHEMA' | 'TABLE';
  /** Query for `object`, quoted, of each object on which PUBLIC holds the right, and `columns` if only on some. */
  open: string;
}

/** SQL condition: `acl` of an object of that kind grants the right to PUBLIC (grantee 0). */
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

/** Volatile functions that ordinary statements use and that affect nobody else. */
const HARMLESS = [
  ...['clock_timestamp', 'timeofday', 'current_query', 'pg_is_in_recovery', 'pg_jit_available'],
  ...['random', 'random_normal', 'array_sample', 'array_shuffle'],
  ...['gen_random_uuid', 'uuidv4', 'uuidv7', 'nextval', 'currval', 'lastval', 'setval'],
];

/** Result types of functions that only PostgreSQL itself can call. */
const INTERNAL = ['internal', 'trigger', 'event_trigger', 'language_handler', 'tsm_handler'];
const HANDLERS = ['index_am_handler', 'table_am_handler', 'fdw_handler'];

/** Types with any number of points, whose distances and overlaps are computed without checks for interrupts. */
const ENDLESS_TYPES = `ARRAY['path'::regtype, 'polygon'::regtype]::oid[]`;

/** Patterns of names of functions that reveal information about other shops or the server. */
const REPORTS = [
  ...['pg_stat_get_.*', 'pg_get_.*def', 'pg_get_acl', 'pg_get_userbyid', 'pg_get_object_address'],
  ...['pg_identify_object.*', 'pg_describe_object', '(obj|col|shobj)_description', 'to_reg.*'],
  ...['has_.*_privilege', 'pg_has_role', 'pg_show_all_settings', 'pg_listening_channels', 'pg_cursor'],
  ...['pg_prepared_statement', 'pg_prepared_xact', 'pg_get_replication_slots', 'pg_tablespace_.*'],
  ...['pg_available_extension.*', 'pg_relation_file(path|node)', 'pg_filenode_relation', 'inet_server_.*'],
  ...['pg_postmaster_start_time', 'pg_conf_load_time', 'pg_database_.*', 'pg_control_.*'],
];

/**
 * Rights that are revoked from PUBLIC, in order. Deny by default: PostgreSQL itself marks functions with an effect
 * beyond their result (`provolatile`), so those of newer versions are covered too. docs/security.md gives the reasons
 * and what remains possible.
 */
export const HARDENING: readonly HardeningRule[] = [
  {
    name: 'temporary-tables',
    reason: 'a temporary table can shadow one of our tables',
    right: 'TEMPORARY',
    kind: 'DATABASE',
    open: `SELECT quote_ident(datname) AS object FROM pg_database d WHERE datname = current_database()
      AND ${publicHas('d.datacl', 'd', 'd.datdba', 'TEMPORARY')}`,
  },
  {
    name: 'code-blocks',
    reason: 'DO and CREATE FUNCTION run code given as text',
    right: 'USAGE',
    kind: 'LANGUAGE',
    open: `SELECT quote_ident(lanname) AS object FROM pg_language l WHERE lanname = 'plpgsql'
      AND ${publicHas('l.lanacl', 'l', 'l.lanowner', 'USAGE')}`,
  },
  {
    name: 'settings-table',
    reason: 'an UPDATE of pg_settings works like SET: it changes role, path and limits',
    right: 'UPDATE',
    kind: 'TABLE',
    open: catalogTables(`c.relname = 'pg_settings'`, 'UPDATE'),
  },
  {
    name: 'effects',
    reason:
      'set_config changes role and path; query_to_xml runs SQL given as text; sleep, locks, notify, large objects and signals have effects outside the shop',
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
      'no timeout and no signal ends them: one statement could occupy a core and a connection indefinitely',
    right: 'EXECUTE',
    kind: 'FUNCTION',
    open: functions(`(p.proname ~ '^(xpath|xmlexists)' OR ${ENDLESS_TYPES} && p.proargtypes::oid[]
      OR (p.prorettype = ANY (${ENDLESS_TYPES}) AND p.proname !~ '_(in|recv)$'))`),
  },
  {
    name: 'reports',
    reason: 'they reveal other sessions, settings and objects: names and activity of other shops',
    right: 'EXECUTE',
    kind: 'FUNCTION',
    open: functions(`p.proname ~ '^(${REPORTS.join('|')})$'`),
  },
  {
    name: 'catalogue',
    reason: 'it lists every schema, role, table, column and setting',
    right: 'SELECT',
    kind: 'TABLE',
    open: catalogTables('true', 'SELECT'),
  },
  {
    name: 'catalogue-columns',
    reason: 'catalogue tables of which PUBLIC may read some columns',
    right: 'SELECT',
    kind: 'TABLE',
    open: `SELECT 'pg_catalog.' || quote_ident(c.relname) AS object,
        string_agg(quote_ident(t.attname), ', ' ORDER BY t.attnum) AS columns
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
      WHERE c.relnamespace = 'pg_catalog'::regnamespace AND a.grantee = 0 GROUP BY c.relname ORDER BY 1`,
  },
  {
    name: 'information-schema',
    reason: 'the catalogue in the terms of the SQL standard, with the roles that a login may become',
    right: 'USAGE',
    kind: 'SCHEMA',
    open: `SELECT quote_ident(nspname) AS object FROM pg_namespace n WHERE nspname = 'information_schema'
      AND ${publicHas('n.nspacl', 'n', 'n.nspowner', 'USAGE')}`,
  },
];

/** A right that PUBLIC still holds. */
export interface PublicRight {
  rule: string;
  reason: string;
  object: string;
  /** Statement that revokes the right from PUBLIC and grants it to the owner role, for migrations and backups. */
  close: string;
}

/** Lists rights that hardening revokes; empty on a hardened database. The login must be able to read the catalogue. */
export async function findPublicRights(client: ClientBase, roles: Roles): Promise<PublicRight[]> {
  const rights: PublicRight[] = [];
  const owner = quoteIdent(roles.owner);
  for (const { name, reason, right, kind, open } of HARDENING) {
    const { rows } = await client.query<{ object: string; columns?: string }>(open);
    for (const { object, columns } of rows) {
      const on = `${right}${columns === undefined ? '' : ` (${columns})`} ON ${kind} ${object}`;
      rights.push({
        rule: name,
        reason,
        object,
        close: `REVOKE ${on} FROM PUBLIC; GRANT ${on} TO ${owner};`,
      });
    }
  }
  return rights;
}

/**
 * Revokes the rights listed above from PUBLIC. Idempotent. Rights on `pg_catalog` belong to one database: other
 * databases on the server are not affected, and `pg_dump` includes them. Other programs that use this database as
 * ordinary roles lose them too, so the database should be ours alone.
 * @param client a superuser; other roles may revoke next to nothing
 * @returns rights that PUBLIC still holds
 */
export async function harden(client: ClientBase, roles: Roles): Promise<PublicRight[]> {
  const rights = await findPublicRights(client, roles);
  if (rights.length === 0) return [];
  await client.query(rights.map(({ close }) => close).join('\n'));
  return findPublicRights(client, roles);
}
