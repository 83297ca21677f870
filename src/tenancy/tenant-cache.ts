import type { OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ZodType } from 'zod';
import type { Logger } from '../common/logger';
import type { CacheStore } from './cache-store';
import type { TenantAccess } from './tenant';

/** Pause after the store has failed, in which values are made anew each time. */
const RETRY_MS = 1000;
/** Stands for every write in a shop, of whatever rows. */
const ANY = 'any';
/** Stands for the exchange of the whole shop, by a restore for example. */
const SHOP = 'shop';

export interface Remembered<T> {
  /** Longest time for which the value may be used, milliseconds: it bounds what an unseen write can do. */
  ttlMs: number;
  /** Resource whose writes end the value, as `recordChanges` names it; by default every write in the shop does. */
  of?: string;
  /** Form of the value. What is found in another one, in a store that others can write to, is made anew. */
  shape: ZodType<T>;
}

/**
 * Values that were made from a shop's data, until the data are written. The shop is always that of the grant: no text of a
 * request chooses it. There is no `set`: a value that is made before a write and stored after it would outlive it, and `remember`
 * alone knows when the making began.
 *
 * A write that this process commits ends values at once, before it is answered; with Redis in all processes, without it in this
 * one. Whatever fails, the value is made: a cache that is away costs its gain and nothing else.
 */
export class TenantCache implements OnApplicationShutdown {
  private awayUntil = 0;
  /** Generations to renew, each with the number of the last write that asked for it: a renewal before that write is none. */
  private readonly owed = new Map<string, number>();
  private writes = 0;

  constructor(
    private readonly store: CacheStore,
    private readonly logger: Logger,
  ) {}

  /** True if a write in any process ends values at once, so that they never contradict what a client has just written. */
  get isShared(): boolean {
    return this.store.isShared;
  }

  /**
   * Returns the value of a name, or makes and keeps it. Not inside `transaction`, whose own writes the cache does not know yet.
   * @param name of the value in the shop, with all that it depends on but the shop
   * @param make reads the shop's data in transactions of its own; the value must survive JSON
   */
  async remember<T>(
    { shopId }: Pick<TenantAccess, 'shopId'>,
    name: string,
    { ttlMs, of = ANY, shape }: Remembered<T>,
    make: () => Promise<T>,
  ): Promise<T> {
    const key = keyOf(shopId, 'value', name);
    const found = await this.attempt(() => this.store.read(generationsOf(shopId, [SHOP, of]), key));
    const known = found?.value === undefined ? undefined : this.read(found.value, shape, { shopId, name });
    if (known !== undefined) return known.value;
    const value = await make();
    if (found !== undefined)
      await this.attempt(() => this.store.write(key, found.generation, JSON.stringify(value), ttlMs));
    return value;
  }

  /** Ends the values that depend on what a transaction has written. @param written resources */
  forget({ shopId }: Pick<TenantAccess, 'shopId'>, written: Iterable<string>): Promise<void> {
    return this.renew(generationsOf(shopId, [ANY, ...written]));
  }

  /** Ends all values of a shop, whose data were exchanged or removed. */
  forgetShop(shopId: string): Promise<void> {
    return this.renew(generationsOf(shopId, [SHOP]));
  }

  onApplicationShutdown(): void {
    this.store.close();
  }

  /** @returns undefined for a text that is no value of this form */
  private read<T>(text: string, shape: ZodType<T>, where: object): { value: T } | undefined {
    try {
      return { value: shape.parse(JSON.parse(text)) };
    } catch (err) {
      this.logger.warn({ event: 'tenant_cache.value_refused', ...where, err });
      return undefined;
    }
  }

  private async renew(generations: readonly string[]): Promise<void> {
    this.writes++;
    for (const one of generations) this.owed.set(one, this.writes);
    await this.attempt(() => Promise.resolve()); // pays what is owed
  }

  /** @returns undefined while the store is away */
  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (performance.now() < this.awayUntil) return undefined;
    try {
      const owed = [...this.owed];
      if (owed.length > 0) await this.store.renew(owed.map(([one]) => one));
      for (const [one, write] of owed) if (this.owed.get(one) === write) this.owed.delete(one);
      return await work();
    } catch (err) {
      this.awayUntil = performance.now() + RETRY_MS;
      this.logger.warn({ event: 'tenant_cache.away', err });
      return undefined;
    }
  }
}

/** The only place that makes keys. An id of a shop has one length, so no name can lead to the key of another shop. */
function keyOf(shopId: string, kind: 'value' | 'generation', name: string): string {
  return `tenant:${shopId}:${kind}:${name}`;
}

function generationsOf(shopId: string, resources: readonly string[]): string[] {
  return resources.map((resource) => keyOf(shopId, 'generation', resource));
}

/** Resources that a transaction has written, kept with its connection: savepoints have managers of their own. */
const WRITTEN = 'written';

/** Notes that the transaction of the manager writes rows of a resource. */
export function noteWritten({ queryRunner }: EntityManager, resource: string): void {
  const { data } = queryRunner!; // managers of transactions have one
  (data[WRITTEN] ??= new Set<string>()).add(resource);
}

export function writtenIn({ queryRunner }: EntityManager): Iterable<string> {
  return (queryRunner?.data[WRITTEN] as Set<string> | undefined) ?? [];
}
