import { Pool, type PoolConfig } from 'pg';
import type { BorrowedClient } from '../database/engine-client';
import { type Connections, noConnection, type PoolLoad } from '../database/connections';

/** How often others may overtake the request that waits longest. */
const MAX_OVERTAKEN = 50;
/** Queued requests that are searched for one that fits a free connection. */
const SEARCHED = 100;
/** Maximum number of requests that queue for one connection while another is free. */
const MAX_QUEUED = 3;

export interface TenantPoolSettings {
  /** Maximum number of connections. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** How long a request waits for its preferred connection while another is free, milliseconds. */
  longMs: number;
  /** Number of tenants that one connection serves before it is replaced. */
  tenantsPerConnection: number;
}

/** One connection, opened when needed, and the tenants that it has served. */
interface Slot {
  pool: Pool;
  isInUse: boolean;
  usedSince: number;
  /** Requests that wait for it. */
  queued: number;
  tenants: Set<string>;
}

interface Waiter {
  shopId: string;
  preferred: Slot;
  /** True once it accepts any connection. */
  acceptsAny: boolean;
  overtaken: number;
  take(slot: Slot): void;
}

/**
 * Connection pool for all tenants. A PostgreSQL backend caches every table that it touches and never frees the memory
 * (65 to 180 kB per tenant, docs/decisions/0016-pool-that-knows-tenants.md). So each tenant has a preferred connection
 * and gets another one only while that is in use, and a connection that has served too many tenants is replaced. If all
 * connections are in use, the request queues.
 */
export class TenantPool implements Connections {
  private readonly slots: Slot[];
  private readonly inUse = new Map<BorrowedClient, Slot>();
  private waiters: Waiter[] = [];
  private retired = 0;

  /** @param config of one connection */
  constructor(
    config: PoolConfig,
    onError: (error: Error) => void,
    private readonly settings: TenantPoolSettings,
  ) {
    const { size, waitMs } = settings;
    this.slots = Array.from({ length: size }, () => {
      const pool = new Pool({ ...config, max: 1, connectionTimeoutMillis: waitMs });
      const slot: Slot = { pool, isInUse: false, usedSince: 0, queued: 0, tenants: new Set() };
      pool.on('error', onError);
      pool.on('connect', () => slot.tenants.clear()); // a new backend has cached nothing
      return slot;
    });
  }

  async borrow(shopId: string): Promise<BorrowedClient> {
    const preferred = parseInt(shopId.slice(-8), 16) % this.slots.length; // the end of a UUIDv7 is random
    const slot = this.choose(shopId, preferred) ?? (await this.queue(shopId, preferred));
    try {
      const client = (await slot.pool.connect()) as BorrowedClient;
      slot.tenants.add(shopId);
      this.inUse.set(client, slot);
      return client;
    } catch (error) {
      this.release(slot);
      throw noConnection(error);
    }
  }

  giveBack(client: BorrowedClient, isClean: boolean): void {
    const slot = this.inUse.get(client)!; // set by `borrow`
    this.inUse.delete(client);
    const isWorn = slot.tenants.size >= this.settings.tenantsPerConnection;
    if (isWorn) this.retired++;
    client.release(isWorn || !isClean);
    this.release(slot);
  }

  load(): PoolLoad {
    const count = (of: (slot: Slot) => number) => this.slots.reduce((sum, slot) => sum + of(slot), 0);
    return {
      total: count(({ pool }) => pool.totalCount),
      idle: count(({ pool }) => pool.idleCount),
      waiting: this.waiters.length,
      tenants: Math.max(...this.slots.map(({ pool, tenants }) => (pool.totalCount === 0 ? 0 : tenants.size))),
      retired: this.retired,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.slots.map(({ pool }) => pool.end()));
  }

  /** Takes the preferred connection, or a free one that knows the tenant, or any free one if the wait would be long. */
  private choose(shopId: string, preferred: number): Slot | undefined {
    const own = this.slots[preferred]!;
    if (!own.isInUse) return occupy(own); // the usual case, so nothing else is searched
    const inOrder = [...this.slots.slice(preferred), ...this.slots.slice(0, preferred)];
    const free = inOrder.filter(({ isInUse }) => !isInUse);
    const slot = free.find((other) => knows(other, shopId)) ?? (this.isLongWait(own) ? free[0] : undefined);
    return slot && occupy(slot);
  }

  private isLongWait({ isInUse, usedSince, queued }: Slot): boolean {
    return isInUse && (queued >= MAX_QUEUED || performance.now() - usedSince > this.settings.longMs);
  }

  private queue(shopId: string, number: number): Promise<Slot> {
    const preferred = this.slots[number]!;
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearInterval(retry);
        clearTimeout(timer);
        preferred.queued--;
        this.waiters = this.waiters.filter((other) => other !== waiter);
      };
      const take = (slot: Slot) => {
        leave();
        resolve(slot);
      };
      const acceptsAny = this.isLongWait(preferred);
      const waiter: Waiter = { shopId, preferred, acceptsAny, overtaken: 0, take };
      const retry = setInterval(() => {
        waiter.acceptsAny ||= this.isLongWait(preferred);
        const slot = this.choose(shopId, number);
        if (slot !== undefined) take(slot);
      }, this.settings.longMs);
      const timer = setTimeout(() => {
        leave();
        reject(noConnection(new Error(`no connection became free within ${this.settings.waitMs} ms`)));
      }, this.settings.waitMs);
      preferred.queued++;
      this.waiters.push(waiter);
    });
  }

  /** Hands the connection to the next request, if any waits that may have it. */
  private release(slot: Slot): void {
    slot.isInUse = false;
    const next = this.nextFor(slot);
    if (next === undefined) return;
    const [first] = this.waiters;
    if (next !== first) first!.overtaken++; // `next` is behind it
    next.take(occupy(slot)); // before any other request can take it
  }

  /** Prefers a tenant that the connection knows, within limits of fairness; else the first that accepts any. */
  private nextFor(slot: Slot): Waiter | undefined {
    const [first] = this.waiters;
    if (first !== undefined && first.overtaken >= MAX_OVERTAKEN) return first;
    const searched = this.waiters.slice(0, SEARCHED);
    return (
      searched.find(({ preferred, shopId }) => preferred === slot || knows(slot, shopId)) ??
      this.waiters.find(({ acceptsAny }) => acceptsAny)
    );
  }
}

function knows({ pool, tenants }: Slot, shopId: string): boolean {
  return pool.totalCount > 0 && tenants.has(shopId);
}

function occupy(slot: Slot): Slot {
  slot.isInUse = true;
  slot.usedSince = performance.now();
  return slot;
}
