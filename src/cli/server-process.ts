import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { OperatorError } from '../common/report';
import { onSignal } from '../common/signals';
import type { ServingProcess } from '../database/server/serving-process';

const MAIN = path.join(__dirname, '..', '..', 'bundle', 'main.js');
const API = /^\s*API\s+(http\S+)\/api\/v1$/;
const DATABASE = /^\s*Database\s+(.+)$/;

/** Starts a server on a free port. It shares the database of a server that is already running. */
export async function startServerProcess(): Promise<ServingProcess & { stop: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill()); // also when the demo fails
  onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => process.exit(1));
  const serving = await announcement(child);
  return {
    ...serving,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function announcement(child: ChildProcess): Promise<ServingProcess> {
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout! })) {
    // stdout is a pipe: see stdio above
    url ??= API.exec(line)?.[1];
    const database = DATABASE.exec(line)?.[1];
    if (url !== undefined && database !== undefined) {
      child.stdout!.resume(); // a full pipe would block the server
      return { url, database };
    }
  }
  throw new OperatorError('The server did not start; its own message is above.');
}
