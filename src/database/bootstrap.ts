import type { Client } from 'pg';
import { OperatorError } from '../common/report';
import { harden, type PublicRight, findPublicRights } from './hardening';
import { quoteIdent } from './identifiers';
import type { Login, Roles } from './roles';

export const MIN_SERVER_VERSION = 150_000;

/** Advisory lock key; it only has to differ from other keys in the same database. */
const BOOTSTRAP_LOCK = 7_301_001;

/** Session settings of each login: login, setting, value as SQL. Doctor compares the server with this list. */
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

/** One statement of bootstrap, with its reason. */
export interface BootstrapStep {
  sql: string;
  why: string;
}

/**
 * Creates the missing roles and grants of an installation, and hardens the database if the role may. Idempotent, and
 * safe when several instances start at once. `openLogins` sets the passwords.
 * @param client a superuser, or a role with CREATEROLE that owns the database
 * @param hardening whether to harden
 * @returns rights that PUBLIC still holds because this role may not revoke them; empty without hardening
 * @throws OperatorError when the server is older than PostgreSQL 15; the server's error when the role lacks a right
 */
export async function bootstrap(client: Client, roles: Roles, hardening: boolean): Promise<PublicRight[]> {
  await client.query('SELECT pg_advisory_lock($1)', [BOOTSTRAP_LOCK]); // until the connection ends
  await client.query('BEGIN');
  for (const { sql } of await bootstrapPlan(client, roles)) await client.query(sql);
  const open = hardening ? await hardenIfAllowed(client, roles) : [];
  await client.query('COMMIT');
  return open;
}

/** Statements that `bootstrap` runs, apart from hardening. A GRANT of an existing right changes nothing. */
export async function bootstrapPlan(client: Client, roles: Roles): Promise<BootstrapStep[]> {
  await assertVersion(client);
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  return [
    ...(await missingRoles(client, roles)),
    ...grants(rows[0]!.name, roles), // one row by definition
    ...((await isSuperuser(client)) ? [statistics(roles)] : []),
  ];
}

async function hardenIfAllowed(client: Client, roles: Roles): Promise<PublicRight[]> {
  return (await isSuperuser(client)) ? harden(client, roles) : findPublicRights(client, roles);
}

async function isSuperuser(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ super: boolean }>(
    'SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]?.super ?? false;
}

/** Only a superuser may grant it. */
function statistics({ owner }: Roles): BootstrapStep {
  return {
    sql: `GRANT pg_read_all_stats TO ${quoteIdent(owner)}`,
    why: 'a function of the owner shows operators the statements that wait for locks',
  };
}

async function assertVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  );
  if (Number(rows[0]!.version) < MIN_SERVER_VERSION)
    throw new OperatorError(`PostgreSQL 15 or newer is required; the server reports ${rows[0]!.version}.`);
}

async function missingRoles(client: Client, roles: Roles): Promise<BootstrapStep[]> {
  const wanted: [string, string, string][] = [
    [roles.owner, 'NOLOGIN', 'owns every table of public and of every shop'],
    [roles.admin, 'LOGIN CREATEROLE', 'provisions and migrates; never serves a tenant request'],
    [roles.public, 'LOGIN', 'reads and writes the tables of public, and has no access to shops'],
    [roles.tenant, 'LOGIN NOINHERIT', "may only become a shop's role"],
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
    ...step('migrations run as the owner', `GRANT ${owner} TO ${admin}, CURRENT_USER`),
    ...step(
      'the logins may connect; only the admin creates schemas; nobody creates temporary tables',
      `GRANT CONNECT ON DATABASE ${db} TO ${admin}, ${publicLogin}, ${tenantLogin}`,
      `GRANT CREATE ON DATABASE ${db} TO ${admin}`,
      `REVOKE TEMPORARY ON DATABASE ${db} FROM PUBLIC`,
    ),
    ...step(
      'only the owner and the public login use public, and a new table in it grants nothing',
      `REVOKE ALL ON SCHEMA public FROM PUBLIC`,
      `GRANT USAGE, CREATE ON SCHEMA public TO ${owner}`,
      `GRANT USAGE ON SCHEMA public TO ${publicLogin}`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA public REVOKE ALL ON TABLES FROM ${publicLogin}`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
    ),
    ...step(
      'an unqualified name is a table of public, and for the tenant login nothing; every statement has a time limit',
      ...LOGIN_SETTINGS.map(
        ([login, name, value]) => `ALTER ROLE ${quoteIdent(roles[login])} SET ${name} = ${value}`,
      ),
    ),
  ];
}
