import type { PoolConfig } from 'pg';
import type { BorrowedClient } from '../database/engine-client';
import { ClientGone, TooManyRequests } from '../common/common.errors';
import {
  type ClientSocket,
  type Connections,
  noConnection,
  type PoolLoad,
  type Share,
  tooManyWait,
} from '../database/connections';
import { knows, openSlot, type PoolShop, type Slot, UNLIMITED } from './pool-slots';
import { halfOf, mayHaveMore, mayUse, PoolTurns } from './pool-turns';

/** Maximum number of requests that queue for one connection while another is free. */
const MAX_QUEUED = 3;
const RETRY_SECONDS = 1;
/** Others are active in a process if one of them got a connection within this time. */
const ACTIVE_MS = 1000;
const MAX_REST_MS = 1000;

export interface TenantPoolSettings {
  /** Maximum number of connections. */
  size: number;
  /** Maximum number of requests that wait, of all shops. */
  room: number;
  /** How long a request waits for a connection, milliseconds. */
  waitMs: number;
  /** How long a request waits for its preferred connection while another is free, milliseconds. */
  longMs: number;
  /** Least duration of a transaction after which a shop uses less of its share if others are active. */
  heavyMs: number;
  /** Number of tenants that one connection serves before it is replaced. */
  tenantsPerConnection: number;
  /** Number of processes that serve the same clients; each gives a shop a part of its share, one transaction at least. */
  workers: number;
}

/**
 * Connection pool for all tenants. A PostgreSQL backend caches every table that it touches and never frees the memory
 * (65 to 180 kB per tenant, docs/decisions/0016-pool-that-knows-tenants.md). So each tenant has a preferred connection
 * and gets another one only while that is in use, and a connection that has served too many tenants is replaced. A shop
 * that uses its share of the pool, or finds no connection, waits in its own queue (pool-turns.ts).
 */
export class TenantPool implements Connections {
  private readonly slots: Slot[];
  private readonly inUse = new Map<BorrowedClient, Slot>();
  private readonly turns = new PoolTurns();
  private retired = 0;
  /** Looks after those who wait; undefined while nobody does. */
  private sweep: NodeJS.Timeout | undefined;

  /** @param config of one connection */
  constructor(
    config: PoolConfig,
    onError: (error: Error) => void,
    private readonly settings: TenantPoolSettings,
  ) {
    const { size, waitMs } = settings;
    const ofSlot = { ...config, connectionTimeoutMillis: waitMs };
    this.slots = Array.from({ length: size }, (_, index) => openSlot(index, ofSlot, onError));
  }

  async borrow(shopId: string, whole: Share = UNLIMITED, socket?: ClientSocket): Promise<BorrowedClient> {
    const share = this.partOf(whole);
    const preferred = this.slots[parseInt(shopId.slice(-8), 16) % this.slots.length]!; // the end of a UUIDv7 is random
    const shop = this.turns.shopOf(shopId, preferred);
    const slot = this.takeFree(shop, share) ?? (await this.queue(shop, share, socket));
    slot.share = whole;
    try {
      const client = (await slot.pool.connect()) as BorrowedClient;
      slot.tenants.add(shopId);
      this.inUse.set(client, slot);
      return client;
    } catch (error) {
      this.release(slot, false);
      throw noConnection(error);
    }
  }

  giveBack(client: BorrowedClient, isClean: boolean, isDone = true): void {
    const slot = this.inUse.get(client)!; // set by `borrow`
    this.inUse.delete(client);
    const isWorn = slot.tenants.size >= this.settings.tenantsPerConnection;
    if (isWorn) this.retired++;
    client.release(isWorn || !isClean);
    this.release(slot, isDone);
  }

  requireRoom(shopId: string, whole: Share = UNLIMITED): void {
    const share = this.partOf(whole);
    const shop = this.turns.find(shopId);
    const refusal = shop === undefined || mayTake(shop, share) ? undefined : this.refusalOf(shop, share);
    if (refusal !== undefined) throw refusal;
  }

  load(): PoolLoad {
    const count = (of: (slot: Slot) => number) => this.slots.reduce((sum, slot) => sum + of(slot), 0);
    return {
      total: count(({ pool }) => pool.totalCount),
      idle: count(({ pool }) => pool.idleCount),
      waiting: this.turns.waiting,
      tenants: Math.max(...this.slots.map(({ pool, tenants }) => (pool.totalCount === 0 ? 0 : tenants.size))),
      retired: this.retired,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.slots.map(({ pool }) => pool.end()));
  }

  private partOf(share: Share): Share {
    const { workers } = this.settings;
    const { transactionsAtOnce: atOnce, transactionsWaiting: waiting } = share;
    if (workers === 1) return share;
    return {
      transactionsAtOnce: atOnce === null ? null : Math.ceil(atOnce / workers),
      transactionsWaiting: waiting === null ? null : Math.ceil(waiting / workers),
    };
  }

  /** Takes a free connection for a request that need not wait. */
  private takeFree(shop: PoolShop, share: Share): Slot | undefined {
    if (!mayTake(shop, share)) return undefined;
    const slot = this.choose(shop);
    return slot && this.turns.occupy(shop, slot);
  }

  /** The preferred connection, or a free one that knows the tenant, or any free one if the wait would be long. */
  private choose({ id, preferred, acceptsAny }: PoolShop): Slot | undefined {
    if (preferred.shop === undefined) return preferred; // the usual case, so nothing else is searched
    let free: Slot | undefined;
    for (let i = 1; i < this.slots.length; i++) {
      const slot = this.slots[(preferred.index + i) % this.slots.length]!;
      if (slot.shop !== undefined) continue;
      if (knows(slot, id)) return slot;
      free ??= slot;
    }
    return acceptsAny || this.isLongWait(preferred) ? free : undefined;
  }

  private isLongWait({ shop, usedSince, queued }: Slot): boolean {
    const isInUse = shop !== undefined;
    return isInUse && (queued >= MAX_QUEUED || performance.now() - usedSince > this.settings.longMs);
  }

  /** @throws TooManyRequests if too many of the shop wait, Overloaded if too many wait, both at once; ClientGone */
  private async queue(shop: PoolShop, share: Share, socket?: ClientSocket): Promise<Slot> {
    const refusal = socket?.destroyed === true ? new ClientGone() : this.refusalOf(shop, share);
    if (refusal !== undefined) {
      this.turns.forget(shop);
      throw refusal;
    }
    shop.acceptsAny ||= this.isLongWait(shop.preferred);
    this.sweep ??= setInterval(() => this.lookAfterWaiting(), this.sweepMs).unref(); // those in use keep the process alive
    let leave = () => undefined as void;
    try {
      return await new Promise((take, refuse) => {
        const until = performance.now() + this.settings.waitMs;
        const waiter = { atOnce: share.transactionsAtOnce ?? Infinity, until, take, refuse };
        this.turns.join(shop, waiter);
        leave = () => this.turns.refuse(shop, waiter, new ClientGone());
        socket?.setMaxListeners(0).once('close', leave); // requests may follow one another without waiting for answers
      });
    } finally {
      socket?.off('close', leave);
    }
  }

  /** Reason why a request may not wait. */
  private refusalOf(shop: PoolShop, { transactionsWaiting }: Share): Error | undefined {
    const { room } = this.settings;
    if (shop.waiters.length >= (transactionsWaiting ?? room / 2))
      // no shop fills the whole room
      return new TooManyRequests({ retryAfter: RETRY_SECONDS });
    return this.turns.waiting >= room ? tooManyWait() : undefined;
  }

  /** Hands the connection to the next shop. The one that had it may use another now, if one is free. */
  private release(slot: Slot, isDone: boolean): void {
    const shop = this.turns.vacate(slot);
    const ms = performance.now() - slot.usedSince;
    const isHeavy = isDone && ms >= this.settings.heavyMs;
    if (isHeavy && this.turns.sinceOthers(shop) < ACTIVE_MS) this.slowDown(shop, ms, slot.share);
    this.turns.forget(shop);
    const next = this.turns.next(slot);
    if (next !== undefined) this.turns.serve(next, slot);
    this.serveFree(shop);
  }

  /** Halves the share of the shop, and lets the connection rest: others that are free do not help when one shop keeps all cores busy. */
  private slowDown(shop: PoolShop, ms: number, share: Share): void {
    shop.halvedUntil = performance.now() + Math.max(ACTIVE_MS, ms);
    shop.resting++;
    const end = () => {
      shop.resting--;
      this.turns.forget(shop);
      this.serveFree(shop);
    };
    setTimeout(end, Math.min(MAX_REST_MS, ms * this.restFactorOf(share))).unref(); // those who wait keep the process alive
  }

  /** Rest as a multiple of the transaction's time, with which all processes together work on a quarter of the share: half of it, half of the time. */
  private restFactorOf(share: Share): number {
    const { transactionsAtOnce: whole } = share;
    const { transactionsAtOnce: own } = this.partOf(share);
    return whole === null || own === null ? 1 : (4 * this.settings.workers * halfOf(own)) / whole - 1;
  }

  private serveFree(shop: PoolShop): void {
    while (mayHaveMore(shop)) {
      const slot = this.choose(shop);
      if (slot === undefined) return;
      this.turns.serve(shop, slot);
    }
  }

  private get sweepMs(): number {
    return Math.max(5, Math.min(this.settings.longMs, this.settings.waitMs) / 4);
  }

  /** Refuses requests that have waited too long, and lets others take any connection. One timer for all of them. */
  private lookAfterWaiting(): void {
    const shops = this.turns.inLine();
    const now = performance.now();
    for (const shop of shops) {
      while (shop.waiters[0] !== undefined && shop.waiters[0].until <= now)
        this.turns.refuse(shop, shop.waiters[0], this.waitedTooLong(shop));
      if (shop.waiters.length > 0) shop.acceptsAny ||= this.isLongWait(shop.preferred);
      this.serveFree(shop);
    }
    if (shops.length > 0) return; // stays a while, because others will wait
    clearInterval(this.sweep);
    this.sweep = undefined;
  }

  /** A shop that uses its share has waited for its own requests, and others may well be served. */
  private waitedTooLong(shop: PoolShop): Error {
    const cause = new Error(`no connection became free within ${this.settings.waitMs} ms`);
    return mayHaveMore(shop)
      ? noConnection(cause)
      : new TooManyRequests({ retryAfter: RETRY_SECONDS, cause });
  }
}

/** True if a request of the shop need not wait for others of it. */
function mayTake(shop: PoolShop, { transactionsAtOnce }: Share): boolean {
  return shop.waiters.length === 0 && mayUse(shop, transactionsAtOnce ?? Infinity);
}
