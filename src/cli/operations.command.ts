import type { INestApplicationContext } from '@nestjs/common';
import { type Command, Option } from 'commander';
import { newId } from '../common/ids';
import { KIND_NAMES } from '../operations/lifecycle/kinds/kinds';
import { MemberOperations } from '../operations/lifecycle/member-operations';
import { type OperationKind, TOOLS, type Tools } from '../operations/lifecycle/operation-kind';
import { OperationRunner } from '../operations/lifecycle/operation-runner';
import {
  OPERATION_STATES,
  type OperationQuery,
  type ShownOperation,
} from '../operations/lifecycle/operation-store';
import { OperationsService } from '../operations/lifecycle/operations.service';
import { type CommandContext, print } from './command-context';
import { parseCount } from './migrate-options';
import { runRecorded } from './run-operation';
import { printTable, timeText } from './table';

interface Flags {
  json?: boolean;
}

const ID = 'id of the operation';
const EXAMPLE_ID = '0198c0de-0000-7000-8000-000000000000';
const example = (command: string) => `\nExample: npm run cli -- ${command} ${EXAMPLE_ID}`;

/** Adds `operations:list` and `operations:show`, which change nothing. */
export function addOperationReports(program: Command, context: CommandContext): void {
  program
    .command('operations:list')
    .description('list operations on shops, the newest first')
    .addOption(new Option('--state <state>', 'only those in this state').choices(OPERATION_STATES))
    .addOption(new Option('--kind <kind>', 'only those of this kind').choices(KIND_NAMES))
    .option('--shop <slug|id>', 'only those on this shop alone')
    .option('--limit <n>', 'at most this many', parseCount(100_000), 50)
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- operations:list --state failed --limit 20')
    .action(({ json, ...query }: Flags & OperationQuery) =>
      context.withUntouchedApp(async (app) => {
        const operations = await app.get(OperationsService, { strict: false }).list(query);
        if (json) print(JSON.stringify({ operations }));
        else printOperations(operations);
      }),
    );
  program
    .command('operations:show')
    .description('show one operation: how far it is, its result, why it failed')
    .argument('<id>', ID)
    .option('--json', 'print it as one JSON object')
    .addHelpText('after', example('operations:show'))
    .action((id: string, { json }: Flags) =>
      context.withUntouchedApp(async (app) => {
        printOperation(await app.get(OperationsService, { strict: false }).get(id), json);
      }),
    );
}

/** Adds `operations:cancel` and `operations:retry`. */
export function addOperationChanges(program: Command, context: CommandContext): void {
  program
    .command('operations:cancel')
    .description('end an operation and undo what it has begun')
    .argument('<id>', ID)
    .option('--json', 'print the operation as one JSON object')
    .addHelpText('after', example('operations:cancel'))
    .action((id: string, { json }: Flags) =>
      context.withApp(async (app) => {
        const operations = app.get(OperationsService, { strict: false });
        const { state, isAbandoned } = await operations.cancel(id);
        if (state === 'queued' || isAbandoned)
          await new OperationRunner(toolsOf(app), kindsOf(app)).run(id, { signal: context.signal });
        const operation = await operations.get(id);
        printOperation(operation, json);
        if (!json && operation.state === 'running') print('Its runner ends it within seconds.');
      }),
    );
  program
    .command('operations:retry')
    .description('run an operation again that failed, was cancelled or lost its runner, from where it was')
    .argument('<id>', ID)
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', example('operations:retry'))
    .action((id: string, { json }: Flags) =>
      context.withApp(async (app) => {
        const runner = newId();
        const { kind } = await app.get(OperationsService, { strict: false }).retry(id, runner);
        await runRecorded(
          context,
          { tools: toolsOf(app), kinds: kindsOf(app) },
          { id, runner },
          {
            title: kind,
            isJson: json === true,
            show(result) {
              print(`done  ${JSON.stringify(result)}`);
              const { failed } = result as { failed?: unknown[] };
              return failed === undefined || failed.length === 0;
            },
          },
        );
      }),
    );
}

function kindsOf(app: INestApplicationContext): readonly OperationKind[] {
  return app.get(MemberOperations, { strict: false }).all;
}

function toolsOf(app: INestApplicationContext): Tools {
  return app.get<Tools>(TOOLS, { strict: false });
}

function printOperations(operations: readonly ShownOperation[]): void {
  printTable(
    ['id', 'kind', 'shop', 'state', 'progress', 'by', 'requested', 'ended'],
    operations.map((operation) => [
      ...[operation.id, operation.kind, operation.shopSlug ?? '-', stateText(operation)],
      ...[progressText(operation), operation.byKind],
      ...[timeText(operation.createdAt), timeText(operation.finishedAt)],
    ]),
  );
  const open = operations.filter(({ state }) => state === 'queued' || state === 'running').length;
  print(`${operations.length} operation(s), ${open} not ended`);
}

function printOperation(operation: ShownOperation, isJson = false): void {
  if (isJson) {
    print(JSON.stringify(operation));
    return;
  }
  const { id, kind, shopSlug, byKind, attempts, error, result, input } = operation;
  const facts = {
    ...{ id, kind, shop: shopSlug ?? 'several', by: byKind, state: stateText(operation) },
    ...{ progress: progressText(operation), runs: String(attempts) },
    requested: timeText(operation.createdAt),
    started: timeText(operation.startedAt),
    'last seen': timeText(operation.seenAt),
    ended: timeText(operation.finishedAt),
    input: JSON.stringify(input),
    result: result === null ? '' : JSON.stringify(result),
    error: error === null ? '' : `${error.message}${error.code === null ? '' : ` (${error.code})`}`,
  };
  for (const [fact, value] of Object.entries(facts)) if (value !== '') print(`${fact.padEnd(9)}  ${value}`);
}

function stateText({ state, isAbandoned, cancelWanted, error }: ShownOperation): string {
  const isOpen = state === 'queued' || state === 'running';
  const notes = [
    isAbandoned ? 'its runner is silent' : '',
    isOpen && cancelWanted ? 'to be cancelled' : '',
    isOpen && error !== null ? 'being undone' : '',
  ].filter((note) => note !== '');
  return notes.length === 0 ? state : `${state} (${notes.join(', ')})`;
}

function progressText({ step, done, total }: ShownOperation): string {
  const count = total > 0 ? `${done}/${total}` : '';
  return [step ?? '', count].filter((part) => part !== '').join(' ') || '-';
}
