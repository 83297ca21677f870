import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../src/database/server/free-port';
import { serverAccount } from '../../src/database/server/server-account';
import { scratchFolder } from './program';

const VERSIONS = '/usr/lib/postgresql';
const NEEDED = ['initdb', 'pg_ctl', 'postgres', 'psql', 'pg_dump', 'pg_restore'];

/** Folder of PostgreSQL's own tools and of the server of the same version; undefined if they are not installed. */
export const POSTGRES_TOOLS = (existsSync(VERSIONS) ? readdirSync(VERSIONS) : [])
  .toSorted((a, b) => Number(b) - Number(a))
  .map((version) => path.join(VERSIONS, version, 'bin'))
  .find((bin) => NEEDED.every((name) => existsSync(path.join(bin, name))));

/** A server of the installed version: pg_dump refuses a newer one, such as the embedded one. */
export async function startDebianServer(bin: string): Promise<{ url: string; stop(): void }> {
  const folder = path.join(scratchFolder(), 'postgres');
  const { uid, gid, prefix } = serverAccount(bin, folder);
  mkdirSync(folder, { mode: 0o700 });
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const run = (name: string, ...args: string[]) => {
    const [command, ...rest] = [...prefix, path.join(bin, name), ...args];
    const account = uid === undefined || gid === undefined ? {} : { uid, gid };
    execFileSync(command!, rest, { ...account, cwd: '/', stdio: 'ignore', env: { LC_ALL: 'C.UTF-8' } }); // never empty
  };
  const port = await freePort();
  const settings = [
    ...['listen_addresses=127.0.0.1', "unix_socket_directories=''", `port=${port}`],
    ...['max_locks_per_transaction=256', 'client_connection_check_interval=1000'], // doctor wants these
  ];
  run('initdb', '-D', folder, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8');
  const options = settings.map((setting) => `-c ${setting}`).join(' ');
  run('pg_ctl', '-D', folder, '-l', path.join(folder, 'server.log'), '-w', '-s', '-o', options, 'start');
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: () => run('pg_ctl', '-D', folder, '-m', 'immediate', '-w', '-s', 'stop'),
  };
}
