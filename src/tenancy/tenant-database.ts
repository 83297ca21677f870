import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PoolLoad } from '../database/connections';
import { OpeningFailed, type Transactions } from '../database/transactions';
import type { KeyedWork } from './keyed-work';
import { type Limits, lockTimeout, preamble } from './preamble';
import type { TenantLocator } from './tenant-locator';

/** How long a request waits for another one with the same key, milliseconds: hardly, because it is refused then. */
const KEY_WAIT_MS = 10;

/**
 * Transactions inside a tenant, by shop id, for `TenantConnection` and commands. The connection pool logs in as a role
 * that may only become a tenant's role.
 */
@Injectable()
export class TenantDatabase implements OnApplicationShutdown {
  constructor(
    private readonly transactions: Transactions,
    private readonly locator: TenantLocator,
    private readonly limits: Limits,
  ) {}

  /**
   * @see TenantConnection.run
   * @param isSingle @see TenantConnection.runOne
   */
  run<T>(
    shopId: string,
    work: (manager: EntityManager) => Promise<T>,
    isSingle: boolean = false,
  ): Promise<T> {
    const sql = preamble(this.locator.locate(shopId), 'READ ONLY', this.limits);
    return this.transactions.run(sql, work, { shopId, isSingle });
  }

  /** @see TenantConnection.snapshot */
  snapshot<T>(shopId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const mode = 'READ ONLY, ISOLATION LEVEL REPEATABLE READ';
    const sql = preamble(this.locator.locate(shopId), mode, this.limits);
    return this.transactions.run(sql, work, { shopId });
  }

  /** @see TenantConnection.transaction */
  transaction<T>(
    shopId: string,
    work: (manager: EntityManager) => Promise<T>,
    mode: 'READ WRITE' | 'READ ONLY' = 'READ WRITE',
  ): Promise<T> {
    const sql = preamble(this.locator.locate(shopId), mode, this.limits);
    return this.transactions.run(sql, work, { shopId });
  }

  /**
   * Does keyed work in one transaction, which also stores the key and the answer.
   * @throws as `transaction`; StoredAnswer when the work was done before; IdempotencyInFlight, IdempotencyKeyReused,
   *   IdempotentAnswerTooLarge; ShopNotReady while the shop has no table for keys
   */
  async once<T>(shopId: string, keyed: KeyedWork, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const limits = { ...this.limits, lock: KEY_WAIT_MS };
    const sql = preamble(this.locator.locate(shopId), 'READ WRITE', limits);
    const bracket = keyed.bracket(lockTimeout(this.limits.lock));
    try {
      const result = await this.transactions.run(sql, work, { shopId, bracket });
      keyed.done(result);
      return result;
    } catch (error) {
      if (!(error instanceof OpeningFailed)) throw error;
      throw await keyed.explain(error.cause, (read) => this.run(shopId, read, true));
    }
  }

  /** Open and idle connections, and queued requests. */
  load(): PoolLoad {
    return this.transactions.load();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transactions.close();
  }
}
