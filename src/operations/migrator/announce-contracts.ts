import { setTimeout as sleep } from 'node:timers/promises';
import { servesFromOf } from '../../tenancy/migration-history';
import { ACCESS_CACHE_MS } from '../../tenancy/served-versions';
import type { RegisteredTenant, TenantRegistry } from '../../tenancy/tenant-registry';
import type { StepPlanner } from './step-planner';

/** Time for a request that passed the guard just before; a slower one ends in 503 (`AccessDirectory.explain`). */
const REQUEST_MS = 2000;
/** Time until older programs have stopped using the tenants: their access caches and the requests in flight. */
export const DRAIN_MS = ACCESS_CACHE_MS + REQUEST_MS;

/**
 * Closes tenants to older programs before a contract migration removes what those programs use: writes it into the
 * registry, which they read, and waits. It also waits when the registry says so already, since another runner may have
 * written it a moment ago.
 */
export async function announceContracts(
  registry: TenantRegistry,
  tenants: readonly RegisteredTenant[],
  planner: StepPlanner,
  drainMs: number,
  signal: AbortSignal,
): Promise<void> {
  const bySince = new Map<number, string[]>();
  for (const tenant of tenants) {
    const history = planner.historyOf(tenant.checksum);
    const steps = history === undefined ? [] : await planner.stepsFrom(history);
    const since = servesFromOf(steps.map(({ migration }) => migration));
    if (since > 0) bySince.set(since, [...(bySince.get(since) ?? []), tenant.shopId]);
  }
  for (const [since, shopIds] of bySince) await registry.announce(shopIds, since);
  if (bySince.size > 0) await sleep(drainMs, undefined, { signal }).catch(() => undefined); // aborted: the caller checks
}
