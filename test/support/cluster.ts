import { mkdirSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { EmbeddedServer } from '../../src/database/server/embedded-server';
import { endRun } from './run-processes';

/** Everything that test runs leave on disk, a folder a run. */
export const TEST_FOLDER = path.resolve('.data', 'test');
const PASSWORD = 'test';
/** Nothing has to survive a crash of the machine: commits and new databases need not wait for the disk. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '300' }; // 100 for each file at a time
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The PostgreSQL server of one test run, in a folder named after the run's process. */
export class TestCluster {
  readonly folder = path.join(TEST_FOLDER, String(process.pid));
  private readonly server: EmbeddedServer;

  constructor() {
    mkdirSync(this.folder, { recursive: true });
    this.server = new EmbeddedServer(path.join(this.folder, 'postgres'), PASSWORD, SETTINGS);
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
  }

  /** @returns URL of a superuser */
  async start(): Promise<string> {
    const { port } = await this.server.start();
    return this.server.url(port, 'postgres');
  }

  async destroy(): Promise<void> {
    await this.server.stop();
    endRun(this.folder);
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
  }

  /** Jest runs no teardown then. What the workers have started ends, too. */
  private readonly onSignal = (signal: NodeJS.Signals): void => {
    try {
      endRun(this.folder, process.pid);
    } finally {
      process.exit(128 + constants.signals[signal]);
    }
  };
}

/** Removes what is left of runs that were killed. */
export function sweepDeadRuns(): void {
  mkdirSync(TEST_FOLDER, { recursive: true });
  for (const name of readdirSync(TEST_FOLDER))
    if (/^\d+$/.test(name) && !isAlive(Number(name))) endRun(path.join(TEST_FOLDER, name));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
