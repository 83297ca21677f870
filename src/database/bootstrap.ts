import type { Client } from 'pg';
import { OperatorError } from '../common/report';
import { harden, type OpenDoor, openDoors } from './hardening';
import { quoteIdent } from './identifiers';
import type { Login, Roles } from './roles';

export const MIN_SERVER_VERSION = 150_000;

/** Number of our own; only has to differ from other advisory locks in the same database. */
const BOOTSTRAP_LOCK = 7_301_001;

/** What each login starts its sessions with: login, setting, value as SQL. Doctor compares the server with it. */
export const LOGIN_SETTINGS: readonly (readonly [login: Login, name: string, value: string])[] = [
  ['admin', 'search_path', 'public, pg_temp'],
  ['public', 'search_path', 'public, pg_temp'],
  ['tenant', 'search_path', "''"],
  ['public', 'statement_timeout', "'15s'"],
  ['public', 'lock_timeout', "'5s'"],
  ['public', 'idle_in_transaction_session_timeout', "'15s'"],
  ['admin', 'lock_timeout', "'5s'"],
  ['admin', 'idle_in_transaction_session_timeout', "'60s'"],
];

/** One thing that bootstrap does, for people to read. */
export interface BootstrapStep {
  sql: string;
  why: string;
}

/**
 * Creates what is missing of the roles and grants of an installation, and hardens the database where it may.
 * Idempotent, and safe when several instances start at once. Passwords are set by `openLogins`.
 * @param client a superuser, or a role with CREATEROLE that owns the database
 * @returns rights of PUBLIC that stayed open because this role may not revoke them; none when not asked to
 * @throws OperatorError when the server is older than PostgreSQL 15; the server's own error when the role may
 *   not do it
 */
export async function bootstrap(client: Client, roles: Roles, hardening: boolean): Promise<OpenDoor[]> {
  await client.query('SELECT pg_advisory_lock($1)', [BOOTSTRAP_LOCK]); // until the connection ends
  await client.query('BEGIN');
  for (const { sql } of await bootstrapPlan(client, roles)) await client.query(sql);
  const open = hardening ? await hardenIfAllowed(client, roles) : [];
  await client.query('COMMIT');
  return open;
}

/** What `bootstrap` would run, hardening aside. Granting what is granted already changes nothing. */
export async function bootstrapPlan(client: Client, roles: Roles): Promise<BootstrapStep[]> {
  await assertVersion(client);
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  return [...(await missingRoles(client, roles)), ...grants(rows[0]!.name, roles)]; // one row by definition
}

async function hardenIfAllowed(client: Client, roles: Roles): Promise<OpenDoor[]> {
  const { rows } = await client.query<{ super: boolean }>(
    'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]?.super ? harden(client, roles) : openDoors(client, roles);
}

async function assertVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  );
  if (Number(rows[0]!.version) < MIN_SERVER_VERSION)
    throw new OperatorError(`PostgreSQL 15 or newer is needed, the server says ${rows[0]!.version}`);
}

async function missingRoles(client: Client, roles: Roles): Promise<BootstrapStep[]> {
  const wanted: [string, string, string][] = [
    [roles.owner, 'NOLOGIN', 'owns every table, of public and of every shop'],
    [roles.admin, 'LOGIN CREATEROLE', 'provisions and migrates, never serves a tenant request'],
    [roles.public, 'LOGIN', 'reads and writes the tables of public, and no shop'],
    [roles.tenant, 'LOGIN NOINHERIT', "may do nothing but become a shop's role"],
  ];
  const { rows } = await client.query<{ rolname: string }>(
    'SELECT rolname FROM pg_roles WHERE rolname = ANY($1)',
    [wanted.map(([name]) => name)],
  );
  const present = new Set(rows.map((row) => row.rolname));
  return wanted
    .filter(([name]) => !present.has(name))
    .map(([name, options, why]) => ({ sql: `CREATE ROLE ${quoteIdent(name)} ${options}`, why }));
}

function grants(database: string, roles: Roles): BootstrapStep[] {
  const db = quoteIdent(database);
  const owner = quoteIdent(roles.owner);
  const admin = quoteIdent(roles.admin);
  const publicLogin = quoteIdent(roles.public);
  const tenantLogin = quoteIdent(roles.tenant);
  const step = (why: string, ...statements: string[]) => statements.map((sql) => ({ sql, why }));
  return [
    ...step('who migrates acts as the owner', `GRANT ${owner} TO ${admin}, CURRENT_USER`),
    ...step(
      'the logins may connect; only the admin makes schemas; nobody makes temporary tables',
      `GRANT CONNECT ON DATABASE ${db} TO ${admin}, ${publicLogin}, ${tenantLogin}`,
      `GRANT CREATE ON DATABASE ${db} TO ${admin}`,
      `REVOKE TEMPORARY ON DATABASE ${db} FROM PUBLIC`,
    ),
    ...step(
      'public is for the owner and the public login, and a new table in it starts closed',
      `REVOKE ALL ON SCHEMA public FROM PUBLIC`,
      `GRANT USAGE, CREATE ON SCHEMA public TO ${owner}`,
      `GRANT USAGE ON SCHEMA public TO ${publicLogin}`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA public REVOKE ALL ON TABLES FROM ${publicLogin}`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
    ),
    ...step(
      'an unqualified name means a table of public, for the tenant login nothing; and no statement lasts for ever',
      ...LOGIN_SETTINGS.map(
        ([login, name, value]) => `ALTER ROLE ${quoteIdent(roles[login])} SET ${name} = ${value}`,
      ),
    ),
  ];
}
