import type { Redis } from 'ioredis';

/**
 * Connects to Redis, and returns also if it is away: the client connects by itself later, and until then commands fail at once.
 * @param ms time for a command or a connection
 */
export async function openRedis(url: string, ms: number, onError: (error: Error) => void): Promise<Redis> {
  const { Redis: Client } = await import('ioredis');
  const client = new Client(url, {
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0, lazyConnect: true },
    ...{ commandTimeout: ms, connectTimeout: ms },
  });
  client.on('error', onError);
  await client.connect().catch(() => undefined); // `onError` has it
  return client;
}
