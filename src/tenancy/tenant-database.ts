import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PoolLoad } from '../database/connections';
import type { Transactions } from '../database/transactions';
import type { KeyedWork, KeyPlace } from './keyed-work';
import { type Limits, preamble, type WriteMode } from './preamble';
import type { TenantLocator } from './tenant-locator';

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
    mode: WriteMode = 'READ WRITE',
  ): Promise<T> {
    const sql = preamble(this.locator.locate(shopId), mode, this.limits);
    return this.transactions.run(sql, work, { shopId });
  }

  /** Does keyed work. @throws as `transaction`; as KeyedWork.once */
  once<T>(
    shopId: string,
    keyed: KeyedWork,
    work: (manager: EntityManager) => Promise<T>,
    mode: WriteMode,
  ): Promise<T> {
    const sql = preamble(this.locator.locate(shopId), mode, this.limits);
    const place: KeyPlace = {
      lockMs: this.limits.lock,
      transaction: (all, bracket) => this.transactions.run(sql, all, { shopId, ...(bracket && { bracket }) }),
      run: (read) => this.run(shopId, read, true),
    };
    return keyed.once(place, work);
  }

  /** Open and idle connections, and queued requests. */
  load(): PoolLoad {
    return this.transactions.load();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transactions.close();
  }
}
