import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Where swc has put `src` and `bench`. */
export const COMPILED = path.join(__dirname, '..', '..');

export interface Program {
  pid: number;
  /** What the first group of `ready` matched. */
  ready: string;
  stop(): Promise<void>;
}

/** Starts a compiled program and waits for the line that says that it is ready. */
export async function startProgram(
  file: string,
  env: Record<string, string>,
  ready: RegExp,
  args: string[] = [],
  flags: string[] = [],
): Promise<Program> {
  const child = spawn(process.execPath, [...flags, path.join(COMPILED, file), ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill();
  process.once('exit', kill); // also when the benchmark ends by an error
  return {
    ready: await readyLine(child, ready),
    pid: child.pid!, // it runs
    stop: async () => {
      process.off('exit', kill);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function readyLine(child: ChildProcess, ready: RegExp): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    // stdout is a pipe: see above
    const match = ready.exec(line);
    if (match === null) continue;
    child.stdout!.resume(); // nobody reads the rest; a full pipe would block the program
    return match[1] ?? line;
  }
  throw new Error('the program did not start; its own message is above');
}
