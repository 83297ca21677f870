import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { OperatorError } from '../common/report';
import { lintMigrations } from '../operations/lint/lint-migrations';
import type { LintFinding } from '../operations/lint/lint-finding';
import { RULES } from '../operations/lint/rules';
import { TENANT_MIGRATIONS } from '../database/migration-folders';
import { loadMigrations } from '../database/schema-migrations';
import { print } from './command-context';

/** Takes no context, because it needs no database. */
export function addMigrationLint(program: Command): void {
  program
    .command('migration:lint')
    .description('report what is unsafe in the tenant migrations; exits with 1 if there is anything')
    .argument('[folder]', 'a folder of compiled migrations, instead of migrations/tenant')
    .action(async (folder?: string) => {
      if (folder !== undefined && !existsSync(folder))
        throw new OperatorError(`There is no folder ${folder}.`);
      const migrations = await loadMigrations(
        folder === undefined ? TENANT_MIGRATIONS : path.resolve(folder),
      );
      const findings = await lintMigrations(migrations);
      for (const finding of findings) report(folder ?? 'migrations/tenant', finding);
      print(
        `${migrations.length} migration(s): ${findings.length === 0 ? 'nothing found' : `${findings.length} finding(s)`}`,
      );
      if (findings.length > 0) process.exitCode = 1;
    });
}

function report(folder: string, { file, rule, statement, detail, remedy }: LintFinding): void {
  print(`${path.join(folder, file)}.ts: ${rule}: ${detail}`);
  if (statement !== '') print(`  in      ${statement}`);
  print(`  why     ${RULES[rule].why}`);
  print(`  instead ${remedy}`);
}
