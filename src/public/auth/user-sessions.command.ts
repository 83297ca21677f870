import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { printTable, timeText } from '../../cli/table';
import { COMMAND } from '../../tenancy/operator';
import { SessionSupportService } from './session-support.service';

export function addUserSessions(program: Command, context: CommandContext): void {
  program
    .command('users:sessions')
    .description('list the live sessions of a user, or end them')
    .argument('<email>')
    .option('--end', 'end all of them within 5 s')
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- users:sessions ada@example.com --end')
    .action((email: string, { end = false, json }: { end?: boolean; json?: boolean }) =>
      context.withApp(async (app) => {
        const support = app.get(SessionSupportService);
        const sessions = end ? await support.end(COMMAND, email) : await support.list(email);
        if (json) return print(JSON.stringify({ sessions, isEnded: end }));
        printTable(
          ['created', 'last used', 'ends', 'address', 'shop'],
          sessions.map(({ createdAt, lastUsedAt, expiresAt, address, shop }) => [
            ...[createdAt, lastUsedAt, expiresAt].map(timeText),
            ...[address ?? '-', shop ?? '-'],
          ]),
        );
        print(`${sessions.length} session(s)${end ? ' ended' : ''}`);
        return undefined;
      }),
    );
}
