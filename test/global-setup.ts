import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { sweepDeadRuns, TestCluster } from './support/cluster';

const run = promisify(execFile);

/**
 * Builds the program for tests that start it as a process, and starts one PostgreSQL server for the whole run.
 * `TEST_PROGRAM` and `TEST_DATABASE_URL` (a superuser's) name others to use instead; `TEST_BUILD` a new build to copy.
 */
export default async function globalSetup(): Promise<void> {
  sweepDeadRuns();
  const cluster = new TestCluster();
  (globalThis as { testCluster?: TestCluster }).testCluster = cluster;
  try {
    await Promise.all([provideProgram(cluster), providePackages(cluster), provideServer(cluster)]);
  } catch (error) {
    await cluster.destroy(); // jest runs no teardown then
    throw error;
  }
}

async function provideProgram({ folder }: TestCluster): Promise<void> {
  process.env['TEST_PROGRAM'] ||= await build(path.join(folder, 'program'), process.env['TEST_BUILD']);
}

async function providePackages({ folder }: TestCluster): Promise<void> {
  if (process.env['TEST_PACKAGES']) return;
  const packages = path.join(folder, 'packages');
  await run(process.execPath, ['test/bundle-packages.mjs', packages]);
  process.env['TEST_PACKAGES'] = packages; // test/package-resolver.cjs reads it
}

async function provideServer(cluster: TestCluster): Promise<void> {
  process.env['TEST_DATABASE_URL'] ||= await cluster.start();
}

async function build(program: string, built: string | undefined): Promise<string> {
  if (built !== undefined) {
    await cp(built, program, { recursive: true });
    return program;
  }
  const swc = require.resolve('@swc/cli/bin/swc.js');
  const from = ['src', 'migrations'];
  await run(process.execPath, [swc, ...from, '-d', program, '--ignore', '**/*.spec.ts', '-q']);
  await run(process.execPath, ['bundle.mjs', program]);
  return program;
}
