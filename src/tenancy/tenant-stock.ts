import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../common/ids';
import { AdminDatabase } from '../database/control-database';
import { type Installation, INSTALLATION } from '../database/installation';
import { provisionSql } from './provision-sql';
import { TenantLocator } from './tenant-locator';
import { TenantMigrations } from './tenant-migrations';
import { indexTenant } from './tenant-source';

/** Keeps tenants ready for shops to come. The work of the provisioning worker, with admin rights. */
@Injectable()
export class TenantStock {
  constructor(
    private readonly database: AdminDatabase,
    private readonly locator: TenantLocator,
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /**
   * Fills the stock up to `size` tenants, one transaction each, so that a kill leaves whole
   * tenants only. Several workers may do it at once; the stock may then be larger by as many.
   * @returns how many were made
   */
  async fill(size: number, signal?: AbortSignal): Promise<number> {
    let made = 0;
    while (!signal?.aborted && (await this.count()) < size) {
      await this.add();
      made++;
    }
    return made;
  }

  private async count(): Promise<number> {
    const rows = await this.database.run((manager) =>
      manager.query<{ count: number }[]>('SELECT count(*)::int AS count FROM tenant_stock'),
    );
    return rows[0]!.count; // one row by definition
  }

  private add(): Promise<void> {
    return this.database.transaction(async (manager) => {
      const shopId = newId();
      const { roles } = this.installation;
      await manager.query(provisionSql(this.locator.locate(shopId), roles, this.migrations.list));
      await indexTenant(manager, shopId, this.migrations);
      await manager.query('INSERT INTO tenant_stock (shop_id) VALUES ($1)', [shopId]);
    });
  }
}
