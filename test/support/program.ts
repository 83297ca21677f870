import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Times } from '../../src/config/times';
import { TenantMigrations } from '../../src/tenancy/tenant-migrations';
import { Api } from './api';
import type { TestApp } from './test-app';

/** The compiled program, as `npm start` and `npm run cli` run it. Built by global-setup. */
const PROGRAM = process.env['TEST_PROGRAM']!;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Another build, see `programWith`. */
  program?: string;
  /** Gives the process a group of its own, to be killed as a whole. */
  group?: boolean;
  /** Standard input; none by default. */
  input?: string;
  /** For `main` only. */
  times?: Times;
}

/** A folder of the run for whatever a test must put on disk; server accounts may enter it. */
export function scratchFolder(): string {
  const folder = path.join(path.dirname(PROGRAM), `scratch-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export interface NextMigration {
  name: string;
  /** One statement or several; or the body of an async method that gets `q`, the query runner. */
  up: string | string[] | { code: string };
  down?: string | string[];
  /** Marks of the file (src/database/migration-marks.ts). */
  marks?: object;
}

/** A copy of the program that knows more tenant migrations, as its next release would. */
export function programWith(...migrations: NextMigration[]): { program: string; remove: () => void } {
  const program = path.join(path.dirname(PROGRAM), `program-${randomBytes(4).toString('hex')}`);
  cpSync(PROGRAM, program, { recursive: true });
  writeMigrations(path.join(program, 'migrations', 'tenant'), migrations);
  return { program, remove: () => rmSync(program, { recursive: true }) };
}

/** Makes of a compiled program what `npm start` and `npm run cli` run. */
export function bundle(program: string): void {
  execFileSync(process.execPath, ['bundle.mjs', program], { stdio: 'inherit' });
}

/** The tenant migrations of such a release, for a migrator in this process. */
export function migrationsWith(...migrations: NextMigration[]): Promise<TenantMigrations> {
  const folder = scratchFolder();
  cpSync(path.join(PROGRAM, 'migrations', 'tenant'), folder, { recursive: true });
  writeMigrations(folder, migrations);
  return TenantMigrations.load(folder);
}

function writeMigrations(folder: string, migrations: readonly NextMigration[]): void {
  for (const { name, up, down = [], marks = {} } of migrations) {
    const source = `exports.Next = class {
      constructor() { Object.assign(this, ${JSON.stringify(marks)}) }
      async up(q) { ${bodyOf(up)} }
      async down(q) { ${bodyOf(down)} }
    };`;
    writeFileSync(path.join(folder, `${name}.js`), source);
  }
}

function bodyOf(work: NextMigration['up']): string {
  if (typeof work === 'object' && 'code' in work) return work.code;
  return [work]
    .flat()
    .map((sql) => `await q.query(${JSON.stringify(sql)});`)
    .join('\n');
}

export function spawnProgram(
  entry: 'main' | 'cli',
  args: string[],
  { env = {}, program = PROGRAM, group = false, input, times }: RunOptions = {},
): ChildProcess {
  const file = path.join(program, 'bundle', `${entry}.js`);
  const child = spawn(process.execPath, [times === undefined ? file : withTimes(file, times), ...args], {
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'warn',
      APP_SECRET: SECRET,
      NEW_SHOPS_PER_HOUR: '1000000',
      WARM_TENANTS: '0', // tests count tenants and schemas; spare ones would change the counts
      ...env,
    },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: group,
  });
  child.stdin?.end(input);
  return child;
}

/** Writes an entry point that runs the same program with other times. */
function withTimes(file: string, times: Times): string {
  const text = readFileSync(file, 'utf8').replace('.run()', `.run(${JSON.stringify(times)})`);
  const other = path.join(path.dirname(file), `timed-${randomBytes(4).toString('hex')}.js`); // no bundle's name
  writeFileSync(other, text);
  return other;
}

const SECRET = 'a secret that only tests use, at least 32 characters';

/** Waits for the end of a process and gives all that it printed. */
export async function finish(child: ChildProcess): Promise<Finished> {
  const output = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

export function runCli(args: string[], options: RunOptions = {}): Promise<Finished> {
  return finish(spawnProgram('cli', args, options));
}

/** Runs a command with `--json` on the database of the app. @returns the one object that it prints */
export async function runJson<T>(app: TestApp, args: string[], exitCode = 0): Promise<T> {
  const env = { DATABASE_URL: app.database.url };
  const { code, stdout, stderr } = await runCli([...args, '--json'], { env });
  if (code !== exitCode || stdout.trim().split('\n').length !== 1)
    throw new Error(`exited with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

export interface RunningServer {
  api: Api;
  url: string;
  pid: number;
  /** Output so far. */
  printed(): string;
  /** Sends a signal and waits for the end. @returns exit code, null when the signal ended it */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the server on a free port and waits until it says that it is ready. */
export async function startServer(options: RunOptions = {}): Promise<RunningServer> {
  const child = spawnProgram('main', [], { ...options, env: { PORT: '0', ...options.env } });
  let printed = '';
  child.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      printed += `${line}\n`;
      const found = /^\s*API\s+(http\S+)\/api\/v1$/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    exited.then(([code]) => reject(new Error(`the server ended with ${code}:\n${printed}`)), reject);
  });
  return {
    url,
    api: new Api(url),
    pid: child.pid!, // it printed, so it runs
    printed: () => printed,
    end: async (signal) => {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}
