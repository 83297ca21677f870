import type { Command } from 'commander';
import { type Diagnosis, examine } from '../operations/drift/doctor';
import { type CommandContext, print } from './command-context';

export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('check the whole installation without changing it; exits 1 if it finds a fault')
    .option('--json', 'print findings as one JSON document')
    .action(({ json }: { json?: boolean }) =>
      context.withUntouchedInstallation(async (installation, env) => {
        const diagnosis = await examine(installation, env);
        if (json) print(JSON.stringify(diagnosis, null, 2));
        else report(diagnosis);
        if (diagnosis.findings.length > 0) process.exitCode = 1;
      }),
    );
}

function report({ tenants, schemas, findings, notes }: Diagnosis): void {
  for (const { severity, check, shop, object, detail, remedy } of findings)
    print(
      `${severity.padEnd(8)} ${check}  ${shop ?? 'installation'}  ${object}\n         ${detail}\n         -> ${remedy}`,
    );
  for (const { check, detail } of notes) print(`info     ${check}  ${detail}`);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const found =
    findings.length === 0 ? 'nothing found' : `${errors} error(s), ${findings.length - errors} warning(s)`;
  print(`${tenants} tenant(s), ${schemas} schema(s): ${found}`);
}
