import { setTimeout as sleep } from 'node:timers/promises';
import { ACCESS_CACHE_MS } from '../../tenancy/served-versions';
import { servesFromOf } from '../../tenancy/migration-history';
import type { Routes } from './step-planner';
import type { RegisteredTenant, TenantRegistry } from './tenant-registry';

/** A request that passed the guard just before; what is slower ends in 503 (`AccessDirectory.explain`). */
const REQUEST_MS = 2000;
/** What older programs still hold when they are told to stop: their memory of a tenant, and such requests. */
const DRAIN_MS = ACCESS_CACHE_MS + REQUEST_MS;

/**
 * Before something is taken away from tenants, programs that use it must have stopped serving them: it is
 * written into the index, which they read, and waited for. Also when it stands there already: another runner may
 * have written it a moment ago.
 */
export async function announceContracts(
  index: TenantRegistry,
  page: readonly RegisteredTenant[],
  routes: Routes,
  signal: AbortSignal,
): Promise<void> {
  const bySince = new Map<number, string[]>();
  for (const tenant of page) {
    const history = routes.historyOf(tenant.checksum);
    const steps = history === undefined ? [] : await routes.steps(history);
    const since = servesFromOf(steps.map(({ migration }) => migration));
    if (since > 0) bySince.set(since, [...(bySince.get(since) ?? []), tenant.shopId]);
  }
  for (const [since, shopIds] of bySince) await index.announce(shopIds, since);
  if (bySince.size > 0) await sleep(DRAIN_MS, undefined, { signal }).catch(() => undefined); // aborted: the caller looks
}
