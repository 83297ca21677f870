import { sweepDeadClusters, TestCluster } from './support/cluster';

/** One server for the whole run; `TEST_DATABASE_URL` (a superuser's) names another to use instead. */
export default async function globalSetup(): Promise<void> {
  if (process.env['TEST_DATABASE_URL']) return;
  await sweepDeadClusters();
  const cluster = new TestCluster();
  process.env['TEST_DATABASE_URL'] = await cluster.start();
  (globalThis as { testCluster?: TestCluster }).testCluster = cluster;
}
