import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineClient } from '../../database/engine-client';
import { faultOf } from '../faults';
import { ShopBusy } from './lifecycle.errors';

/** Limit for all attempts. */
const PATIENCE_MS = 60_000;

/**
 * Repeats a transaction on a shop's tables while other transactions hold the locks that it needs. Each failure rolls back.
 * @param attempt begins the transaction and commits it
 * @param restMs pause after an attempt
 * @throws the error of `attempt`, unless a lock was not available; ShopBusy when nobody lets go for a minute
 */
export async function retryWhileBusy<T>(
  client: EngineClient,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  restMs: () => number,
): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      await client.exec('ROLLBACK');
      if (faultOf(error) !== 'busy') throw error;
      if (Date.now() > until) throw new ShopBusy({ cause: error });
    }
    await sleep(restMs());
  }
}
