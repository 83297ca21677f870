import type { Client } from 'pg';
import { ADMIN_POOL_SIZE, type Env } from '../../../config/env';
import { MIN_SERVER_VERSION } from '../../../database/bootstrap';
import type { Roles } from '../../../database/roles';
import type { Note, Observation } from '../findings';

const MIN_LOCKS = 256; // dropping a tenant takes about ten locks a table
/** In addition to the pools: three migrators, and commands such as this one. */
const SPARE_CONNECTIONS = 5;

interface Wanted {
  isGood: (value: string) => boolean;
  expected: string;
}

/** Checks the settings of the server, as this session has them. */
export async function checkServer(client: Client, env: Env): Promise<Observation[]> {
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, setting AS value FROM pg_settings WHERE name = ANY ($1)',
    [[...Object.keys(WANTED), ...CONNECTIONS, 'server_version_num']],
  );
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const numberOf = (name: string) => Number(values.get(name) ?? 0);
  const observations: Observation[] = [];
  const observe = (check: Observation['check'], object: string, detail: string) =>
    observations.push({ check, schema: null, object, detail });
  if (numberOf('server_version_num') < MIN_SERVER_VERSION)
    observe('server-version', 'server', `expected 150000 or more, found ${values.get('server_version_num')}`);
  for (const [name, { isGood, expected }] of Object.entries(WANTED)) {
    const value = values.get(name) ?? '';
    if (!isGood(value)) observe('server-setting', name, `expected ${expected}, found ${value}`);
  }
  const pools = env.TENANT_POOL_SIZE + env.PUBLIC_POOL_SIZE + ADMIN_POOL_SIZE;
  const needed = env.WORKERS * pools + SPARE_CONNECTIONS;
  const [most, ...reserved] = CONNECTIONS.map(numberOf);
  const free = reserved.reduce((left, kept) => left - kept, most ?? 0);
  if (free < needed)
    observe(
      'server-setting',
      'max_connections',
      `expected ${needed} for the pools of ${env.WORKERS} process(es), found ${free} free`,
    );
  return observations;
}

const CONNECTIONS = ['max_connections', 'superuser_reserved_connections', 'reserved_connections'];

const isOn = { isGood: (value: string) => value === 'on', expected: 'on: otherwise a crash loses data' };

const WANTED: Record<string, Wanted> = {
  max_locks_per_transaction: {
    isGood: (value) => Number(value) >= MIN_LOCKS,
    expected: `${MIN_LOCKS} or more: dropping a schema takes ten locks a table`,
  },
  client_connection_check_interval: {
    isGood: (value) => Number(value) > 0,
    expected: "more than 0, such as 1s: otherwise a killed client's statement runs to its end",
  },
  password_encryption: { isGood: (value) => value === 'scram-sha-256', expected: 'scram-sha-256' },
  fsync: isOn,
  full_page_writes: isOn,
  synchronous_commit: {
    isGood: (value) => value !== 'off',
    expected: 'anything but off: a crash would lose orders that were confirmed',
  },
};

/** The passwords of logins are SCRAM verifiers. Only a superuser can read them. */
export async function checkPasswords(
  client: Client,
  roles: Roles,
): Promise<{ observations: Observation[]; notes: Note[] }> {
  const { rows } = await client.query<{ mayRead: boolean }>(
    `SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS "mayRead"`,
  );
  if (!rows[0]!.mayRead)
    return {
      observations: [],
      notes: [{ check: 'login-password', detail: 'not checked: only a superuser can read passwords' }],
    };
  const found = await client.query<{ role: string }>(
    `SELECT rolname AS role FROM pg_authid
     WHERE rolname = ANY ($1) AND rolcanlogin AND coalesce(rolpassword, '') NOT LIKE 'SCRAM-SHA-256$%'`,
    [Object.values(roles)],
  );
  const observations = found.rows.map(({ role }) => ({
    check: 'login-password' as const,
    schema: null,
    object: role,
    detail: 'expected a SCRAM-SHA-256 verifier, found md5 or no password',
  }));
  return { observations, notes: [] };
}
