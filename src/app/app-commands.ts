import type { Command } from 'commander';
import type { CommandContext } from '../cli/command-context';
import { addMigrationGenerate } from '../cli/migration-generate.command';
import { addProvisioningWorker } from '../cli/provisioning-worker.command';
import { addResetPassword } from '../public/auth/reset-password.command';
import { addShopStatus } from '../public/shops/shop-status.command';
import { addOrdersImport } from '../tenant/transfer/orders-import.command';
import { addProductsImport } from '../tenant/transfer/products-import.command';
import { ENTITIES } from './app.module';

/** Adds the commands that need the application or its entities, which take most of a second to load. */
export function addAppCommands(program: Command, context: CommandContext): void {
  addMigrationGenerate(program, context, ENTITIES);
  addProvisioningWorker(program, context);
  addShopStatus(program, context);
  addResetPassword(program, context);
  addProductsImport(program, context);
  addOrdersImport(program, context);
}
