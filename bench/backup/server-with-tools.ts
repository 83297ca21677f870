import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createLogger } from '../../src/common/logger';
import { type Env, readEnv } from '../../src/config/env';
import { type Installation, openInstallation } from '../../src/database/installation';
import { freePort } from '../../src/database/server/free-port';
import { serverAccount } from '../../src/database/server/server-account';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const SETTINGS = [
  'max_locks_per_transaction=256',
  'client_connection_check_interval=1s',
  'temp_file_limit=1GB',
  'listen_addresses=127.0.0.1',
];

/**
 * Runs `work` on a server whose version has `pg_dump` and `pg_restore` on this machine; the embedded server comes without
 * them. PG_BIN names the folder of the programs, by default that of Debian's newest server.
 */
export async function withToolsServer(
  work: (installation: Installation, env: Env, bin: string) => Promise<void>,
): Promise<void> {
  const bin = process.env['PG_BIN'] ?? newestBin();
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-bench-'));
  chmodSync(folder, 0o755); // the server may run under another account
  const data = path.join(folder, 'server', 'postgres');
  mkdirSync(path.dirname(data));
  chmodSync(path.dirname(data), 0o777);
  const { uid, gid } = serverAccount(bin, data);
  const as = { cwd: '/', ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
  const password = path.join(folder, 'password');
  writeFileSync(password, 'bench\n');
  const port = await freePort();
  const options = [...SETTINGS, `port=${port}`, `unix_socket_directories=${path.dirname(data)}`];
  await run(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', `--pwfile=${password}`],
    as,
  );
  await run(
    path.join(bin, 'pg_ctl'),
    [
      '-D',
      data,
      '-l',
      path.join(data, 'log'),
      '-w',
      '-s',
      '-o',
      options.map((option) => `-c ${option}`).join(' '),
      'start',
    ],
    as,
  );
  try {
    const url = `postgres://postgres:bench@127.0.0.1:${port}/postgres`;
    const env = readEnv({ DATA_DIR: folder, LOG_LEVEL: 'warn', DATABASE_URL: url });
    const installation = await openInstallation(env, createLogger(env.LOG_LEVEL));
    try {
      await work(installation, env, bin);
    } finally {
      await installation.server.close();
    }
  } finally {
    await run(path.join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', '-w', '-s', 'stop'], as);
    rmSync(folder, { recursive: true, force: true });
  }
}

function newestBin(): string {
  const versions = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .map(Number)
        .filter((version) => version >= 15)
    : [];
  const found = versions
    .toSorted((a, b) => b - a)
    .map((version) => path.join(DEBIAN, String(version), 'bin'))
    .find((bin) => existsSync(path.join(bin, 'pg_dump')) && existsSync(path.join(bin, 'initdb')));
  if (found === undefined)
    throw new Error('Set PG_BIN to a folder with initdb, pg_dump and pg_restore, version 15 or newer.');
  return found;
}
