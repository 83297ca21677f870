import 'reflect-metadata';
import { Command } from 'commander';
import { AppModule } from './app.module';
import { CommandContext } from './cli/command-context';
import { addDatabaseCommands } from './cli/database.command';
import { addDemo } from './cli/demo.command';
import { addDoctor } from './cli/doctor.command';
import { addMigratePublic } from './cli/migrate-public.command';
import { addMigrateStatus } from './cli/migrate-status.command';
import { addMigrateTenants } from './cli/migrate-tenants.command';
import { addMigrateVerify } from './cli/migrate-verify.command';
import { addMigrationGenerate } from './cli/migration-generate.command';
import { addMigrationLint } from './cli/migration-lint.command';
import { addProvisioningWorker } from './cli/provisioning-worker.command';
import { reportOf } from './common/report';
import { addKeys } from './public/auth/keys.command';
import { PUBLIC_ENTITIES } from './public/public.module';
import { addShopStatus } from './public/shops/shop-status.command';
import { addProductsImport } from './tenant/products/products-import.command';
import { TENANT_ENTITIES } from './tenant/tenant.module';

async function main(): Promise<void> {
  const program = new Command('stoa').description('Commands of the shop backend.').showHelpAfterError();
  const context = new CommandContext((base) => AppModule.forRoot(base));
  addDatabaseCommands(program, context);
  addMigratePublic(program, context);
  addMigrateTenants(program, context);
  addMigrateStatus(program, context);
  addMigrateVerify(program, context);
  addMigrationGenerate(program, context, { public: PUBLIC_ENTITIES, tenant: TENANT_ENTITIES });
  addMigrationLint(program);
  addProvisioningWorker(program, context);
  addShopStatus(program, context);
  addKeys(program, context);
  addProductsImport(program, context);
  addDoctor(program, context);
  addDemo(program);
  await program.parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`${reportOf(error)}\n`);
  process.exitCode = 1;
});
