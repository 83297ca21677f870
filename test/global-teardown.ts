import type { TestCluster } from './support/cluster';

export default async function globalTeardown(): Promise<void> {
  await (globalThis as { testCluster?: TestCluster }).testCluster?.destroy();
}
