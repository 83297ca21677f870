import type { Command } from 'commander';
import { adminOf } from '../database/installation';
import { withClient } from '../database/with-client';
import { type FleetStatus, readStatus } from '../operations/migrator/status';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { type CommandContext, print } from './command-context';
import { oneLine } from './migrate-report';

export function addMigrateStatus(program: Command, context: CommandContext): void {
  program
    .command('migrate:status')
    .description('show the state of the fleet: versions, failures, runs')
    .option('--json', 'as one JSON object')
    .action(({ json }: { json?: boolean }) =>
      context.withUntouchedInstallation(async (installation) => {
        const migrations = await TenantMigrations.load();
        const status = await withClient(adminOf(installation).url, 'status', (client) =>
          readStatus(client, migrations),
        );
        if (json) print(JSON.stringify(status));
        else printStatus(status);
        if (status.behind + status.failed.length > 0) process.exitCode = 1;
      }),
    );
}

function printStatus({
  latest,
  tenants,
  upToDate,
  behind,
  ahead,
  spare,
  closed,
  ...status
}: FleetStatus): void {
  print(`${tenants} tenant(s), ${spare} of them spare; this program migrates to ${latest}`);
  print(`  up to date  ${upToDate}`);
  print(`  behind      ${behind}`);
  if (ahead > 0) print(`  ahead       ${ahead}, migrated further by a newer program`);
  if (closed > 0) print(`  closed      ${closed}, a newer program removes what this one uses: 503 here`);
  if (status.versions.length > 0) print('\nby version');
  for (const { version, tenants: count } of status.versions) print(`  ${version}  ${count}`);
  if (status.reasons.length > 0) print('\nnot migrated, with reasons');
  for (const { status: state, sqlState, message, tenants: count } of status.reasons)
    print(`  ${state} ${count}: ${sqlState ?? 'no SQLSTATE'} ${oneLine(message)}`);
  for (const { slug, shopId, sqlState, message } of status.failed)
    print(`    ${slug ?? 'spare tenant'} (${shopId}): ${sqlState ?? 'no SQLSTATE'} ${oneLine(message)}`);
  if (status.runs.length > 0) print('\nruns');
  for (const run of status.runs)
    print(
      `  ${run.state.padEnd(11)} ${run.migrated} of ${run.total} to ${run.target}, ${run.failed} failed; ` +
        `${run.runner}, since ${run.startedAt.toISOString()}, last seen ${run.seenAt.toISOString()}`,
    );
}
