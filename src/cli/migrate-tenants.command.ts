import type { Command } from 'commander';
import { OperatorError, reportOf } from '../common/report';
import { adminOf, type Installation } from '../database/installation';
import { dryRun, planRun } from '../operations/migrator/preview';
import { rebuildRegistry } from '../operations/migrator/rebuild-registry';
import {
  defaultConcurrency,
  type MigrationTarget,
  type RunOptions,
  targetOf,
} from '../operations/migrator/run-options';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { TenantMigrator } from '../operations/migrator/tenant-migrator';
import { type CommandContext, print } from './command-context';
import {
  type MigrateFlags,
  parseCanary,
  parseCount,
  parseSeconds,
  parseShops,
  parseWaves,
  runOptionsOf,
} from './migrate-options';
import { line, printPlan, printSummary, printTrial } from './migrate-report';
import { type Progress, startProgress } from './progress';

export function addMigrateTenants(program: Command, context: CommandContext): void {
  program
    .command('migrate:tenants')
    .description('bring the schema of every shop up to date')
    .option('--only <shops>', 'only these: slugs or ids, separated by commas', parseShops)
    .option('--from <shop>', 'start at this shop, in the order of ids')
    .option('--limit <n>', 'maximum number of shops', parseCount(1_000_000))
    .option('--to <version>', 'migrate to this version', parseCount(9_999_999_999_999))
    .option('--concurrency <n>', 'number of connections; default: number of cores, 2 to 8', parseCount(64))
    .option('--canary <shops|n%>', 'migrate these first; a failure among them ends the run', parseCanary)
    .option('--waves <n%,…>', 'then these shares, one after the other', parseWaves)
    .option(
      '--error-budget <n>',
      'number of failures that ends the run; default 1 %, at least 5',
      parseCount(1_000_000),
    )
    .option('--patience <seconds>', 'how long to retry busy shops; default 120', parseSeconds)
    .option('--statement-timeout <seconds>', 'limit of one statement; default 60', parseCount(86_400))
    .option('--plan', 'print what a run would do')
    .option('--dry-run', 'migrate a sample, measure, and roll it back')
    .option('--sample <n>', 'number of shops in the dry run', parseCount(100), 3)
    .option('--undo', 'undo the newest migration instead')
    .option('--rebuild-registry', 'rebuild public.tenants from the schemas and migrate nothing')
    .option('--json', 'print the result as one JSON object')
    .action((flags: MigrateFlags) => {
      const isLook = flags.plan === true || flags.dryRun === true;
      const work = async (installation: Installation) => {
        const migrations = await TenantMigrations.load();
        if (flags.rebuildRegistry && (flags.plan ?? flags.dryRun ?? flags.undo ?? flags.only))
          throw new OperatorError(
            '--rebuild-registry cannot be combined with other options: it reads every schema and migrates none.',
          );
        if (flags.rebuildRegistry) return rebuild(installation, migrations, flags, context.signal);
        const options = await runOptionsOf(flags, adminOf(installation).url);
        if (flags.plan || flags.dryRun) return preview(installation, migrations, flags, options);
        return run(installation, migrations, flags, { ...options, signal: context.signal });
      };
      return isLook ? context.withUntouchedInstallation(work) : context.withInstallation(work);
    });
}

async function run(
  installation: Installation,
  migrations: TenantMigrations,
  flags: MigrateFlags,
  options: RunOptions,
): Promise<void> {
  const started = performance.now();
  const progress = startProgress(flags.undo ? 'undoing' : 'migrating shops');
  const migrator = new TenantMigrator(migrations, installation);
  options.signal?.addEventListener('abort', () =>
    progress.say(
      'Finishing the shops in progress. A second signal stops at once; nothing is lost either way.',
    ),
  );
  try {
    const summary = await migrator.run(
      { ...options, ...reporting(progress) },
      chosenTarget(migrations, flags),
    );
    progress.stop();
    if (flags.json) print(JSON.stringify(summary));
    else printSummary(summary, (performance.now() - started) / 1000);
    if (summary.outcome !== 'done') process.exitCode = summary.outcome === 'interrupted' ? 130 : 1;
  } finally {
    progress.stop();
  }
}

function reporting(progress: Progress): Pick<RunOptions, 'onProgress' | 'onPause'> {
  return {
    onProgress: ({ done, total, failed }) =>
      progress.update(done, failed === 0 ? '' : `${failed} failed`, total),
    onPause: (error, ms) =>
      progress.say(
        `waiting ${(ms / 1000).toFixed(1)} s for the server: ${reportOf(error).split('\n')[0] ?? ''}`,
      ),
  };
}

async function preview(
  installation: Installation,
  migrations: TenantMigrations,
  flags: MigrateFlags,
  options: RunOptions,
): Promise<void> {
  const target = chosenTarget(migrations, flags);
  const plan = await planRun(installation, target, options);
  const tried = flags.dryRun ? await dryRun(installation, target, options, flags.sample) : undefined;
  if (flags.json) print(JSON.stringify({ ...plan, ...(tried && { tried }) }));
  else {
    printPlan(plan);
    if (tried !== undefined && plan.groups.length > 0)
      printTrial(tried, plan, options.concurrency ?? defaultConcurrency());
  }
  if (tried?.some(({ error }) => error !== null)) process.exitCode = 1;
}

function chosenTarget(migrations: TenantMigrations, { to, undo = false }: MigrateFlags): MigrationTarget {
  if (undo && to !== undefined)
    throw new OperatorError('--undo cannot be combined with --to: it undoes the newest migration.');
  return targetOf(migrations, { undo, ...(to !== undefined && { to }) });
}

async function rebuild(
  installation: Installation,
  migrations: TenantMigrations,
  flags: MigrateFlags,
  signal: AbortSignal,
): Promise<void> {
  const progress = startProgress('reading schemas');
  const summary = await rebuildRegistry(
    installation,
    migrations,
    ({ done, total, failed }) => progress.update(done, failed === 0 ? '' : `${failed} failed`, total),
    signal,
  );
  progress.stop();
  if (flags.json) print(JSON.stringify(summary));
  else {
    for (const tenant of summary.failed) print(line('failed', tenant));
    print(`${summary.tenants} schema(s) read, ${summary.corrected} row(s) of public.tenants corrected`);
  }
  if (summary.failed.length > 0) process.exitCode = 1;
  if (signal.aborted) process.exitCode = 130;
}
