import type { INestApplicationContext } from '@nestjs/common';
import { type Command, Option } from 'commander';
import { OptionInvalid } from '../common/common.errors';
import { TenantJobs } from '../operations/tenant-jobs/tenant-jobs';
import {
  JOB_STATES,
  type JobQuery,
  type ShownJob,
  TenantJobsService,
} from '../operations/tenant-jobs/tenant-jobs.service';
import { COMMAND } from '../tenancy/operator';
import { type CommandContext, print } from './command-context';
import { parseCount } from './migrate-options';
import { printTable, timeText } from './table';

interface Flags {
  json?: boolean;
}

const ID = 'id of the job';
const example = (command: string) =>
  `\nExample: npm run cli -- ${command} 0198c0de-0000-7000-8000-000000000000`;

/** Adds `jobs:list`, `jobs:show`, `jobs:retry` and `jobs:drop`, for the jobs of shops. */
export function addJobs(program: Command, context: CommandContext): void {
  program
    .command('jobs:list')
    .description('list jobs of shops that are not done, the newest first')
    .option('--shop <slug|id>', 'only those of this shop')
    .option('--kind <kind>', 'only those of this kind')
    .addOption(new Option('--state <state>', 'only those in this state').choices(JOB_STATES))
    .option('--limit <n>', 'at most this many', parseCount(100_000), 50)
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- jobs:list --state dead --limit 20')
    .action(({ json, ...query }: Flags & JobQuery) =>
      context.withUntouchedApp(async (app) => {
        const jobs = await app.get(TenantJobsService).list(query);
        if (jobs.length === 0) assertKnown(app, query.kind);
        if (json) print(JSON.stringify({ jobs }));
        else printJobs(jobs);
      }),
    );
  program
    .command('jobs:show')
    .description('show one job of a shop: its payload, its attempts, why it failed')
    .argument('<id>', ID)
    .option('--json', 'print it as one JSON object')
    .addHelpText('after', example('jobs:show'))
    .action((id: string, { json }: Flags) =>
      context.withUntouchedApp(async (app) => {
        const job = await app.get(TenantJobsService).get(id);
        const isKindKnown = kindsOf(app).includes(job.kind);
        printJob({ ...job, isKindKnown }, json);
      }),
    );
  addChange(program, context, 'retry', 'let a job begin now that is dead or waits for its next attempt');
  addChange(program, context, 'drop', 'remove a job that is dead or waits, for good');
}

/** Kinds that this program does, in the order of the alphabet. */
function kindsOf(app: INestApplicationContext): string[] {
  return [...app.get(TenantJobs, { strict: false }).handlers.keys()].toSorted();
}

/** @throws OptionInvalid */
function assertKnown(app: INestApplicationContext, kind: string | undefined): void {
  const kinds = kindsOf(app);
  if (kind === undefined || kinds.includes(kind)) return;
  throw new OptionInvalid({
    detail: `No job has the kind ${kind}. Kinds of this program: ${kinds.join(', ')}.`,
  });
}

function addChange(
  program: Command,
  context: CommandContext,
  change: 'retry' | 'drop',
  description: string,
): void {
  program
    .command(`jobs:${change}`)
    .description(description)
    .argument('<id>', ID)
    .option('--json', 'print the job as one JSON object')
    .addHelpText('after', example(`jobs:${change}`))
    .action((id: string, { json }: Flags) =>
      context.withApp(async (app) => {
        printJob(await app.get(TenantJobsService)[change](COMMAND, id), json);
        if (!json && change === 'drop') print('dropped');
      }),
    );
}

function printJobs(jobs: readonly ShownJob[]): void {
  printTable(
    ['id', 'shop', 'kind', 'state', 'attempts', 'begins', 'added', 'error'],
    jobs.map((job) => [
      ...[job.id, job.shopSlug ?? job.shopId, job.kind, job.state, `${job.attempts}/${job.maxAttempts}`],
      ...[timeText(job.runAt), timeText(job.createdAt), (job.error ?? '-').slice(0, 60)],
    ]),
  );
  const dead = jobs.filter(({ state }) => state === 'dead').length;
  print(`${jobs.length} job(s), ${dead} dead`);
}

function printJob(job: ShownJob & { payload?: object; isKindKnown?: boolean }, isJson = false): void {
  if (isJson) {
    print(JSON.stringify(job));
    return;
  }
  const facts = {
    ...{ id: job.id, shop: job.shopSlug ?? job.shopId, kind: job.kind, state: job.state },
    attempts: `${job.attempts} of ${job.maxAttempts}`,
    order: job.orderKey ?? '',
    added: timeText(job.createdAt),
    begins: timeText(job.runAt),
    'last try': timeText(job.startedAt),
    payload: job.payload === undefined ? '' : JSON.stringify(job.payload),
    error: job.error ?? '',
    note:
      job.isKindKnown === false
        ? 'this program does not know the kind: the job waits for one that does, or for jobs:drop'
        : '',
    by: job.userId ?? '',
    request: job.requestId ?? '',
  };
  for (const [fact, value] of Object.entries(facts)) if (value !== '') print(`${fact.padEnd(8)}  ${value}`);
}
