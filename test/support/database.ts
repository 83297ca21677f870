import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { quoteIdent } from '../../src/database/identifiers';
import { rolesOf } from '../../src/database/roles';
import { creatorNumber } from '../../src/tenancy/role-creators';

/** A database of its own for one test file, on the run's server. */
export interface TestDatabase {
  name: string;
  /** Superuser. */
  url: string;
  /** Runs SQL as the superuser. */
  query<T extends object>(sql: string, values?: unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

/** @param ending of its name */
export async function createTestDatabase(ending = ''): Promise<TestDatabase> {
  const name = `t_${randomBytes(5).toString('hex')}${ending}`;
  await withClient(serverUrl(), (client) => client.query(`CREATE DATABASE ${quoteIdent(name)}`));
  const url = serverUrl(name);
  return {
    name,
    url,
    query: <T extends object>(sql: string, values?: unknown[]) =>
      withClient(url, async (client) => (await client.query<T>(sql, values)).rows),
    drop: () => drop(name, url),
  };
}

/** Runs work on a connection of its own. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function serverUrl(database?: string): string {
  const url = new URL(process.env['TEST_DATABASE_URL']!); // set by global-setup
  if (database !== undefined) url.pathname = `/${database}`;
  return url.href;
}

/** Takes the roles along, in stock too: they belong to the server, and the next run may use the same one. */
async function drop(name: string, url: string): Promise<void> {
  const roles = rolesOf(name);
  const { tenant, public: publicLogin, admin, owner } = roles;
  const made = await withClient(url, async (client) => {
    const { rows } = await client.query<{ role: string }>(
      `SELECT nspname AS role FROM pg_namespace WHERE nspname ~ '^shop_[0-9a-f]{32}$'
       UNION SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
         JOIN pg_roles holder ON holder.oid = m.member
       WHERE holder.rolname = $1 AND r.rolname ~ '^shop_[0-9a-f]{32}$'
       UNION SELECT rolname FROM pg_roles WHERE ${creatorNumber('rolname', roles)} > 0
       ORDER BY role`, // shops before their creators, and these before the admin login
      [tenant],
    );
    return rows.map(({ role }) => role);
  });
  await withClient(serverUrl(), async (client) => {
    await client.query(`DROP DATABASE ${quoteIdent(name)} WITH (FORCE)`);
    for (const role of [...made, tenant, publicLogin, admin, owner])
      await client.query(`DROP ROLE IF EXISTS ${quoteIdent(role)}`);
  });
}
