import type { Command } from 'commander';
import { OptionInvalid } from '../common/common.errors';
import { codeOf, reportOf } from '../common/report';
import { TargetError } from '../operations/lifecycle/targets/targets.errors';

interface Failure {
  /** Stable. */
  code: string;
  message: string;
}

/** Reports the failure of a command on standard error and, with `--json`, as the one object on standard output. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`${reportOf(error)}\n`);
  printObject(failureOf(error));
  process.exitCode = 1;
}

/** Has wrong options reported as other failures are, before the help. The library then exits with 1. */
export function reportBadOptions(program: Command): void {
  const { code } = OptionInvalid.kind;
  program.configureOutput({
    outputError(text, write) {
      const message = text.replace(/^error: /, '').trim();
      write(`${code}: ${message}\n`);
      printObject({ code, message });
    },
  });
}

/** The options may not have been read, so the words of the command line tell. */
function printObject(error: Failure): void {
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error })}\n`);
}

function failureOf(error: unknown): Failure {
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  const code = codeOf(error);
  if (error instanceof TargetError) return { code, message: error.text };
  return { code, message: error instanceof Error ? error.message : String(error) };
}
