import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/database/server/free-port';
import { serverAccount } from '../../src/database/server/server-account';
import { withClient } from '../../src/database/with-client';

const BINARIES = ['/usr/sbin', '/usr/bin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(':')].map(
  (folder) => path.join(folder, 'pgbouncer'),
);
const ATTEMPTS = 100;

/** Path of the installed PgBouncer; undefined if there is none. */
export const PGBOUNCER = BINARIES.find((file) => existsSync(file));

/** A database that a pooler stands in front of. */
export interface PooledDatabase {
  /** URL of its administrator. */
  url: string;
  name: string;
}

/** A PgBouncer in transaction mode in front of a database. */
export interface Pooler {
  /** For POOLER_URL. */
  url: string;
  /** Its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts a PgBouncer that keeps `connections` server connections for each login. It authenticates with the SCRAM
 * verifiers that PostgreSQL stores, so the logins must have their passwords already. It learns their SCRAM keys from
 * each login's first connection and needs no password itself.
 * @param folder for its files, which is removed when it stops
 */
export async function startPooler(
  database: PooledDatabase,
  connections: number,
  folder: string,
): Promise<Pooler> {
  const port = await freePort();
  const users = path.join(folder, 'userlist.txt');
  const config = path.join(folder, 'pgbouncer.ini');
  writeFileSync(users, await verifiers(database));
  writeFileSync(config, settings(new URL(database.url), database.name, { port, users, connections }));
  const child = start(folder, config);
  let log = '';
  child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    rmSync(folder, { recursive: true });
  };
  await reachable(port, child, () => log);
  return { url: `postgres://127.0.0.1:${port}/${database.name}`, log: () => log, stop };
}

/** Starts it as an ordinary account: like PostgreSQL, PgBouncer refuses to run as root. */
function start(folder: string, config: string): ChildProcess {
  const { prefix, ...account } = serverAccount(path.dirname(PGBOUNCER!), folder); // the caller has checked it
  const [command, ...args] = [...prefix, PGBOUNCER!, config];
  return spawn(command!, args, { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
}

async function verifiers({ url, name }: PooledDatabase): Promise<string> {
  const { rows } = await withClient(url, 'pooler', (client) =>
    client.query<{ rolname: string; rolpassword: string }>(
      'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY($1)',
      [[`${name}_public`, `${name}_tenant`]],
    ),
  );
  return rows.map(({ rolname, rolpassword }) => `"${rolname}" "${rolpassword}"\n`).join('');
}

/** The settings of a deployment, at the addresses of this machine. */
function settings(
  server: URL,
  database: string,
  { port, users, connections }: { port: number; users: string; connections: number },
): string {
  const places: [string, string][] = [
    [
      'stoa = host=postgres port=5432 dbname=stoa',
      `${database} = host=${server.hostname} port=${server.port} dbname=${database}`,
    ],
    ['listen_addr = 0.0.0.0', 'listen_addr = 127.0.0.1'],
    ['listen_port = 6432', `listen_port = ${port}`],
    ['auth_file = /userlist/userlist.txt', `auth_file = ${users}`],
    ['default_pool_size = 40', `default_pool_size = ${connections}`],
  ];
  let text = readFileSync(path.join('deploy', 'compose', 'pgbouncer.ini'), 'utf8');
  for (const [line, own] of places) {
    if (!text.includes(`${line}\n`)) throw new Error(`pgbouncer.ini lacks ${line}`);
    text = text.replace(line, own);
  }
  return text;
}

async function reachable(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (child.exitCode !== null) break;
    if (await canConnect(port)) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`pgbouncer did not start:\n${log()}`);
}

/** True if somebody listens on the port of this machine. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
