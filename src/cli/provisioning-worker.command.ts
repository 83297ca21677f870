import type { Command } from 'commander';
import { OperatorError } from '../common/report';
import { StockFiller } from '../tenancy/stock-filler';
import { type Installation, INSTALLATION } from '../database/installation';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { TenantMigrator } from '../operations/migrator/tenant-migrator';
import { TenantStock } from '../tenancy/tenant-stock';
import { type CommandContext, print } from './command-context';

/** The process with admin rights, beside API processes that have none (PROVISIONING=worker). */
export function addProvisioningWorker(program: Command, context: CommandContext): void {
  program
    .command('provisioning:worker')
    .description('migrate all shops, then keep tenants ready for new ones, until stopped')
    .option('--once', 'fill the stock once and end')
    .action(({ once }: { once?: boolean }) =>
      context.withApp(async (app, { PROVISIONING, STOCK_SIZE }) => {
        if (PROVISIONING !== 'worker' || STOCK_SIZE === 0)
          throw new OperatorError('There is nothing to do: set PROVISIONING=worker and STOCK_SIZE above 0.');
        const { signal } = context;
        const { failed, deferred, migrated } = await new TenantMigrator(
          app.get(TenantMigrations),
          app.get<Installation>(INSTALLATION),
        ).run({ signal });
        for (const { shopId, slug, message } of [...failed, ...deferred])
          print(`failed   ${slug ?? shopId}: ${message}`);
        if (failed.length + deferred.length > 0) process.exitCode = 1;
        print(`${migrated} migrated; keeping ${STOCK_SIZE} tenants ready`);
        if (once) {
          print(`${await app.get(TenantStock).fill(STOCK_SIZE, signal)} tenant(s) made`);
          return;
        }
        app.get(StockFiller).start();
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }),
    );
}
