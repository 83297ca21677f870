import 'reflect-metadata';
import { Command } from 'commander';
import { CommandContext } from './cli/command-context';
import { addDatabaseCommands } from './cli/database.command';
import { addDemo } from './cli/demo.command';
import { addDoctor } from './cli/doctor.command';
import { addMigratePublic } from './cli/migrate-public.command';
import { addMigrateStatus } from './cli/migrate-status.command';
import { addMigrateTenants } from './cli/migrate-tenants.command';
import { addMigrateVerify } from './cli/migrate-verify.command';
import { addMigrationLint } from './cli/migration-lint.command';
import { reportBadOptions, reportFailure } from './cli/report-failure';
import { addShopsReconcile } from './cli/shops-reconcile.command';
import { addShopsBackup, addShopsRestore } from './cli/shops-backup.command';
import { addShopsClone } from './cli/shops-clone.command';
import { addShopsExport } from './cli/shops-export.command';
import { addRehearse } from './cli/rehearse.command';
import { addShopsVerifyBackup } from './cli/shops-verify-backup.command';
import { addKeys } from './public/auth/keys.command';
import { STOCK_LEDGER } from './tenant/products/stock-check';

async function main(): Promise<void> {
  const program = new Command('stoa').description('Commands of the shop backend.');
  program.configureHelp({ sortSubcommands: true }).showHelpAfterError();
  reportBadOptions(program);
  const context = new CommandContext(async () => (await import('./app/app.module.js')).AppModule);
  addCommands(program, context);
  if (!program.commands.some((command) => command.name() === process.argv[2])) {
    const { addAppCommands } = await import('./app/app-commands.js');
    addAppCommands(program, context);
  }
  program.showHelpAfterError('npm run cli -- --help lists the commands.'); // each command has its own help since it was added
  await program.parseAsync();
}

/** Adds the commands that start fast; src/app/app-commands.ts has the others. */
export function addCommands(program: Command, context: CommandContext): void {
  addDatabaseCommands(program, context);
  addMigratePublic(program, context);
  addMigrateTenants(program, context);
  addMigrateStatus(program, context);
  addMigrateVerify(program, context);
  addMigrationLint(program);
  addKeys(program, context);
  addDoctor(program, context, [STOCK_LEDGER]);
  addShopsBackup(program, context);
  addShopsRestore(program, context);
  addShopsReconcile(program, context);
  addShopsClone(program, context);
  addShopsExport(program, context);
  addShopsVerifyBackup(program, context);
  addRehearse(program, context);
  addDemo(program);
}

/** Entry point of the bundle, which the build loads without running it (bundle-loader.cjs). */
export function run(): Promise<void> {
  return main().catch(reportFailure);
}

if (require.main === module) void run();
