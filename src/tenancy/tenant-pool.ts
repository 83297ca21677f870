import { Pool, type PoolConfig } from 'pg';
import type { BorrowedClient } from '../database/borrowed-client';
import { type Connections, noConnection, type PoolLoad } from '../database/connections';

/** How often the request that waits longest may be passed by others whose connection became free. */
const MAX_PASSED = 50;
/** Requests in the queue that are looked at for one that fits. */
const LOOK = 100;
/** So many wait for one connection at most, as long as another is free. */
const CROWD = 3;
export interface TenantPoolSettings {
  /** Most connections at once. */
  size: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** A connection that is lent for longer, milliseconds, is not waited for while another is free. */
  longMs: number;
  /** Tenants that one connection serves before it is replaced. */
  tenantsPerConnection: number;
}

/** One connection, opened when it is needed, and who has been served by it. */
interface Slot {
  pool: Pool;
  isLent: boolean;
  lentAt: number;
  /** Requests that wait for it. */
  crowd: number;
  tenants: Set<string>;
}

interface Waiter {
  shopId: string;
  home: Slot;
  /** Whether it takes any connection by now. */
  mayLeave: boolean;
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
      const slot: Slot = { pool, isLent: false, lentAt: 0, crowd: 0, tenants: new Set() };
      pool.on('error', onError);
      pool.on('connect', () => slot.tenants.clear()); // a new backend knows nothing yet
      return slot;
    });
  }

  async borrow(shopId: string): Promise<BorrowedClient> {
    const home = parseInt(shopId.slice(-8), 16) % this.slots.length; // the end of a UUIDv7 is random
    const slot = this.choose(shopId, home) ?? (await this.turn(shopId, home));
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

  /** Of those that are not lent: the home connection, or one that knows the tenant, or any if home is not to be waited for. */
  private choose(shopId: string, home: number): Slot | undefined {
    const own = this.slots[home]!;
    if (!own.isLent) return lend(own); // mostly, so nothing else is looked at
    const free = [...this.slots.slice(home), ...this.slots.slice(0, home)].filter(({ isLent }) => !isLent);
    const slot = free.find((other) => knows(other, shopId)) ?? (this.isAway(own) ? free[0] : undefined);
    return slot && lend(slot);
  }

  private isAway({ isLent, lentAt, crowd }: Slot): boolean {
    return isLent && (crowd >= CROWD || performance.now() - lentAt > this.settings.longMs);
  }

  private turn(shopId: string, number: number): Promise<Slot> {
    const home = this.slots[number]!;
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearInterval(restless);
        clearTimeout(timer);
        home.crowd--;
        this.waiters = this.waiters.filter((other) => other !== waiter);
      };
      const take = (slot: Slot) => {
        leave();
        resolve(slot);
      };
      const waiter: Waiter = { shopId, home, mayLeave: this.isAway(home), passed: 0, take };
      const restless = setInterval(() => {
        waiter.mayLeave ||= this.isAway(home);
        const slot = this.choose(shopId, number);
        if (slot !== undefined) take(slot);
      }, this.settings.longMs);
      const timer = setTimeout(() => {
        leave();
        reject(noConnection(new Error(`no connection became free within ${this.settings.waitMs} ms`)));
      }, this.settings.waitMs);
      home.crowd++;
      this.waiters.push(waiter);
    });
  }

  /** To a tenant that it knows, but past nobody too often; else to one that waits no longer for its own. */
  private passOn(slot: Slot): void {
    slot.isLent = false;
    const next = this.nextFor(slot);
    if (next === undefined) return;
    const [first] = this.waiters;
    if (next !== first) first!.passed++; // `next` is behind it
    next.take(lend(slot)); // before anybody else can ask
  }

  private nextFor(slot: Slot): Waiter | undefined {
    const [first] = this.waiters;
    if (first !== undefined && first.passed >= MAX_PASSED) return first;
    return (
      this.waiters.slice(0, LOOK).find(({ home, shopId }) => home === slot || knows(slot, shopId)) ??
      this.waiters.find(({ mayLeave }) => mayLeave)
    );
  }
}

function knows({ pool, tenants }: Slot, shopId: string): boolean {
  return pool.totalCount > 0 && tenants.has(shopId);
}

function lend(slot: Slot): Slot {
  slot.isLent = true;
  slot.lentAt = performance.now();
  return slot;
}
