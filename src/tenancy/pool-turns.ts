import { knows, type PoolShop, type Slot, type Waiter } from './pool-slots';

/** How often others may overtake the shop that waits longest. */
const MAX_OVERTAKEN = 50;

/**
 * Turns of the shops that wait for connections. Each shop has a queue of its own and one place in the line, whatever the
 * length of the queue; after each connection that it gets it goes to the end. A shop that knows the free connection may
 * overtake others, but none of them twice: docs/decisions/0031-fair-share-of-the-pool.md.
 */
export class PoolTurns {
  /** Requests that wait, of all shops. */
  waiting = 0;
  private readonly shops = new Map<string, PoolShop>();
  private readonly line = new Set<PoolShop>();
  /** Counts what happens, so that two events have an order. */
  private clock = 0;
  /** Shop that got a connection last, and when; and when another than that did. */
  private last = { id: '', at: -Infinity, otherAt: -Infinity };

  shopOf(id: string, preferred: Slot): PoolShop {
    let shop = this.shops.get(id);
    if (shop === undefined) {
      const counts = { inUse: 0, resting: 0, halvedUntil: 0, servedAt: 0, joinedAt: 0, overtaken: 0 };
      shop = { id, preferred, waiters: [], acceptsAny: false, ...counts };
      this.shops.set(id, shop);
    }
    return shop;
  }

  /** @returns undefined for a shop that neither uses a connection nor waits */
  find(id: string): PoolShop | undefined {
    return this.shops.get(id);
  }

  occupy(shop: PoolShop, slot: Slot): Slot {
    const now = performance.now();
    slot.shop = shop;
    slot.usedSince = now;
    const { id, at, otherAt } = this.last;
    this.last = { id: shop.id, at: now, otherAt: id === shop.id ? otherAt : at };
    shop.inUse++;
    shop.servedAt = ++this.clock;
    return slot;
  }

  /** @returns the shop that used the connection */
  vacate(slot: Slot): PoolShop {
    const shop = slot.shop!; // occupied before
    slot.shop = undefined;
    shop.inUse--;
    return shop;
  }

  /** How long ago another shop got a connection, milliseconds. */
  sinceOthers({ id }: PoolShop): number {
    const { last } = this;
    return performance.now() - (id === last.id ? last.otherAt : last.at);
  }

  join(shop: PoolShop, waiter: Waiter): void {
    this.waiting++;
    shop.preferred.queued++;
    if (shop.waiters.push(waiter) === 1) this.goToEnd(shop);
  }

  /** Hands the connection to the oldest request of the shop, before any other can take it. */
  serve(shop: PoolShop, slot: Slot): void {
    this.occupy(shop, slot);
    const waiter = this.takeOut(shop);
    this.line.delete(shop);
    if (shop.waiters.length > 0) this.goToEnd(shop);
    waiter.take(slot);
  }

  /** Refuses a request of the shop, unless it waits no more. */
  refuse(shop: PoolShop, waiter: Waiter, error: Error): void {
    const place = shop.waiters.indexOf(waiter);
    if (place === -1) return;
    this.takeOut(shop, place);
    if (shop.waiters.length === 0) this.line.delete(shop);
    waiter.refuse(error);
  }

  /** Shops that wait, in their order, as of now. */
  inLine(): PoolShop[] {
    return [...this.line];
  }

  /**
   * Chooses the shop that gets a free connection: the first in line that knows it or prefers it, or else the first that
   * accepts any. The former must not have got a connection since the latter joined the line.
   */
  next(slot: Slot): PoolShop | undefined {
    let first: PoolShop | undefined;
    let acceptsAny: PoolShop | undefined;
    for (const shop of this.line) {
      if (!mayHaveMore(shop)) continue;
      first ??= shop;
      if (first.overtaken >= MAX_OVERTAKEN) return first;
      const mayOvertake = acceptsAny === undefined || shop.servedAt < acceptsAny.joinedAt;
      if (mayOvertake && (shop.preferred === slot || knows(slot, shop.id))) return overtaking(shop, first);
      if (shop.acceptsAny) acceptsAny ??= shop;
    }
    return acceptsAny && overtaking(acceptsAny, first);
  }

  /** Forgets the shop if it is idle and nobody waits, for whom its last turn would count. */
  forget({ id, inUse, resting }: PoolShop): void {
    if (inUse === 0 && resting === 0 && this.waiting === 0) this.shops.delete(id);
  }

  private goToEnd(shop: PoolShop): void {
    shop.joinedAt = ++this.clock;
    shop.overtaken = 0;
    this.line.add(shop);
  }

  private takeOut(shop: PoolShop, place = 0): Waiter {
    this.waiting--;
    shop.preferred.queued--;
    const waiter = shop.waiters.splice(place, 1)[0]!; // a shop in line has one
    if (shop.waiters.length === 0) shop.acceptsAny = false;
    for (const other of this.waiting === 0 ? this.shops.values() : []) this.forget(other);
    return waiter;
  }
}

/** True if a request of the shop waits, and the shop may use one more connection. */
export function mayHaveMore(shop: PoolShop): boolean {
  const [oldest] = shop.waiters;
  return oldest !== undefined && mayUse(shop, oldest.atOnce);
}

/** True if the shop may use one more connection, when its share is `atOnce`. */
export function mayUse({ inUse, resting, halvedUntil }: PoolShop, atOnce: number): boolean {
  return inUse + resting < (performance.now() < halvedUntil ? halfOf(atOnce) : atOnce);
}

/** Connections of a share that a heavy shop may use, one at least. */
export function halfOf(atOnce: number): number {
  return Math.max(1, Math.floor(atOnce / 2));
}

function overtaking(shop: PoolShop, first: PoolShop | undefined): PoolShop {
  if (first !== undefined && first !== shop) first.overtaken++;
  return shop;
}
