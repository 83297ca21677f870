import { type Command, InvalidArgumentError } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { COMMAND } from '../../tenancy/operator';
import { PasswordResetService } from './password-reset.service';

const MAX_HOURS = 72;

export function addResetPassword(program: Command, context: CommandContext): void {
  program
    .command('users:reset-password')
    .description('give a user a token for one use, with which to set a new password')
    .argument('<email>')
    .option('--hours <n>', `validity, 1 to ${MAX_HOURS}`, parseHours, 1)
    .option(
      '--page <url>',
      'page of your front end that takes the token from its fragment: prints a link',
      parsePage,
    )
    .option('--json', 'print token, link and end as one JSON object')
    .action((email: string, { hours, page, json }: { hours: number; page?: URL; json?: boolean }) =>
      context.withApp(async (app) => {
        const { token, expiresAt } = await app.get(PasswordResetService).issue(COMMAND, email, hours);
        const link = page === undefined ? null : linkTo(page, token);
        if (json) return print(JSON.stringify({ token, link, expiresAt }));
        print(link ?? token);
        print(`valid for one use, until ${expiresAt.toISOString()}`);
        return undefined;
      }),
    );
}

/** Links by the fragment, which browsers send to no server, so that the token is in no log. */
function linkTo(page: URL, token: string): string {
  const link = new URL(page);
  link.hash = `token=${token}`;
  return link.href;
}

function parseHours(text: string): number {
  const hours = Number(text);
  if (!Number.isInteger(hours) || hours < 1 || hours > MAX_HOURS)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_HOURS}.`);
  return hours;
}

function parsePage(text: string): URL {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('Give a URL that begins with http:// or https://.');
  return new URL(text);
}
