import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EmbeddedServer } from '../../src/database/server/embedded-server';

/** Everything that test runs leave on disk, a folder a run. */
export const TEST_FOLDER = path.resolve('.data', 'test');
const PASSWORD = 'test';

/** The PostgreSQL server of one test run, in a folder named after the run's process. */
export class TestCluster {
  private readonly server: EmbeddedServer;

  constructor(
    private readonly name: string = String(process.pid),
    private readonly folder: string = path.join(TEST_FOLDER, name),
  ) {
    mkdirSync(TEST_FOLDER, { recursive: true });
    this.server = new EmbeddedServer(path.join(this.folder, 'postgres'), PASSWORD);
  }

  /** @returns URL of a superuser */
  async start(): Promise<string> {
    const { port } = await this.server.start();
    return this.server.url(port, 'postgres');
  }

  async destroy(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Stops and removes the servers of runs whose process is gone. */
export async function sweepDeadClusters(): Promise<void> {
  mkdirSync(TEST_FOLDER, { recursive: true });
  for (const name of readdirSync(TEST_FOLDER).filter(
    (entry) => /^\d+$/.test(entry) && !isAlive(Number(entry)),
  ))
    await new TestCluster(name).destroy();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
