import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { OperatorError } from '../common/report';
import { onSignal } from '../common/signals';

const MAIN = path.join(__dirname, '..', '..', 'bundle', 'main.js');
const READY = /^\s*API\s+(http\S+)\/api\/v1$/;

/** Starts a server on a free port. It shares the database of a server that is already running. */
export async function startServerProcess(): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill()); // also when the demo fails
  onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => process.exit(1));
  const url = await readyUrl(child);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function readyUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    // stdout is a pipe: see stdio above
    const url = READY.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout!.resume(); // a full pipe would block the server
      return url;
    }
  }
  throw new OperatorError('The server did not start; its own message is above.');
}
