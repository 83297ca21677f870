import type { Client } from 'pg';
import { OperatorError } from '../common/report';
import { INVALID_PASSWORD, sqlState } from '../common/sqlstate';
import { quoteIdent, quoteLiteral } from './identifiers';
import { type Logins, type Roles, rolesOf } from './roles';
import { type Secrets, scramVerifier } from './secrets';
import { withClient } from './with-client';

export const MIN_SERVER_VERSION = 150_000;

/** Number of our own; only has to differ from other advisory locks in the same database. */
const BOOTSTRAP_LOCK = 7_301_001;

/**
 * Creates what is missing of the roles and grants of an installation, and the passwords of its logins.
 * Idempotent, and safe when several instances start at once.
 * @param adminUrl a superuser, or a role with CREATEROLE that owns the database
 * @throws OperatorError when the server is older than PostgreSQL 15, or an instance with another secret runs;
 *   the server's own error when the URL's role may not do it
 */
export async function bootstrap(adminUrl: string, secrets: Secrets): Promise<Logins> {
  return withClient(adminUrl, 'bootstrap', async (client) => {
    await assertVersion(client);
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    const database = rows[0]!.name; // one row by definition
    const roles = rolesOf(database);
    await client.query('SELECT pg_advisory_lock($1)', [BOOTSTRAP_LOCK]); // until the connection ends
    await client.query('BEGIN');
    for (const statement of await missingRoles(client, roles)) await client.query(statement);
    for (const statement of grants(database, roles)) await client.query(statement);
    await client.query('COMMIT');
    return passwords(client, adminUrl, roles, secrets);
  });
}

async function assertVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  );
  if (Number(rows[0]!.version) < MIN_SERVER_VERSION)
    throw new OperatorError(`PostgreSQL 15 or newer is needed, the server says ${rows[0]!.version}`);
}

async function missingRoles(client: Client, roles: Roles): Promise<string[]> {
  const wanted: [string, string][] = [
    [roles.owner, 'NOLOGIN'],
    [roles.admin, 'LOGIN CREATEROLE'],
    [roles.public, 'LOGIN'],
    [roles.tenant, 'LOGIN NOINHERIT'],
  ];
  const { rows } = await client.query<{ rolname: string }>(
    'SELECT rolname FROM pg_roles WHERE rolname = ANY($1)',
    [wanted.map(([name]) => name)],
  );
  const present = new Set(rows.map((row) => row.rolname));
  return wanted
    .filter(([name]) => !present.has(name))
    .map(([name, options]) => `CREATE ROLE ${quoteIdent(name)} ${options}`);
}

/** Granting what is granted already changes nothing, so these run at each start. */
function grants(database: string, roles: Roles): string[] {
  const db = quoteIdent(database);
  const owner = quoteIdent(roles.owner);
  const admin = quoteIdent(roles.admin);
  const publicLogin = quoteIdent(roles.public);
  const tenantLogin = quoteIdent(roles.tenant);
  return [
    `GRANT ${owner} TO ${admin}, CURRENT_USER`,
    `GRANT CONNECT ON DATABASE ${db} TO ${admin}, ${publicLogin}, ${tenantLogin}`,
    `GRANT CREATE ON DATABASE ${db} TO ${admin}`,
    `REVOKE TEMPORARY ON DATABASE ${db} FROM PUBLIC`,
    `REVOKE ALL ON SCHEMA public FROM PUBLIC`,
    `GRANT USAGE, CREATE ON SCHEMA public TO ${owner}`,
    `GRANT USAGE ON SCHEMA public TO ${publicLogin}`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA public
       REVOKE ALL ON TABLES FROM ${publicLogin}`,
    `ALTER ROLE ${admin} SET search_path = public, pg_temp`,
    `ALTER ROLE ${publicLogin} SET search_path = public, pg_temp`,
    `ALTER ROLE ${tenantLogin} SET search_path = ''`,
    `ALTER ROLE ${publicLogin} SET statement_timeout = '15s'`,
    `ALTER ROLE ${publicLogin} SET lock_timeout = '5s'`,
    `ALTER ROLE ${publicLogin} SET idle_in_transaction_session_timeout = '15s'`,
    `ALTER ROLE ${admin} SET lock_timeout = '5s'`,
    `ALTER ROLE ${admin} SET idle_in_transaction_session_timeout = '60s'`,
  ];
}

/** Sets the password of each login that cannot log in with the one derived from the secret. */
async function passwords(client: Client, adminUrl: string, roles: Roles, secrets: Secrets): Promise<Logins> {
  const login = async (kind: keyof Logins): Promise<string> => {
    const role = roles[kind];
    const password = secrets.derive(`database login ${kind}`);
    const url = new URL(adminUrl);
    url.username = encodeURIComponent(role);
    url.password = password;
    if (await canLogIn(url.href)) return url.href;
    await assertUnused(client, role);
    await client.query(`ALTER ROLE ${quoteIdent(role)} PASSWORD ${quoteLiteral(scramVerifier(password))}`);
    return url.href;
  };
  return { admin: await login('admin'), public: await login('public'), tenant: await login('tenant') };
}

/**
 * A new password would lock out an instance that works with another secret.
 * @throws OperatorError when somebody is logged in as the role
 */
async function assertUnused(client: Client, role: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_stat_activity WHERE usename = $1 LIMIT 1', [role]);
  if (rowCount !== 0)
    throw new OperatorError(
      'Another instance works on this database with a different APP_SECRET. Start this one with the same.',
    );
}

async function canLogIn(url: string): Promise<boolean> {
  try {
    return await withClient(url, 'bootstrap', () => Promise.resolve(true));
  } catch (error) {
    if (sqlState(error) === INVALID_PASSWORD) return false;
    throw error;
  }
}
