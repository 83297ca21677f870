import type { Command } from 'commander';
import type { CommandContext } from '../cli/command-context';
import { addMigrationGenerate } from '../cli/migration-generate.command';
import { addProvisioningWorker } from '../cli/provisioning-worker.command';
import { PUBLIC_ENTITIES } from '../public/public.module';
import { addShopStatus } from '../public/shops/shop-status.command';
import { addOrdersImport } from '../tenant/orders/orders-import.command';
import { addProductsImport } from '../tenant/products/products-import.command';
import { TENANT_ENTITIES } from '../tenant/tenant.module';

/** The commands that need the application or its entities, apart because these take most of a second to load. */
export function addAppCommands(program: Command, context: CommandContext): void {
  addMigrationGenerate(program, context, { public: PUBLIC_ENTITIES, tenant: TENANT_ENTITIES });
  addProvisioningWorker(program, context);
  addShopStatus(program, context);
  addProductsImport(program, context);
  addOrdersImport(program, context);
}
