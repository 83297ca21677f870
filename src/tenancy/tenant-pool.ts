import { Pool, type PoolConfig } from 'pg';
import type { BorrowedClient } from '../database/borrowed-client';
import { type Connections, noConnection, type PoolLoad } from '../database/connections';

/** How often the request that waits longest may be passed by others whose own connection became free. */
const MAX_PASSED = 10;
/** Requests in the queue that are looked at for one that fits. */
const LOOK = 100;

export interface TenantPoolSettings {
  /** Most connections at once. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** Tenants that one connection serves before it is replaced. */
  tenantsPerConnection: number;
}

/** One connection, opened when it is needed, and who has been served by it. */
interface Slot {
  pool: Pool;
  isLent: boolean;
  tenants: Set<string>;
}

interface Waiter {
  home: Slot;
  passed: number;
  take(slot: Slot): void;
}

/**
 * The connections of all tenants. A PostgreSQL backend remembers every table that it has touched and never forgets
 * (65 to 180 kB a tenant, docs/decisions/0016-pool-that-knows-tenants.md), so the pool sees to it that each connection serves
 * few tenants: a tenant has a home connection, and gets another one only while that is lent. A connection that has
 * served too many all the same is replaced. Who finds all lent waits in line.
 */
export class TenantPool implements Connections {
  private readonly slots: Slot[];
  private readonly lent = new Map<BorrowedClient, Slot>();
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
      const slot: Slot = { pool, isLent: false, tenants: new Set() };
      pool.on('error', onError);
      pool.on('connect', () => slot.tenants.clear()); // a new backend knows nothing yet
      return slot;
    });
  }

  async borrow(shopId: string): Promise<BorrowedClient> {
    const home = parseInt(shopId.slice(-8), 16) % this.slots.length; // the end of a UUIDv7 is random
    const slot = this.free(home) ?? (await this.turn(this.slots[home]!)); // within: a remainder
    slot.isLent = true;
    try {
      const client = (await slot.pool.connect()) as BorrowedClient;
      slot.tenants.add(shopId);
      this.lent.set(client, slot);
      return client;
    } catch (error) {
      this.passOn(slot);
      throw noConnection(error);
    }
  }

  giveBack(client: BorrowedClient, isClean: boolean): void {
    const slot = this.lent.get(client)!; // `borrow` has put it there
    this.lent.delete(client);
    const isWorn = slot.tenants.size >= this.settings.tenantsPerConnection;
    if (isWorn) this.retired++;
    client.release(isWorn || !isClean);
    this.passOn(slot);
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

  /** The home connection, or the next one that is not lent: the same neighbours each time. */
  private free(home: number): Slot | undefined {
    for (let i = 0; i < this.slots.length; i++) {
      const slot = this.slots[(home + i) % this.slots.length]!; // within: a remainder
      if (!slot.isLent) return slot;
    }
    return undefined;
  }

  private turn(home: Slot): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        home,
        passed: 0,
        take: (slot) => {
          clearTimeout(timer);
          resolve(slot);
        },
      };
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        reject(noConnection(new Error(`no connection became free within ${this.settings.waitMs} ms`)));
      }, this.settings.waitMs);
      this.waiters.push(waiter);
    });
  }

  /** To a tenant whose home it is, but past nobody too often. */
  private passOn(slot: Slot): void {
    slot.isLent = false;
    const [first] = this.waiters;
    if (first === undefined) return;
    const fitting = this.waiters.slice(0, LOOK).findIndex(({ home }) => home === slot);
    const chosen = first.passed < MAX_PASSED && fitting > 0 ? fitting : 0;
    if (chosen > 0) first.passed++;
    const [waiter] = this.waiters.splice(chosen, 1);
    slot.isLent = true; // before anybody else can ask
    waiter!.take(slot); // there is one at least
  }
}
