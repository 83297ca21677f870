import { Client } from 'pg';
import { newId } from '../../src/common/ids';
import { adminOf, type Installation } from '../../src/database/installation';
import { schemaSql } from '../../src/tenancy/provision-sql';
import { tenantRolesSql } from '../../src/tenancy/role-creators';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { TenantMigrations } from '../../src/tenancy/tenant-migrations';

/**
 * The minimum that creates a shop: a script with a bare `pg` client that sends one message with one transaction, with the
 * same DDL and the same rows. It reads nothing, so it checks no slug and uses no spare tenant.
 */
export class BareScript {
  private readonly client: Client;

  constructor(
    private readonly installation: Installation,
    private readonly migrations: TenantMigrations,
    private readonly userId: string,
  ) {
    this.client = new Client({ connectionString: adminOf(installation).url });
  }

  async connect(): Promise<void> {
    await this.client.connect();
  }

  end(): Promise<void> {
    return this.client.end();
  }

  /** Creates the role of a future shop. */
  async makeRole(): Promise<string> {
    const id = newId();
    await this.client.query(tenantRolesSql([new TenantLocator().locate(id)], this.installation.roles));
    return id;
  }

  /** @param ready id of a shop whose role exists */
  async makeShop(ready?: string): Promise<void> {
    const id = ready ?? newId();
    const { migrations, installation, userId } = this;
    const { roles } = installation;
    const placement = new TenantLocator().locate(id);
    await this.client.query(`BEGIN;
      INSERT INTO shops (id, name, slug) VALUES ('${id}', 'Bare', 'bare-${id}');
      ${ready === undefined ? tenantRolesSql([placement], roles) : ''}
      ${schemaSql(placement, roles, migrations.list)}
      INSERT INTO tenants (shop_id, version, checksum) VALUES ('${id}', ${migrations.latest}, '${migrations.checksum}');
      INSERT INTO memberships (user_id, shop_id, role) VALUES ('${userId}', '${id}', 'owner');
      SELECT enter_member('${id}', '${userId}', 'Bench', 'owner');
      COMMIT`);
  }
}
