import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { bundle } from './support/program';
import { sweepDeadClusters, TEST_FOLDER, TestCluster } from './support/cluster';

/**
 * Builds the program for tests that start it as a process, and starts one PostgreSQL server for the whole run;
 * `TEST_DATABASE_URL` (a superuser's) names another to use instead.
 */
export default async function globalSetup(): Promise<void> {
  await sweepDeadClusters();
  const program = path.join(TEST_FOLDER, String(process.pid), 'program');
  const swc = require.resolve('@swc/cli/bin/swc.js');
  execFileSync(process.execPath, [swc, 'src', 'migrations', '-d', program, '--ignore', '**/*.spec.ts', '-q']);
  bundle(program);
  process.env['TEST_PROGRAM'] = program;
  const cluster = new TestCluster();
  (globalThis as { testCluster?: TestCluster }).testCluster = cluster;
  process.env['TEST_DATABASE_URL'] ||= await cluster.start();
}
