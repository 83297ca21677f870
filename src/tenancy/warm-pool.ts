import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AdminDatabase } from '../database/control-database';
import { TenantBuilder } from './tenant-builder';
import { TenantMigrations } from './tenant-migrations';

/**
 * Spare roles are created in batches, when few are left. After each batch every backend re-reads all memberships when
 * it next becomes a tenant: 17 ms at 10,000 tenants on PostgreSQL 18, 176 ms on 15; in batches, a tenant costs a
 * hundredth of that (docs/decisions/0017-warm-pool.md).
 */
const ROLES_PER_BATCH = 100;
const MIN_ROLES = 20;

/** Spare tenants for new shops, created in advance with admin rights. One process refills the pool at a time. */
@Injectable()
export class WarmPool {
  constructor(
    private readonly database: AdminDatabase,
    private readonly migrations: TenantMigrations,
    private readonly builder: TenantBuilder,
  ) {}

  /**
   * Refills the warm pool up to `size` tenants.
   * @returns number of tenants created
   */
  async fill(size: number, signal?: AbortSignal): Promise<number> {
    for (let made = 0; ;) {
      const added = signal?.aborted ? null : await this.add(size);
      if (added === null) return made;
      if (added === 'tenant') made++;
    }
  }

  /**
   * Adds one tenant, or a batch of roles when few are left, in one transaction, so that a crash leaves no half-made tenant.
   * @returns null when nothing is missing, or another process is refilling
   */
  add(size: number): Promise<'tenant' | 'roles' | null> {
    return this.database.transaction(async (manager) => {
      if (!(await isAlone(manager))) return null;
      const { tenants, roles } = await this.count(manager);
      if (roles < MIN_ROLES) {
        await this.builder.addRoles(manager, ROLES_PER_BATCH);
        return 'roles';
      }
      if (tenants >= size) return null;
      const tenant = await this.builder.begin(manager);
      await this.builder.finish(manager, tenant);
      await manager.query('INSERT INTO spare_tenants (shop_id) VALUES ($1)', [tenant.shopId]);
      return 'tenant';
    });
  }

  /** Counts only tenants that this program may claim, by the condition of `claim_tenant`. */
  private async count(manager: EntityManager): Promise<{ tenants: number; roles: number }> {
    const rows = await manager.query<{ tenants: number; roles: number }[]>(
      `SELECT (SELECT count(*)::int FROM spare_roles) AS roles,
         (SELECT count(*)::int FROM spare_tenants s
          WHERE (SELECT t.version >= $1 AND t.serves_from <= $1 FROM tenants t WHERE t.shop_id = s.shop_id)) AS tenants`,
      [this.migrations.latest],
    );
    return rows[0]!; // no table, so one row
  }
}

/** Takes the lock that lets one process refill, until the end of the transaction. */
async function isAlone(manager: EntityManager): Promise<boolean> {
  const rows = await manager.query<{ held: boolean }[]>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended('refill warm pool', 0)) AS held`,
  );
  return rows[0]!.held; // no table, so one row
}
