import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { constants } from 'node:os';
import { TEST_FOLDER } from '../support/cluster';
import { scratchFolder } from '../support/program';
import { untilTrue } from '../support/until';

const ROOT = path.join(__dirname, '..', '..');

/** A configuration like that of the e2e tests, of tests that never end. */
function writeConfig(): string {
  const { projects, ...rest } = require('../../jest.config.js') as { projects: { displayName: string }[] };
  const e2e = projects.find(({ displayName }) => displayName === 'e2e');
  const file = path.join(scratchFolder(), 'jest.config.json');
  const testMatch = ['<rootDir>/test/process/interrupted/*.ts'];
  writeFileSync(file, JSON.stringify({ ...rest, ...e2e, rootDir: ROOT, testMatch }));
  return file;
}

/** In a process group of its own. */
function startRun(): ChildProcess {
  const { TEST_DATABASE_URL: _url, JEST_WORKER_ID: _worker, ...env } = process.env;
  return spawn(process.execPath, [require.resolve('jest/bin/jest'), '--config', writeConfig()], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a test run that is interrupted', () => {
  it.each([
    ['Ctrl-C, which its whole process group gets', 'SIGINT', 'group'],
    ['SIGINT', 'SIGINT', 'process'],
    ['SIGTERM of its whole process group', 'SIGTERM', 'group'],
    ['SIGTERM', 'SIGTERM', 'process'],
  ] as const)('by %s leaves no process and no folder', async (_how, signal, receiver) => {
    const run = startRun();
    const exited = once(run, 'exit');
    let printed = '';
    run.stdout!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const program = () => Number(/program (\d+) runs/.exec(printed)?.[1]);
    await untilTrue(() => program() > 0);
    const folder = path.join(TEST_FOLDER, String(run.pid));
    const server = Number(
      readFileSync(path.join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0],
    );
    expect([server, program()].map(isAlive)).toEqual([true, true]);
    process.kill(receiver === 'group' ? -run.pid! : run.pid!, signal);
    expect(await exited).toEqual([128 + constants.signals[signal], null]);
    expect(existsSync(folder)).toBe(false);
    await untilTrue(() => !isAlive(program())); // its parent is gone, and who inherited it has to notice the end
    expect(isAlive(server)).toBe(false);
  });
});
