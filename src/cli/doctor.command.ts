import type { Command } from 'commander';
import { examine } from '../operations/drift/doctor';
import type { RowCheck } from '../operations/drift/row-checks';
import { type CommandContext, print } from './command-context';
import { doctorReport } from './doctor-report';

/** @param rowChecks what the product checks in the rows of each shop */
export function addDoctor(program: Command, context: CommandContext, rowChecks: readonly RowCheck[]): void {
  program
    .command('doctor')
    .description('check the whole installation without changing it; exits 1 if it finds a fault')
    .option('--json', 'print findings as one JSON document')
    .action(({ json }: { json?: boolean }) =>
      context.withUntouchedInstallation(async (installation, env) => {
        const diagnosis = await examine(installation, env, undefined, rowChecks);
        if (json) print(JSON.stringify(diagnosis));
        else for (const line of doctorReport(diagnosis)) print(line);
        if (diagnosis.findings.length > 0) process.exitCode = 1;
      }),
    );
}
