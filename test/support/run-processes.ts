import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';

const LIMIT_MS = 10_000;
const POLL_MS = 50;

interface Process {
  pid: number;
  parent: number;
  command: string;
}

/**
 * Ends the processes of a test run and removes its folder, without a turn of the event loop: for signal handlers.
 * @param root a process whose descendants belong to the run; it is not ended itself
 */
export function endRun(folder: string, root?: number): void {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const left = processesOf(folder, root);
    if (left.length === 0) break;
    const isLate = Date.now() > end;
    for (const { pid, command } of left) kill(pid, isServer(command) && !isLate ? 'SIGQUIT' : 'SIGKILL');
    if (Date.now() > end + LIMIT_MS) break;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** The descendants of `root`, and whatever has a file of the folder on its command line, such as a PostgreSQL server. */
function processesOf(folder: string, root?: number): Process[] {
  const all = runningProcesses();
  const members = new Set(root === undefined ? [] : [root]);
  for (let size = -1; size !== members.size;) {
    size = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return all.filter(
    ({ pid, command }) =>
      pid !== process.pid && pid !== root && (members.has(pid) || command.includes(`${folder}${path.sep}`)),
  );
}

function runningProcesses(): Process[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,command='], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    const isOver = state === undefined || state.startsWith('Z') || /^ps -A/.test(command!); // the regular expression gives both
    return isOver ? [] : [{ pid: Number(pid), parent: Number(parent), command: command! }];
  });
}

/** A PostgreSQL server, whose processes end with it; killed, it would leave its shared memory. */
function isServer(command: string): boolean {
  return /\/postgres -D /.test(command);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
