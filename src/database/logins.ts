import type { Client } from 'pg';
import { OperatorError } from '../common/report';
import { INVALID_PASSWORD, sqlState } from '../common/sqlstate';
import { quoteIdent, quoteLiteral } from './identifiers';
import type { Login, Roles } from './roles';
import { isVerifierOf, type Secrets, scramVerifier } from './secrets';
import { withClient } from './with-client';

/**
 * URL of a login, with its derived password.
 * @param server any URL of the database; its user and password are ignored
 */
export function loginUrl(server: string, roles: Roles, login: Login, secrets: Secrets): string {
  const url = new URL(server);
  url.username = encodeURIComponent(roles[login]);
  url.password = passwordOf(login, secrets);
  return url.href;
}

function passwordOf(login: Login, secrets: Secrets): string {
  return secrets.derive(`database login ${login}`);
}

/**
 * Sets the password of a login, unless it already has the one derived from the secret.
 * @returns URL of the login
 * @throws OperatorError when another instance is logged in with another password: a new one would lock it out
 */
export async function openLogin(
  client: Client,
  adminUrl: string,
  roles: Roles,
  login: Login,
  secrets: Secrets,
): Promise<string> {
  const url = loginUrl(adminUrl, roles, login, secrets);
  const password = passwordOf(login, secrets);
  const stored = await storedVerifier(client, roles[login]);
  if (stored === undefined ? await canLogIn(url) : stored !== null && isVerifierOf(password, stored))
    return url;
  if (stored !== null) await assertUnused(client, roles[login]);
  await client.query(
    `ALTER ROLE ${quoteIdent(roles[login])} PASSWORD ${quoteLiteral(scramVerifier(password))}`,
  );
  return url;
}

/**
 * Reads the verifier of a role's password; null when it has no password. A successful login would prove nothing on a
 * server with trust authentication.
 * @returns undefined when this role may not read it, as only superusers may
 */
async function storedVerifier(client: Client, role: string): Promise<string | null | undefined> {
  const { rows: may } = await client.query<{ read: boolean }>(
    `SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS read`,
  );
  if (!may[0]?.read) return undefined;
  const { rows } = await client.query<{ verifier: string | null }>(
    'SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = $1',
    [role],
  );
  return rows[0]?.verifier ?? null;
}

async function assertUnused(client: Client, role: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_stat_activity WHERE usename = $1 LIMIT 1', [role]);
  if (rowCount !== 0)
    throw new OperatorError(
      'Another instance works on this database with a different APP_SECRET or ADMIN_SECRET. Start this one with the same.',
    );
}

/** @throws the server's error, unless it is about the password */
export async function canLogIn(url: string): Promise<boolean> {
  try {
    return await withClient(url, 'bootstrap', () => Promise.resolve(true));
  } catch (error) {
    if (sqlState(error) === INVALID_PASSWORD) return false;
    throw error;
  }
}
