import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { printTable } from '../../cli/table';
import { type LockWait, LockWaitsService } from './lock-waits.service';

/** More are of no use to a person. */
const MOST = 1000;
/** Longest statement in the table. */
const WIDTH = 60;

/** Adds `shops:locks`, which changes nothing. */
export function addLockWaits(program: Command, context: CommandContext): void {
  program
    .command('shops:locks')
    .description('show who waits for a lock at this moment, and for whom, with the shops')
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:locks')
    .action(({ json }: { json?: boolean }) =>
      context.withUntouchedApp(async (app, env) => {
        const waits = await app.get(LockWaitsService).list(MOST);
        if (json) print(JSON.stringify({ waits }));
        else printWaits(waits, env.LOCK_TIMEOUT_MS / 1000);
      }),
    );
}

function printWaits(waits: readonly LockWait[], timeoutSeconds: number): void {
  const seconds = (ms: number | null) => (ms === null ? '-' : (ms / 1000).toFixed(1));
  const short = (sql: string | null) => (sql ?? '-').replaceAll(/\s+/g, ' ').slice(0, WIDTH);
  printTable(
    [
      'waits',
      'pid',
      's',
      'for',
      'held by',
      'pid',
      's',
      'state',
      'waiting statement',
      'last statement of the holder',
    ],
    waits.map((wait) => [
      ...[wait.shop ?? wait.application, String(wait.pid), seconds(wait.waitedMs)],
      `${wait.object} ${wait.mode}`,
      ...[wait.holderShop ?? wait.holderApplication ?? 'a prepared transaction', String(wait.holderPid)],
      ...[
        seconds(wait.holderMs),
        wait.holderState ?? '-',
        short(wait.statement),
        short(wait.holderStatement),
      ],
    ]),
  );
  const advice =
    waits.length === 0
      ? `a request gives up after ${timeoutSeconds} s (LOCK_TIMEOUT_MS), so repeat this while some wait`
      : 'a superuser ends a holder with SELECT pg_terminate_backend(<pid>), the second pid';
  print(`${new Set(waits.map(({ pid }) => pid)).size} session(s) wait; ${advice}`);
}
