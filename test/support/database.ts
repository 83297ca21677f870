import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import '../../src/database/engine-client'; // sets how numbers are read, in every file and not only where the program is used
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
  const kept = new KeptClient(url);
  return {
    name,
    url,
    query: async <T extends object>(sql: string, values?: unknown[]) =>
      (await kept.run((client) => client.query<T>(sql, values), PLAIN.test(sql))).rows,
    drop: async () => {
      await kept.end();
      await drop(name, url);
    },
  };
}

/** One statement that leaves nothing in its connection: no role, setting, lock or temporary table. */
const PLAIN = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b(?!.*(;|set_config|advisory|pg_sleep))/is;

/** Milliseconds for which an unused connection is kept. */
const KEPT_MS = 1000;

/** A connection for statements that come one after another, such as those of a poll: opening one takes longer than most. */
class KeptClient {
  private client: Client | null = null;
  private isBusy = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly url: string) {}

  /** @param mayKeep false for work that needs a connection of its own, as work beside other work always gets */
  async run<T>(work: (client: Client) => Promise<T>, mayKeep: boolean): Promise<T> {
    if (!mayKeep || this.isBusy) return withClient(this.url, work);
    this.isBusy = true;
    clearTimeout(this.timer);
    try {
      return await work(this.client ?? (await this.open()));
    } finally {
      this.isBusy = false;
      this.timer = setTimeout(() => void this.end(), KEPT_MS);
    }
  }

  async end(): Promise<void> {
    clearTimeout(this.timer);
    const { client } = this;
    this.client = null;
    await client?.end();
  }

  private async open(): Promise<Client> {
    const client = new Client({ connectionString: this.url });
    const forget = () => {
      if (this.client === client) this.client = null;
    };
    client.on('error', forget).on('end', forget); // tests end connections
    await client.connect();
    return (this.client = client);
  }
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
