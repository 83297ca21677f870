import type { Command } from 'commander';
import { OperatorError } from '../common/report';
import { EachTenant } from '../tenancy/each-tenant';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { type MigrateSummary, TenantMigrator } from '../tenancy/tenant-migrator';
import { type CommandContext, print } from './command-context';
import { startProgress } from './progress';
import type { INestApplicationContext } from '@nestjs/common';

interface Options {
  shop?: string;
  dryRun?: boolean;
}

export function addMigrateTenants(program: Command, context: CommandContext): void {
  program
    .command('migrate:tenants')
    .description('bring the schema of every shop up to date')
    .option('--shop <slug|id>', 'only this shop')
    .option('--dry-run', 'show what would be done, and do nothing')
    .action((options: Options) =>
      context.withApp(async (app) => {
        if (options.shop !== undefined) await assertShop(app, options.shop);
        if (options.dryRun) return plan(app, options);
        const summary = await migrate(app, options, context.signal);
        report(summary);
        if (summary.failed.length > 0) process.exitCode = 1;
        if (summary.interrupted) process.exitCode = 130; // 128 + SIGINT
      }),
    );
}

async function assertShop(app: INestApplicationContext, shop: string): Promise<void> {
  if ((await app.get(EachTenant).list({ shop })).length === 0)
    throw new OperatorError(`No shop has the slug or id ${shop}.`);
}

async function plan(app: INestApplicationContext, { shop }: Options): Promise<void> {
  const { list, latest } = app.get(TenantMigrations);
  const tenants = await app.get(TenantMigrator).behind(shop);
  print(`${tenants.length} shop(s) are behind version ${latest}`);
  for (const { slug, shopId, version } of tenants) print(`  ${slug} (${shopId}) at ${version}`);
  const oldest = Math.min(...tenants.map(({ version }) => version));
  for (const { name, version, up } of list.filter((migration) => migration.version > oldest))
    print(`\n-- ${name} (${version})\n${up.trim()}`);
}

async function migrate(
  app: INestApplicationContext,
  { shop }: Options,
  signal: AbortSignal,
): Promise<MigrateSummary> {
  const migrator = app.get(TenantMigrator);
  const total = (await migrator.behind(shop)).length;
  const progress = startProgress('migrating shops', total);
  let failures = 0;
  try {
    return await migrator.migrate({
      ...(shop === undefined ? {} : { shop }),
      signal,
      onTenant: (done, _total, _tenant, error) => {
        if (error !== undefined) failures++;
        progress.update(done, failures === 0 ? '' : `${failures} failed`);
      },
    });
  } finally {
    progress.stop();
  }
}

function report({ behind, migrated, failed, interrupted }: MigrateSummary): void {
  for (const { slug, shopId, sqlState, message } of failed)
    print(`failed   ${slug} (${shopId}): ${sqlState ?? 'no SQLSTATE'} ${message}`);
  print(`${behind} shop(s) were behind: ${migrated} migrated, ${failed.length} failed`);
  if (interrupted) print('Interrupted. The rest stayed as they were; run the command again to go on.');
}
