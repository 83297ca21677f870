import { openTenantCache } from '../../tenancy/open-tenant-cache';
import type { Tools } from './operation-kind';

/** Ends all cached values of a shop, whose data an operation may have exchanged. Without Redis those of other processes end by their time. */
export async function forgetCached(
  { cache, env, logger }: Pick<Tools, 'cache' | 'env' | 'logger'>,
  shopId: string,
): Promise<void> {
  if (cache !== undefined) return cache.forgetShop(shopId);
  if (env.REDIS_URL === undefined) return;
  const shared = await openTenantCache(env.REDIS_URL, logger);
  await shared.forgetShop(shopId);
  shared.onApplicationShutdown();
}
