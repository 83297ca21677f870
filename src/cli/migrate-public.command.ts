import type { Command } from 'commander';
import { type CommandContext, print } from './command-context';

export function addMigratePublic(program: Command, context: CommandContext): void {
  program
    .command('migrate:public')
    .description('bring the schema public up to date')
    .action(() =>
      context.withInstallation(({ applied }) => {
        for (const { name } of applied) print(`applied ${name}`);
        print(`public is up to date, ${applied.length} migration(s) applied`);
        return Promise.resolve();
      }),
    );
}
