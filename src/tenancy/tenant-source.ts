import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids';
import type { AdminDatabase, PublicDatabase } from '../database/control-database';
import type { Roles } from '../database/roles';
import { servesFromOf } from './migrator/history';
import { provisionSql } from './provision-sql';
import { NoTenantReady } from './tenancy.errors';
import type { TenantLocator } from './tenant-locator';
import type { TenantMigrations } from './tenant-migrations';

const RETRY_SECONDS = 2;

/** Injection token of the process's own. */
export const TENANT_SOURCE = Symbol('TenantSource');

/** Where the tenant of a new shop comes from, and with whose rights. */
export interface TenantSource {
  readonly database: AdminDatabase | PublicDatabase;
  /**
   * Gives a shop that `insertShop` makes its schema, role, tables and index row, in the caller's transaction.
   * @throws NoTenantReady
   */
  make<T>(manager: EntityManager, insertShop: (shopId: string) => Promise<T>): Promise<T>;
}

/** Makes the tenant there and then, with admin rights. */
export class InlineTenants implements TenantSource {
  constructor(
    readonly database: AdminDatabase,
    private readonly locator: TenantLocator,
    private readonly migrations: TenantMigrations,
    private readonly roles: Roles,
  ) {}

  async make<T>(manager: EntityManager, insertShop: (shopId: string) => Promise<T>): Promise<T> {
    const shopId = newId();
    const shop = await insertShop(shopId); // first, for it is cheap and may be refused
    await manager.query(provisionSql(this.locator.locate(shopId), this.roles, this.migrations.list));
    await indexTenant(manager, shopId, this.migrations);
    return shop;
  }
}

/** Writes a new tenant, at the newest version, into the index. */
export async function indexTenant(
  manager: EntityManager,
  shopId: string,
  { latest, checksum, list }: TenantMigrations,
): Promise<void> {
  await manager.query(
    'INSERT INTO tenants (shop_id, version, checksum, serves_from) VALUES ($1, $2, $3, $4)',
    [shopId, latest, checksum, servesFromOf(list)],
  );
}

/** Takes one that the provisioning worker has made in advance: the public login's rights are enough. */
export class TenantsFromStock implements TenantSource {
  constructor(
    readonly database: PublicDatabase,
    private readonly migrations: TenantMigrations,
  ) {}

  async make<T>(manager: EntityManager, insertShop: (shopId: string) => Promise<T>): Promise<T> {
    const [claim] = await manager.query<{ shopId: string | null }[]>('SELECT claim_tenant($1) AS "shopId"', [
      this.migrations.latest,
    ]);
    if (claim?.shopId === null || claim === undefined) throw new NoTenantReady({ retryAfter: RETRY_SECONDS });
    return insertShop(claim.shopId);
  }
}
