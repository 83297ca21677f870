import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../common/ids';
import { AdminDatabase } from '../database/control-database';
import { INSTALLATION } from '../database/database.module';
import { adminOf, type Installation } from '../database/installation';
import { migrateSchema } from '../database/schema-migrator';
import { quoteLiteral } from '../database/identifiers';
import { withClient } from '../database/with-client';
import { engineTableRights, provisionSql } from './provision-sql';
import { TenantLocator } from './tenant-locator';
import { TenantMigrations } from './tenant-migrations';

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
   * Brings the stock to `size` tenants at the newest version, one transaction each, so that a kill leaves whole
   * tenants only. Several workers may do it at once; the stock may then be larger by as many.
   * @returns how many were made
   */
  async fill(size: number, signal?: AbortSignal): Promise<number> {
    await this.bringUpToDate();
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
      await manager.query('INSERT INTO tenant_stock (shop_id, version) VALUES ($1, $2)', [
        shopId,
        this.migrations.latest,
      ]);
    });
  }

  /** Tenants made before the last release. Nobody claims one meanwhile: its version is too low. */
  private async bringUpToDate(): Promise<void> {
    const behind = await this.database.run((manager) =>
      manager.query<{ shopId: string }[]>(
        'SELECT shop_id AS "shopId" FROM tenant_stock WHERE version < $1 ORDER BY shop_id',
        [this.migrations.latest],
      ),
    );
    if (behind.length === 0) return;
    await withClient(adminOf(this.installation).url, 'migrate stock', async (client) => {
      for (const { shopId } of behind) {
        const placement = this.locator.locate(shopId);
        const target = {
          schema: placement.schema,
          owner: this.installation.roles.owner,
          rights: engineTableRights(placement),
          record: (version: number) =>
            `UPDATE public.tenant_stock SET version = ${version} WHERE shop_id = ${quoteLiteral(shopId)}`,
        };
        await migrateSchema(client, target, this.migrations.list);
      }
    });
  }
}
