import { Pool, type PoolConfig } from 'pg';
import type { Share } from '../database/connections';

export const UNLIMITED: Share = { transactionsAtOnce: null, transactionsWaiting: null };

/** One connection, opened when needed, and the tenants that it has served. */
export interface Slot {
  /** Place in the list of slots. */
  readonly index: number;
  readonly pool: Pool;
  readonly tenants: Set<string>;
  /** Shop that uses it; undefined while it is free. */
  shop: PoolShop | undefined;
  usedSince: number;
  /** Share of that shop, over all processes of the machine, in the plan of the present transaction. */
  share: Share;
  /** Waiting requests whose preferred connection it is. */
  queued: number;
}

/** Request that waits for a connection. */
export interface Waiter {
  /** Number of connections that its shop may use at once. */
  atOnce: number;
  /** Moment at which it gives up, in the time of `performance.now()`. */
  until: number;
  take(slot: Slot): void;
  refuse(error: Error): void;
}

/** Shop that uses connections or waits for one. */
export interface PoolShop {
  readonly id: string;
  readonly preferred: Slot;
  /** Connections in use. */
  inUse: number;
  /** Connections of its share that it may not use for the moment. */
  resting: number;
  /** Moment until which it may use half of its share, in the time of `performance.now()`. */
  halvedUntil: number;
  /** Its requests that wait, oldest first. */
  readonly waiters: Waiter[];
  /** True once its requests accept any connection, because the wait for the preferred one would be long. */
  acceptsAny: boolean;
  /** Times of the pool's clock: when it got a connection last, and when it joined the line. */
  servedAt: number;
  joinedAt: number;
  overtaken: number;
}

/** @param config of one connection */
export function openSlot(index: number, config: PoolConfig, onError: (error: Error) => void): Slot {
  const pool = new Pool({ ...config, max: 1 });
  const slot: Slot = {
    index,
    pool,
    tenants: new Set(),
    shop: undefined,
    usedSince: 0,
    share: UNLIMITED,
    queued: 0,
  };
  pool.on('error', onError);
  pool.on('connect', () => slot.tenants.clear()); // a new backend has cached nothing
  return slot;
}

/** True if the connection is open and has served the shop. */
export function knows({ pool, tenants }: Slot, shopId: string): boolean {
  return pool.totalCount > 0 && tenants.has(shopId);
}
