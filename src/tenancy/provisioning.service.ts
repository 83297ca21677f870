import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Histogram } from '../common/histogram';
import { AdminDatabase, PublicDatabase } from '../database/control-database';
import type { Bracket } from '../database/lease';
import { NoTenantReady } from './tenancy.errors';
import type { NewTenant } from './tenant';
import { TenantBuilder } from './tenant-builder';
import { TenantMigrations } from './tenant-migrations';

const RETRY_SECONDS = 2;
/** Upper bounds of the time that a tenant takes, milliseconds. */
const TIME_BOUNDS = [5, 25, 100, 500, 2500];

/**
 * Provisions the tenant of a new shop inside one transaction, which the caller also uses for the shop's own rows: begin
 * or claim a tenant, insert the shop, finish the tenant. All of it is committed, or nothing is.
 */
@Injectable()
export class ProvisioningService {
  /** Milliseconds from the beginning of a tenant to its end, by what was ready. */
  readonly times: Record<NewTenant['ready'], Histogram> = {
    tenant: new Histogram(TIME_BOUNDS),
    role: new Histogram(TIME_BOUNDS),
    none: new Histogram(TIME_BOUNDS),
  };
  private readonly database: AdminDatabase | PublicDatabase;
  private readonly begunAt = new WeakMap<NewTenant, number>();

  /** @param admin null in a process without admin rights, which can only claim spare tenants */
  constructor(
    publicDatabase: PublicDatabase,
    @Inject(AdminDatabase) private readonly admin: AdminDatabase | null,
    private readonly migrations: TenantMigrations,
    private readonly builder: TenantBuilder,
  ) {
    this.database = admin ?? publicDatabase;
  }

  /** Reads rows of `public`, as the login that provisions. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.run(work);
  }

  /** Runs work in a transaction of the login that provisions. An error from `work` undoes everything. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>, bracket?: Bracket): Promise<T> {
    return this.database.transaction(work, bracket);
  }

  /**
   * Claims a spare tenant, or begins a new one.
   * @throws NoTenantReady when there is no spare tenant and this process has no admin rights
   */
  async begin(manager: EntityManager): Promise<NewTenant> {
    const begunAt = performance.now();
    const tenant = await this.claimOrBegin(manager);
    this.begunAt.set(tenant, begunAt);
    return tenant;
  }

  /** Creates what is missing: role, schema, tables and the row in the registry. */
  async finish(manager: EntityManager, tenant: NewTenant): Promise<void> {
    if (tenant.ready !== 'tenant') await this.builder.finish(manager, tenant);
    this.times[tenant.ready].observe(performance.now() - this.begunAt.get(tenant)!); // set by `begin`
  }

  private async claimOrBegin(manager: EntityManager): Promise<NewTenant> {
    const claimed = await this.claim(manager);
    if (claimed !== null) return { shopId: claimed, ready: 'tenant' };
    if (this.admin === null) throw new NoTenantReady({ retryAfter: RETRY_SECONDS });
    return this.builder.begin(manager);
  }

  /** @returns null when there is no spare tenant that this program can serve */
  private async claim(manager: EntityManager): Promise<string | null> {
    const [claim] = await manager.query<{ shopId: string | null }[]>('SELECT claim_tenant($1) AS "shopId"', [
      this.migrations.latest,
    ]);
    return claim?.shopId ?? null;
  }
}
