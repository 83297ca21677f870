import { MAX_PAGE } from '../../common/bounds';
import type { Command } from 'commander';
import { Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { printTable, timeText } from '../../cli/table';
import { OptionInvalid } from '../../common/common.errors';
import { PublicDatabase } from '../../database/control-database';
import { validated } from '../../http/validation';
import { COMMAND } from '../../tenancy/operator';
import { CreateOperatorDto, type NewOperatorDto, type OperatorDto, OwnPasswordDto } from './accounts.dto';
import { AccountsService } from './accounts.service';
import { OPERATOR_ROLES, type OperatorRole } from './operator-role';
import { readSecret } from './read-secret';

interface CreateFlags {
  role: OperatorRole;
  name?: string;
  password?: boolean;
  json?: boolean;
}

type Work<T> = (accounts: AccountsService) => Promise<T>;

/** Adds `operators:create`, `operators:list`, `operators:disable` and `operators:reset-totp`. */
export function addOperators(program: Command, context: CommandContext): void {
  const withAccounts = <T>(work: Work<T>) =>
    context.withApp((app) => work(new AccountsService(app.get(PublicDatabase))));
  addCreate(program, withAccounts);
  program
    .command('operators:list')
    .description('list the accounts of operators')
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- operators:list')
    .action(({ json }: { json?: boolean }) =>
      withAccounts(async (accounts) => {
        const operators = await listAll(accounts);
        if (json) print(JSON.stringify({ operators }));
        else printOperators(operators);
      }),
    );
  program
    .command('operators:disable')
    .description('refuse the logins of an operator, and end the sessions at once')
    .argument('<email>')
    .option('--json', 'print the account as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- operators:disable grace@example.com')
    .action((email: string, { json }: { json?: boolean }) =>
      withAccounts(async (accounts) => {
        const account = await accounts.disable(COMMAND, email.trim().toLowerCase());
        print(json ? JSON.stringify(account) : `${account.email} is disabled`);
      }),
    );
  program
    .command('operators:reset-totp')
    .description('forget the TOTP secret of an operator who has lost it, and end the sessions')
    .argument('<email>')
    .option('--json', 'print the account as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- operators:reset-totp grace@example.com')
    .action((email: string, { json }: { json?: boolean }) =>
      withAccounts(async (accounts) => {
        const account = await accounts.resetTotp(COMMAND, { email: email.trim().toLowerCase() });
        print(json ? JSON.stringify(account) : `${account.email} has no TOTP secret`);
      }),
    );
}

function addCreate(program: Command, withAccounts: <T>(work: Work<T>) => Promise<T>): void {
  program
    .command('operators:create')
    .description('create an account for the API of operators, with a one-time password')
    .argument('<email>')
    .addOption(
      new Option('--role <role>', 'what the account may do').choices(OPERATOR_ROLES).makeOptionMandatory(),
    )
    .option('--name <name>', 'default: the part of the address before the @')
    .option('--password', 'ask for the password, or read it from standard input, instead of making one')
    .option('--json', 'print the account as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- operators:create grace@example.com --role administrator')
    .action(async (email: string, { password: isAsked, json, ...rest }: CreateFlags) => {
      const wanted = await validated(CreateOperatorDto, { email, ...rest });
      const own = isAsked ? await validated(OwnPasswordDto, { password: await readPassword() }) : null;
      await withAccounts(async (accounts) => {
        const account = await (own === null
          ? accounts.create(COMMAND, wanted)
          : accounts.createWithPassword(COMMAND, wanted, own.password));
        if (json) return print(JSON.stringify(account));
        print(`${account.email} is ${account.role}`);
        if (own === null)
          print(`one-time password, for 24 hours: ${(account as NewOperatorDto).oneTimePassword}`);
        return undefined;
      });
    });
}

async function readPassword(): Promise<string> {
  const password = await readSecret('Password: ');
  if (password === '') throw new OptionInvalid({ detail: 'No password was given on standard input.' });
  return password;
}

async function listAll(accounts: AccountsService): Promise<OperatorDto[]> {
  const all: OperatorDto[] = [];
  let cursor: string | undefined;
  do {
    const page = await accounts.list({ limit: MAX_PAGE, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

function printOperators(operators: readonly OperatorDto[]): void {
  printTable(
    ['e-mail', 'role', 'name', 'TOTP', 'disabled', 'created'],
    operators.map(({ email, role, name, hasTotp, disabledAt, createdAt }) => [
      ...[email, role, name, hasTotp ? 'yes' : 'no'],
      ...[disabledAt === null ? '-' : timeText(disabledAt), timeText(createdAt)],
    ]),
  );
  print(`${operators.length} operator(s)`);
}
