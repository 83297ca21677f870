import { OperatorError } from '../common/report';
import type { EngineClient } from '../database/engine-client';
import { adminOf, type Installation } from '../database/installation';
import { withClient } from '../database/with-client';
import { newId } from '../common/ids';
import { OPERATION_KINDS } from '../operations/lifecycle/kinds/kinds';
import type { OperationKind, Tools } from '../operations/lifecycle/operation-kind';
import { OperationRunner } from '../operations/lifecycle/operation-runner';
import { type NewOperation, queueOperation } from '../operations/lifecycle/operation-store';
import { TenantMigrations } from '../tenancy/tenant-migrations';
import { type CommandContext, print } from './command-context';
import { startProgress } from './progress';

export interface OperationCommand {
  /** Title of the progress, for example "backing up". */
  title: string;
  isJson: boolean;
  /** Finds out what is wanted. @throws OperatorError before anything is recorded */
  prepare(client: EngineClient, installation: Installation): Promise<Omit<NewOperation, 'by'>>;
  /** Prints the result for people. @returns false when part of the work could not be done */
  show(result: object): boolean;
}

/**
 * Records an operation and runs it in this process. Ctrl-C cancels it, which undoes what it has begun. Sets the exit code:
 * 0 done, 1 failed or done in part, 130 interrupted.
 */
export function runOperation(context: CommandContext, command: OperationCommand): Promise<void> {
  return context.withInstallation(async (installation, env, logger) => {
    const { url } = adminOf(installation);
    const migrations = await TenantMigrations.load();
    const runner = newId(); // from the beginning, so that no worker takes it meanwhile
    const id = await withClient(url, 'command', async (client) => {
      const wanted = await command.prepare(client, installation);
      return queueOperation(client, { ...wanted, by: { kind: 'command', id: null } }, runner);
    });
    const describedTables = () => context.describedTables();
    const tools = { installation, env, logger, migrations, describedTables };
    await runRecorded(context, { tools, kinds: OPERATION_KINDS }, { id, runner }, command);
  });
}

/** Runs an operation that is recorded for a runner of this process, as `runOperation` does. */
export async function runRecorded(
  context: CommandContext,
  { tools, kinds }: { tools: Tools; kinds: readonly OperationKind[] },
  { id, runner }: { id: string; runner: string },
  command: Omit<OperationCommand, 'prepare'>,
): Promise<void> {
  const progress = startProgress(command.title);
  const { signal } = context;
  signal.addEventListener('abort', () => progress.say('Stopping; a second signal stops at once.'));
  try {
    const ended = await new OperationRunner(tools, kinds).run(id, {
      signal,
      onStop: 'cancel',
      onProgress: ({ step, done, total }) => progress.update(done, step ?? '', total),
      runner,
    });
    progress.stop();
    report(command, id, ended);
  } finally {
    progress.stop();
  }
}

function report(
  command: Omit<OperationCommand, 'prepare'>,
  id: string,
  ended: Awaited<ReturnType<OperationRunner['run']>>,
): void {
  if (ended === null) throw new OperatorError(`Another process runs the operation ${id}.`);
  const { state, result, error } = ended;
  if (state === 'cancelled') process.exitCode = 130;
  else if (state !== 'done') process.exitCode = 1;
  if (command.isJson) {
    print(JSON.stringify({ operation: id, state, result, error }));
    if (state === 'done' && isPartial(result)) process.exitCode = 1;
    return;
  }
  if (state === 'done' && result !== null) {
    if (!command.show(result)) process.exitCode = 1;
    return;
  }
  const code = state === 'failed' && error !== null && error.code !== null ? `${error.code}: ` : '';
  process.stderr.write(`${state}: ${code}${error?.message ?? ''} (operation ${id})\n`);
}

/** True for the result of an operation on several shops that names some that failed. */
function isPartial(result: object | null): boolean {
  const failed = (result as { failed?: unknown } | null)?.failed;
  return Array.isArray(failed) && failed.length > 0;
}
