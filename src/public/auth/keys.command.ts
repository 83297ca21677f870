import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { adminOf } from '../../database/installation';
import { type KeySummary, listSigningKeys, rotateSigningKeys } from '../../database/signing-keys';
import { ACCESS_TOKEN } from './access-token';

/** More than the time that running instances, and services that cache our keys, need to notice a rotation. */
const NOTICE_SECONDS = 60;

export function addKeys(program: Command, context: CommandContext): void {
  program
    .command('keys:list')
    .description('show the keys that access tokens are signed with')
    .action(() =>
      context.withUntouchedInstallation(async (installation) =>
        report(await listSigningKeys(adminOf(installation).url)),
      ),
    );
  program
    .command('keys:rotate')
    .description('sign with the next key and make a new next key; running instances follow within seconds')
    .option('--force', 'even if tokens of the previous key may still be in use: they become invalid')
    .action(({ force = false }: { force?: boolean }) =>
      context.withInstallation(async (installation) => {
        const graceSeconds = ACCESS_TOKEN.lifetime + NOTICE_SECONDS;
        report(
          await rotateSigningKeys(adminOf(installation).url, installation.secrets, { graceSeconds, force }),
        );
        print('rotated');
      }),
    );
}

function report(keys: KeySummary[]): void {
  for (const { kid, state, stateSince } of keys)
    print(`${state.padEnd('previous'.length)}  ${kid}  since ${stateSince.toISOString()}`);
}
