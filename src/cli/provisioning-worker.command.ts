import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { OperatorError } from '../common/report';
import { isDatabaseAway } from '../common/sqlstate';
import { TenantMigrator } from '../tenancy/tenant-migrator';
import { TenantStock } from '../tenancy/tenant-stock';
import { type CommandContext, print } from './command-context';

/** How long an empty stock waits for a refill at most, milliseconds. */
const POLL_MS = 500;
const RETRY_MS = 2000;

/** The process with admin rights, beside API processes that have none (PROVISIONING=worker). */
export function addProvisioningWorker(program: Command, context: CommandContext): void {
  program
    .command('provisioning:worker')
    .description('migrate all shops, then keep tenants ready for new ones, until stopped')
    .option('--once', 'fill the stock once and end')
    .action(({ once }: { once?: boolean }) =>
      context.withApp(async (app, env) => {
        if (env.PROVISIONING !== 'worker')
          throw new OperatorError(
            'With PROVISIONING=inline nobody takes tenants from a stock: set it to worker.',
          );
        const { signal } = context;
        const { failed, deferred, migrated } = await app.get(TenantMigrator).run({ signal });
        for (const { shopId, slug, message } of [...failed, ...deferred])
          print(`failed   ${slug ?? shopId}: ${message}`);
        if (failed.length + deferred.length > 0) process.exitCode = 1;
        print(`${migrated} migrated; keeping ${env.STOCK_SIZE} tenants ready`);
        const stock = app.get(TenantStock);
        do {
          const made = await refill(stock, env.STOCK_SIZE, signal);
          if (made > 0) print(`${made} tenant(s) made`);
          if (!once) await sleep(made < 0 ? RETRY_MS : POLL_MS, undefined, { signal }).catch(() => undefined); // aborted
        } while (!once && !signal.aborted);
      }),
    );
}

/** @returns how many were made; -1 when the database was away */
async function refill(stock: TenantStock, size: number, signal: AbortSignal): Promise<number> {
  try {
    return await stock.fill(size, signal);
  } catch (error) {
    if (!isDatabaseAway(error) && !(error instanceof Error && isDatabaseAway(error.cause))) throw error;
    print('the database is away; trying again');
    return -1;
  }
}
