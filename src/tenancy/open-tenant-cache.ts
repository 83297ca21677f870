import type { Logger } from '../common/logger';
import { MemoryStore, RedisStore } from './cache-store';
import { openRedis } from './redis';
import { TenantCache } from './tenant-cache';

/** How long Redis may take for the cache, milliseconds. */
const REDIS_MS = 200;

/** Opens the cache of all processes, or without Redis one of this process. */
export async function openTenantCache(redisUrl: string | undefined, logger: Logger): Promise<TenantCache> {
  if (redisUrl === undefined) return new TenantCache(new MemoryStore(), logger);
  const warn = (err: Error) => logger.warn({ event: 'redis.error', err });
  return new TenantCache(new RedisStore(await openRedis(redisUrl, REDIS_MS, warn)), logger);
}
