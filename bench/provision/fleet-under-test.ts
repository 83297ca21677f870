import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import { AppModule } from '../../src/app/app.module';
import { newId } from '../../src/common/ids';
import { createLogger } from '../../src/common/logger';
import type { Env } from '../../src/config/env';
import { AdminDatabase } from '../../src/database/control-database';
import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';
import { createShop } from '../../src/public/shops/create-shop';
import { ProvisioningService } from '../../src/tenancy/provisioning.service';
import { TenantBuilder } from '../../src/tenancy/tenant-builder';
import { TenantMigrations } from '../../src/tenancy/tenant-migrations';
import { makeFleet, settle } from '../lib/fleet';
import { median, seconds } from '../lib/rounds';
import { BareScript } from './floor';

/** A round takes the median of this many new shops. */
const SHOPS_A_ROUND = 5;

/** An installation with a number of shops, and ways to create more. */
export class FleetUnderTest {
  private size = 0;
  private app!: INestApplicationContext; // `grow` sets these
  private bare!: BareScript;
  private userId!: string;

  constructor(
    readonly installation: Installation,
    private readonly env: Env,
  ) {}

  /** Creates shops up to `size` and starts the program. Call again for more shops. */
  async grow(size: number): Promise<void> {
    if (this.size > 0) await this.close();
    const migrations = await TenantMigrations.load();
    await makeFleet(this.installation, migrations, size - this.size, this.size);
    this.size = size;
    const { url } = adminOf(this.installation);
    await settle(this.installation);
    this.userId = await withClient(url, 'bench', async (client) => {
      const { rows } = await client.query<{ id: string }>('SELECT user_id AS id FROM memberships LIMIT 1');
      return rows[0]!.id; // the fleet has an owner
    });
    const logger = createLogger(this.env.LOG_LEVEL);
    const module = AppModule.forRoot({ env: this.env, logger, installation: this.installation });
    this.app = await NestFactory.createApplicationContext(module, { logger: false });
    this.bare = new BareScript(this.installation, migrations, this.userId);
    await this.bare.connect();
  }

  /** As `settle` of the fleet: the first change of each page afterwards writes the page whole. */
  settle(): Promise<void> {
    return settle(this.installation);
  }

  async close(): Promise<void> {
    await this.bare.end();
    await this.app.close();
  }

  /** Nothing is ready: the registration creates role, schema and tables. */
  inline(): Promise<number> {
    return medianOf(() => this.register());
  }

  /** Spare roles are ready, but no spare tenant. */
  async inlineWithRole(): Promise<number> {
    await this.prepare((builder, manager) => builder.addRoles(manager, SHOPS_A_ROUND));
    return medianOf(() => this.register());
  }

  async fromWarmPool(): Promise<number> {
    await this.prepare(async (builder, manager) => {
      for (let i = 0; i < SHOPS_A_ROUND; i++) {
        const tenant = await builder.begin(manager);
        await builder.finish(manager, tenant);
        await manager.query('INSERT INTO spare_tenants (shop_id) VALUES ($1)', [tenant.shopId]);
      }
    });
    return medianOf(() => this.register());
  }

  bareScript(): Promise<number> {
    return medianOf(() => this.bare.makeShop());
  }

  async bareScriptWithRole(): Promise<number> {
    const ready: string[] = [];
    for (let i = 0; i < SHOPS_A_ROUND; i++) ready.push(await this.bare.makeRole());
    return medianOf(() => this.bare.makeShop(ready.pop()));
  }

  private register(): Promise<unknown> {
    const wanted = { name: `Bench ${newId()}`, owner: { id: this.userId, name: 'Bench' } };
    const provisioning = this.app.get(ProvisioningService);
    return provisioning.transaction((manager) => createShop(manager, provisioning, wanted));
  }

  private prepare(work: (builder: TenantBuilder, manager: EntityManager) => Promise<void>): Promise<void> {
    const builder = this.app.get(TenantBuilder, { strict: false });
    return this.app.get(AdminDatabase).transaction((manager) => work(builder, manager));
  }
}

/** Milliseconds. */
async function medianOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < SHOPS_A_ROUND; i++) times.push(1000 * (await seconds(work)));
  return median(times);
}
