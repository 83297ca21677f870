import type { Command } from 'commander';
import type { CommandContext } from '../cli/command-context';
import { addJobs } from '../cli/jobs.command';
import { addMigrationGenerate } from '../cli/migration-generate.command';
import { addOperationChanges, addOperationReports } from '../cli/operations.command';
import { addProvisioningWorker } from '../cli/provisioning-worker.command';
import { addOperators } from '../operator/accounts/operators.command';
import { addResetPassword } from '../public/auth/reset-password.command';
import { addUserSessions } from '../public/auth/user-sessions.command';
import { addShopMembers } from '../public/members/shop-members.command';
import { addLockWaits } from '../public/shops/lock-waits.command';
import { addReports } from '../public/reports/reports.command';
import { addShopActivity } from '../public/shops/shop-activity.command';
import { addPlans } from '../public/plans/plans.command';
import { addShopRemoval } from '../public/shops/shop-removal.command';
import { addShopReports } from '../public/shops/shop-reports.command';
import { addShopStatus } from '../public/shops/shop-status.command';
import { addShopSupport } from '../public/shops/shop-support.command';
import { addOrdersImport } from '../tenant/transfer/orders-import.command';
import { addProductsImport } from '../tenant/transfer/products-import.command';
import { ENTITIES } from './app.module';

/** Adds the commands that need the application or its entities, which take most of a second to load. */
export function addAppCommands(program: Command, context: CommandContext): void {
  addMigrationGenerate(program, context, ENTITIES);
  addProvisioningWorker(program, context);
  addOperationReports(program, context);
  addOperationChanges(program, context);
  addJobs(program, context);
  addShopReports(program, context);
  addShopActivity(program, context);
  addLockWaits(program, context);
  addShopSupport(program, context);
  addShopStatus(program, context);
  addShopRemoval(program, context);
  addPlans(program, context);
  addShopMembers(program, context);
  addResetPassword(program, context);
  addUserSessions(program, context);
  addOperators(program, context);
  addReports(program, context);
  addProductsImport(program, context);
  addOrdersImport(program, context);
}
