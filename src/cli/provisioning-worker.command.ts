import type { Command } from 'commander';
import { OperatorError } from '../common/report';
import { startWork } from '../operations/lifecycle/start-work';
import { ActivityLog } from '../tenancy/activity-log';
import { WarmPoolMaintenance } from '../tenancy/warm-pool-maintenance';
import { type Installation, INSTALLATION } from '../database/installation';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { TenantMigrator } from '../operations/migrator/tenant-migrator';
import { WarmPool } from '../tenancy/warm-pool';
import { type CommandContext, print } from './command-context';

/** Runs the process with admin rights, for API processes that have none (PROVISIONING=worker) or do no jobs (JOBS=worker). */
export function addProvisioningWorker(program: Command, context: CommandContext): void {
  program
    .command('provisioning:worker')
    .description('migrate all shops, then keep the warm pool full and run operations and jobs until stopped')
    .option('--once', 'fill the warm pool once and exit')
    .action(({ once }: { once?: boolean }) =>
      context.withAwaitedApp(async (app, { PROVISIONING, JOBS, WARM_TENANTS }) => {
        if (PROVISIONING !== 'worker' && JOBS !== 'worker')
          throw new OperatorError('The API does this work itself: set PROVISIONING=worker or JOBS=worker.');
        const { signal } = context;
        const { failed, failedElsewhere, deferred, migrated } = await new TenantMigrator(
          app.get(TenantMigrations),
          app.get<Installation>(INSTALLATION),
        ).run({ signal });
        const left = [...failed, ...failedElsewhere, ...deferred];
        for (const { shopId, slug, message } of left) print(`failed   ${slug ?? shopId}: ${message}`);
        if (left.length > 0) process.exitCode = 1;
        print(`${migrated} migrated; keeping ${WARM_TENANTS} tenants ready`);
        if (once) {
          print(`${await app.get(WarmPool).fill(WARM_TENANTS, signal)} tenant(s) made`);
          return;
        }
        app.get(WarmPoolMaintenance).start();
        app.get(ActivityLog).start();
        if (JOBS !== 'off') startWork(app);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }),
    );
}
