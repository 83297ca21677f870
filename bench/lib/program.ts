import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The output folder of swc, with `src` and `bench`. */
const COMPILED = path.join(__dirname, '..', '..');

export interface Program {
  pid: number;
  /** The match of the first group of `ready`. */
  ready: string;
  stop(): Promise<void>;
}

/** Starts a compiled program and waits for the line that says it is ready. */
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
  process.once('exit', kill); // also if the benchmark fails
  return {
    ready: await readyLine(child, ready),
    pid: child.pid!, // it has started
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
    child.stdout!.resume(); // a full pipe would block the program
    return match[1] ?? line;
  }
  throw new Error('the program did not start; its own message is above');
}
