import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { canConnect } from '../../bench/lib/pooler';
import { freePort } from '../../src/database/server/free-port';
import { untilTrue } from './until';

/** Path of the installed Redis server; undefined if there is none. */
export const REDIS = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((file) =>
  existsSync(file),
);

export interface TestRedis {
  url: string;
  port: number;
  /** Sends a signal that the server survives. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  stop(): Promise<void>;
}

/** Starts a Redis server that stores nothing on disk. The caller has checked that there is one. */
export async function startRedis(onPort?: number): Promise<TestRedis> {
  const port = onPort ?? (await freePort());
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(REDIS!, args, { cwd: '/', stdio: 'ignore' });
  const ended = once(child, 'exit');
  await untilTrue(() => canConnect(port));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url: `redis://127.0.0.1:${port}`, port, signal: (name) => void child.kill(name), stop };
}
