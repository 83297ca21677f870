import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import { TenantRequired } from './tenancy.errors';
import type { TenantAccess, TenantRequest } from './tenant';
import { TenantDatabase } from './tenant-database';
import { AccessDirectory } from './access-directory';

/**
 * The only way from product code to a shop's data. Request-scoped and tiny: it holds no connection, reads the
 * tenant when first used (Nest builds it before the guards have run) and opens nothing until then.
 *
 * Inside `run` and `transaction` use only the manager that `work` receives, and do not let it out: after
 * `work` has returned it refuses to query.
 */
@Injectable({ scope: Scope.REQUEST })
export class TenantConnection {
  constructor(
    @Inject(REQUEST) private readonly request: TenantRequest,
    private readonly database: TenantDatabase,
    private readonly directory: AccessDirectory,
  ) {}

  /** Who works in which shop. @throws TenantRequired outside a tenant route: never a default. */
  get access(): TenantAccess {
    if (this.request.tenant === undefined) throw new TenantRequired();
    return this.request.tenant;
  }

  /**
   * Reads in one read-only transaction of the tenant.
   * @throws TenantRequired; ShopNotReady when a migration has just taken the shop out of this program's reach;
   *   a write inside fails with SQLSTATE 25006
   */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.run(shopId, work));
  }

  /**
   * Reads with one statement: opening, statement and COMMIT travel in one round trip. For what is asked for most.
   * @throws as `run`; OneStatementOnly when `work` sends a second
   */
  runOne<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.run(shopId, work, true));
  }

  /**
   * Reads as `run` does, all statements as of one moment: what others store meanwhile does not show.
   * @throws as `run`
   */
  snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.snapshot(shopId, work));
  }

  /**
   * Reads and writes in one transaction of the tenant, all or nothing. What `work` throws undoes everything.
   * @throws TenantRequired, ShopNotReady
   */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.transaction(shopId, work));
  }

  private async explained<T>(inside: (shopId: string) => Promise<T>): Promise<T> {
    const { access } = this;
    try {
      return await inside(access.shopId);
    } catch (error) {
      throw await this.directory.explain(error, access);
    }
  }
}
