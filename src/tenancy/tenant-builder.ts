import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids';
import { type Installation, INSTALLATION } from '../database/installation';
import type { NewTenant } from './tenant';
import { servesFromOf } from './migration-history';
import { schemaSql } from './provision-sql';
import { tenantRolesSql } from './role-creators';
import { TenantLocator } from './tenant-locator';
import { TenantMigrations } from './tenant-migrations';

/** Creates tenants and spare roles, in the caller's transactions of the admin login. */
@Injectable()
export class TenantBuilder {
  constructor(
    private readonly locator: TenantLocator,
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /** Takes a spare role's id, or a new id when there is none. */
  async begin(manager: EntityManager): Promise<NewTenant> {
    const [taken] = await manager.query<{ shopId: string }[]>(
      `WITH taken AS (DELETE FROM spare_roles WHERE shop_id = (
         SELECT shop_id FROM spare_roles ORDER BY shop_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING shop_id)
       SELECT shop_id AS "shopId" FROM taken`,
    );
    return taken === undefined ? { shopId: newId(), ready: 'none' } : { shopId: taken.shopId, ready: 'role' };
  }

  /** Creates what is missing: role, schema, tables and the row in the registry. */
  async finish(manager: EntityManager, { shopId, ready }: NewTenant): Promise<void> {
    const placement = this.locator.locate(shopId);
    const { roles } = this.installation;
    const { list, latest, checksum } = this.migrations;
    const role = ready === 'role' ? '' : tenantRolesSql([placement], roles);
    await Promise.all([
      manager.query(role + schemaSql(placement, roles, list)),
      manager.query('INSERT INTO tenants (shop_id, version, checksum, serves_from) VALUES ($1, $2, $3, $4)', [
        shopId,
        latest,
        checksum,
        servesFromOf(list),
      ]),
    ]);
  }

  /** Creates spare roles. */
  async addRoles(manager: EntityManager, count: number): Promise<void> {
    const ids = Array.from({ length: count }, newId);
    const placements = ids.map((id) => this.locator.locate(id));
    await manager.query(tenantRolesSql(placements, this.installation.roles));
    await manager.query('INSERT INTO spare_roles (shop_id) SELECT unnest($1::uuid[])', [ids]);
  }
}
