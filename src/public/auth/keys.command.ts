import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { adminOf } from '../../database/installation';
import { type KeySummary, listSigningKeys, rotateSigningKeys } from '../../database/signing-keys';
import { ACCESS_TOKEN } from './access-token';

/** More than the time that running instances, and services that cache our keys, need to notice a rotation. */
const NOTICE_SECONDS = 60;

interface Flags {
  force?: boolean;
  json?: boolean;
}

export function addKeys(program: Command, context: CommandContext): void {
  program
    .command('keys:list')
    .description('show the keys that access tokens are signed with')
    .option('--json', 'print them as one JSON object')
    .action(({ json }: Flags) =>
      context.withUntouchedInstallation(async (installation) =>
        report(await listSigningKeys(adminOf(installation).url), json),
      ),
    );
  program
    .command('keys:rotate')
    .description('sign with the next key and make a new next key; running instances follow within seconds')
    .option('--force', 'even if tokens of the previous key may still be in use: they become invalid')
    .option('--json', 'print the keys as one JSON object')
    .action(({ force = false, json }: Flags) =>
      context.withInstallation(async (installation) => {
        const graceSeconds = ACCESS_TOKEN.lifetime + NOTICE_SECONDS;
        report(
          await rotateSigningKeys(adminOf(installation).url, installation.secrets, { graceSeconds, force }),
          json,
        );
        if (!json) print('rotated');
      }),
    );
}

function report(keys: KeySummary[], isJson = false): void {
  if (isJson) {
    print(JSON.stringify({ keys }));
    return;
  }
  for (const { kid, state, stateSince } of keys)
    print(`${state.padEnd('previous'.length)}  ${kid}  since ${stateSince.toISOString()}`);
}
