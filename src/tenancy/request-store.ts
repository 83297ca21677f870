import { RateLimiterPostgres, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { PublicDatabase } from '../database/control-database';
import { openRedis } from './redis';

/** How long a command to Redis may take, milliseconds. */
const REDIS_MS = 1000;
const KEY_PREFIX = 'requests';

/** Counts of all processes. */
export interface RequestStore {
  limiter: Pick<RateLimiterStoreAbstract, 'penalty'>;
  close(): void;
}

/** Counts in PostgreSQL. Each count is one statement, one message and one commit of an unlogged table. */
export function countInDatabase(database: PublicDatabase): RequestStore {
  const query = async ({ text, values }: { text: string; values: unknown[] }) => {
    const rows = await database.read(text, values);
    return { rows, rowCount: rows.length };
  };
  const limiter = new RateLimiterPostgres({
    ...{ keyPrefix: KEY_PREFIX, points: 1, duration: 1 }, // each count names its own window
    ...{ storeClient: { query }, storeType: 'client' },
    ...{ tableName: 'request_limits', tableCreated: true },
    clearExpiredByTimeout: true,
  });
  return { limiter, close: () => undefined };
}

/** Counts in Redis. While it is away, a count fails at once. */
export async function countInRedis(url: string, onError: (error: Error) => void): Promise<RequestStore> {
  const { RateLimiterRedis } = await import('rate-limiter-flexible');
  const client = await openRedis(url, REDIS_MS, onError);
  const limiter = new RateLimiterRedis({
    ...{ storeClient: client, keyPrefix: `stoa:${KEY_PREFIX}`, points: 1, duration: 1 },
  });
  return { limiter, close: () => client.disconnect() };
}
