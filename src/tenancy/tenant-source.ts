import type { EntityManager } from 'typeorm';
import type { AdminDatabase, PublicDatabase } from '../database/control-database';
import { NoTenantReady } from './tenancy.errors';
import type { TenantMaker } from './tenant-maker';
import type { TenantMigrations } from './tenant-migrations';

const RETRY_SECONDS = 2;

/** Injection token of the process's own. */
export const TENANT_SOURCE = Symbol('TenantSource');

/** Where the tenant of a new shop comes from, and with whose rights. */
export interface TenantSource {
  readonly database: AdminDatabase | PublicDatabase;
  /**
   * Gives a shop that `insertShop` makes its schema, role, tables and index row, in the caller's transaction.
   * @returns the shop's id
   * @throws NoTenantReady
   */
  make(manager: EntityManager, insertShop: (shopId: string) => Promise<void>): Promise<string>;
}

/** Takes one from the stock, and makes it there and then, with admin rights, when nothing is ready. */
export class InlineTenants implements TenantSource {
  constructor(
    readonly database: AdminDatabase,
    private readonly migrations: TenantMigrations,
    private readonly maker: TenantMaker,
  ) {}

  async make(manager: EntityManager, insertShop: (shopId: string) => Promise<void>): Promise<string> {
    const claimed = await claimTenant(manager, this.migrations);
    if (claimed !== null) {
      await insertShop(claimed);
      return claimed;
    }
    const tenant = await this.maker.begin(manager);
    await insertShop(tenant.shopId); // first, for it is cheap and may be refused
    await this.maker.finish(manager, tenant);
    return tenant.shopId;
  }
}

/** Takes one that the provisioning worker has made in advance: the public login's rights are enough. */
export class TenantsFromStock implements TenantSource {
  constructor(
    readonly database: PublicDatabase,
    private readonly migrations: TenantMigrations,
  ) {}

  async make(manager: EntityManager, insertShop: (shopId: string) => Promise<void>): Promise<string> {
    const claimed = await claimTenant(manager, this.migrations);
    if (claimed === null) throw new NoTenantReady({ retryAfter: RETRY_SECONDS });
    await insertShop(claimed);
    return claimed;
  }
}

/** @returns null when the stock is empty, or holds only tenants that this program cannot serve */
async function claimTenant(manager: EntityManager, { latest }: TenantMigrations): Promise<string | null> {
  const [claim] = await manager.query<{ shopId: string | null }[]>('SELECT claim_tenant($1) AS "shopId"', [
    latest,
  ]);
  return claim?.shopId ?? null;
}
