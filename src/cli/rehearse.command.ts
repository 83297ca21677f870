import type { Command } from 'commander';
import type { Rehearsed } from '../operations/lifecycle/kinds/rehearse.kind';
import { type CommandContext, print } from './command-context';
import { parseCount } from './migrate-options';
import { runOperation } from './run-operation';
import { printTable, timeText } from './table';

interface RehearsalResult {
  backups: Rehearsed[];
  worstRecoverySeconds: number;
  worstAgeSeconds: number;
}

export function addRehearse(program: Command, context: CommandContext): void {
  program
    .command('rehearse')
    .description(
      'restore the newest backups as scratch shops, inspect and remove them; exits 1 if one is not good',
    )
    .option('--newest <n>', 'shops whose newest backup is most recent', parseCount(10_000), 5)
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- rehearse --newest 10')
    .action(({ newest, json }: { newest: number; json?: boolean }) =>
      runOperation(context, {
        title: 'rehearsing',
        isJson: json === true,
        prepare: () =>
          Promise.resolve({ kind: 'rehearse', shop: null, isExclusive: false, input: { newest } }),
        show: (result) => show(result as RehearsalResult),
      }),
    );
}

function show({ backups, worstRecoverySeconds, worstAgeSeconds }: RehearsalResult): boolean {
  printTable(
    ['shop', 'data of', 'rows', 'recovery time', 'recovery point', 'result'],
    backups.map(({ slug, snapshotAt, rows, recoverySeconds, ageSeconds, isGood, message }) => [
      slug,
      timeText(snapshotAt),
      String(rows),
      recoverySeconds === null ? '-' : `${recoverySeconds.toFixed(1)} s`,
      ageText(ageSeconds),
      isGood ? 'good' : `failed: ${message ?? ''}`,
    ]),
  );
  const failed = backups.filter(({ isGood }) => !isGood).length;
  print(
    `${backups.length - failed} of ${backups.length} backups are good; worst recovery time (RTO) ${worstRecoverySeconds.toFixed(1)} s, worst recovery point (RPO) ${ageText(worstAgeSeconds)}`,
  );
  return failed === 0;
}

/** Formats an age as `2 d 3 h`, `3 h 4 min`, `4 min 5 s` or `5 s`. */
function ageText(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = Math.max(
    0,
    parts.findIndex(([count]) => count > 0),
  );
  const shown = seconds === 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
