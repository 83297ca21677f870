import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AdminDatabase, PublicDatabase } from '../database/control-database';
import { NoTenantReady } from './tenancy.errors';
import type { NewTenant } from './tenant';
import { TenantBuilder } from './tenant-builder';
import { TenantMigrations } from './tenant-migrations';

const RETRY_SECONDS = 2;

/**
 * Makes the tenant of a new shop inside one transaction, which the caller also uses for the shop's own rows: begin
 * or claim a tenant, insert the shop, finish the tenant. All of it is committed, or nothing is.
 */
@Injectable()
export class ProvisioningService {
  private readonly database: AdminDatabase | PublicDatabase;

  /** @param admin null in a process without admin rights, which can only claim what the worker has made */
  constructor(
    publicDatabase: PublicDatabase,
    @Inject(AdminDatabase) private readonly admin: AdminDatabase | null,
    private readonly migrations: TenantMigrations,
    private readonly builder: TenantBuilder,
  ) {
    this.database = admin ?? publicDatabase;
  }

  /** Runs work in a transaction of the login that provisions here. What `work` throws undoes everything. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  /**
   * Claims a tenant that is ready, or begins a new one where that needs no more rights than there are.
   * @throws NoTenantReady in a process without admin rights
   */
  async begin(manager: EntityManager): Promise<NewTenant> {
    const claimed = await this.claim(manager);
    if (claimed !== null) return { shopId: claimed, ready: 'tenant' };
    if (this.admin === null) throw new NoTenantReady({ retryAfter: RETRY_SECONDS });
    return this.builder.begin(manager);
  }

  /** Makes what is still missing: role, schema, tables and the row in `public.tenants`. */
  async finish(manager: EntityManager, tenant: NewTenant): Promise<void> {
    if (tenant.ready !== 'tenant') await this.builder.finish(manager, tenant);
  }

  /** @returns null when none is ready, or only such as this program cannot serve */
  private async claim(manager: EntityManager): Promise<string | null> {
    const [claim] = await manager.query<{ shopId: string | null }[]>('SELECT claim_tenant($1) AS "shopId"', [
      this.migrations.latest,
    ]);
    return claim?.shopId ?? null;
  }
}
