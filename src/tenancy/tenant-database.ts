import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PoolLoad } from '../database/connections';
import type { Origin, TransactionMeter } from '../database/transaction-meter';
import type { Purpose, Transactions } from '../database/transactions';
import type { KeyedWork, KeyPlace } from './keyed-work';
import type { PlanLimits } from './plan';
import { type Limits, type Mode, preamble, type WriteMode } from './preamble';
import type { TenantAccess } from './tenant';
import type { TenantLocator } from './tenant-locator';

/** Shop of a transaction: its id, for which the installation's limits apply, or a grant, which has its plan's. */
export type TenantUse = string | (Pick<TenantAccess, 'shopId' | 'allowance'> & { origin?: Origin });

/** Limits of the installation. */
export interface OwnLimits extends Limits {
  /** The tenant login may limit temporary files. */
  maySetTempFiles: boolean;
}

/**
 * Transactions inside a tenant, by shop id, for `TenantConnection` and commands. The connection pool logs in as a role
 * that may only become a tenant's role.
 */
@Injectable()
export class TenantDatabase implements OnApplicationShutdown {
  constructor(
    private readonly transactions: Transactions,
    private readonly locator: TenantLocator,
    private readonly limits: OwnLimits,
  ) {}

  /**
   * @see TenantConnection.run
   * @param isSingle @see TenantConnection.runOne
   */
  run<T>(
    tenant: TenantUse,
    work: (manager: EntityManager) => Promise<T>,
    isSingle: boolean = false,
  ): Promise<T> {
    const { sql, purpose } = this.enter(tenant, 'READ ONLY');
    return this.transactions.run(sql, work, { ...purpose, isSingle });
  }

  /** @see TenantConnection.snapshot */
  snapshot<T>(tenant: TenantUse, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const { sql, purpose } = this.enter(tenant, 'READ ONLY, ISOLATION LEVEL REPEATABLE READ');
    return this.transactions.run(sql, work, purpose);
  }

  /** @see TenantConnection.transaction */
  transaction<T>(
    tenant: TenantUse,
    work: (manager: EntityManager) => Promise<T>,
    mode: WriteMode = 'READ WRITE',
  ): Promise<T> {
    const { sql, purpose } = this.enter(tenant, mode);
    return this.transactions.run(sql, work, purpose);
  }

  /** Does keyed work. @throws as `transaction`; as KeyedWork.once */
  once<T>(
    tenant: TenantUse,
    keyed: KeyedWork,
    work: (manager: EntityManager) => Promise<T>,
    mode: WriteMode,
  ): Promise<T> {
    const { sql, purpose, limits } = this.enter(tenant, mode);
    const place: KeyPlace = {
      lockMs: limits.lock,
      transaction: (all, bracket) =>
        this.transactions.run(sql, all, { ...purpose, ...(bracket && { bracket }) }),
      run: (read) => this.run(tenant, read, true),
    };
    return keyed.once(place, work);
  }

  /** Refuses a request of the shop whose transaction would be refused at once. @throws Overloaded, TooManyRequests */
  requireRoom({ shopId, allowance }: TenantAccess): void {
    this.transactions.requireRoom({ shopId, share: allowance.limits });
  }

  /** Open and idle connections, and queued requests. */
  load(): PoolLoad {
    return this.transactions.load();
  }

  get meter(): TransactionMeter {
    return this.transactions.meter;
  }

  private enter(tenant: TenantUse, mode: Mode): { sql: string; purpose: Purpose; limits: Limits } {
    const { shopId, allowance, origin } = typeof tenant === 'string' ? { shopId: tenant } : tenant;
    const limits = allowance === undefined ? this.limits : limitsOf(allowance.limits, this.limits);
    const placement = this.locator.locate(shopId);
    return {
      sql: preamble(placement, mode, limits),
      limits,
      purpose: {
        shopId,
        role: placement.role,
        share: allowance?.limits,
        extraMs: Math.max(0, limits.statement - this.limits.statement),
        origin,
      },
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transactions.close();
  }
}

/** Limits of the plan, in place of the installation's. */
function limitsOf(plan: Readonly<PlanLimits>, own: OwnLimits): Limits {
  return {
    statement: plan.statementMs ?? own.statement,
    lock: plan.lockMs ?? own.lock,
    idle: own.idle,
    workMemKiB: plan.workMemKiB,
    tempFileMiB: own.maySetTempFiles ? plan.tempFileMiB : null,
  };
}
