import type { Command } from 'commander';
import { reconcile, type Reconciled } from '../operations/lifecycle/reconcile/reconcile';
import { forgetPlace as forget } from '../operations/lifecycle/reconcile/forget-place';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { type CommandContext, print } from './command-context';

interface Flags {
  fix?: boolean;
  forgetPlace?: string;
  json?: boolean;
}

export function addShopsReconcile(program: Command, context: CommandContext): void {
  program
    .command('shops:reconcile')
    .description(
      'find what has lost its counterpart: schemas, roles, operations, files; exits 1 if any is left',
    )
    .option('--fix', 'fix what takes nothing from a shop that exists')
    .option(
      '--forget-place <dir|s3://bucket/prefix>',
      'first delete the records of all backups in a place that exists no more',
    )
    .option('--json', 'print the findings as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:reconcile --fix')
    .action(({ fix = false, forgetPlace, json }: Flags) => {
      const { signal } = context;
      const open =
        fix || forgetPlace !== undefined
          ? context.withInstallation.bind(context)
          : context.withUntouchedInstallation.bind(context);
      return open(async (installation, env, logger) => {
        const migrations = await TenantMigrations.load();
        const describedTables = () => context.describedTables();
        const tools = { installation, env, logger, migrations, describedTables };
        const forgotten = forgetPlace === undefined ? 0 : await forget(tools, forgetPlace);
        const findings = await reconcile(tools, { isFix: fix, signal });
        const left = findings.filter(({ isFixed }) => !isFixed).length;
        if (json) print(JSON.stringify({ findings, forgotten }));
        else show(findings, left, fix);
        if (signal.aborted) process.exitCode = 130;
        else if (left > 0) process.exitCode = 1;
      });
    });
}

function show(findings: readonly Reconciled[], left: number, isFix: boolean): void {
  for (const { check, shop, object, detail, advice, canFix, isFixed, outcome } of findings) {
    print(`${isFixed ? 'fixed' : 'found'}  ${check}  ${shop ?? '-'}  ${object}: ${detail}`);
    if (outcome !== null) print(`          ${isFixed ? outcome : `not fixed: ${outcome}`}`);
    else print(`          ${canFix && !isFix ? '--fix' : 'do'}: ${advice}`);
  }
  if (findings.length === 0) print('nothing found');
  else print(`${findings.length} found, ${findings.length - left} fixed, ${left} left`);
}
