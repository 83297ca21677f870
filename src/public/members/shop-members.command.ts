import type { INestApplicationContext } from '@nestjs/common';
import { type Command, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { printTable, timeText } from '../../cli/table';
import { OptionInvalid } from '../../common/common.errors';
import { validated } from '../../http/validation';
import { COMMAND } from '../../tenancy/operator';
import { MEMBER_ROLES, type MemberRole } from '../../tenancy/tenant';
import { MemberSupportService } from './member-support.service';
import { AddMemberDto, type MemberDto } from './members.dto';

interface Flags {
  add?: string;
  role?: MemberRole;
  remove?: string;
  json?: boolean;
}

export function addShopMembers(program: Command, context: CommandContext): void {
  program
    .command('shops:members')
    .description('list the members of a shop; add, change or remove one')
    .argument('<slug|id>')
    .option('--add <email>', 'add this user with --role, or give the member that role')
    .addOption(new Option('--role <role>', 'role of --add').choices(MEMBER_ROLES))
    .option('--remove <email>', 'remove this member')
    .option('--json', 'print the members, and the change, as one JSON object')
    .addHelpText(
      'after',
      '\nExample: npm run cli -- shops:members tea-house --add grace@example.com --role staff',
    )
    .action(async (shop: string, flags: Flags) => {
      const wanted = await wantedOf(flags);
      await context.withApp(async (app) => {
        const done = await change(app, shop, wanted, flags.remove);
        const members = await app.get(MemberSupportService).list(shop);
        if (flags.json) return print(JSON.stringify({ ...(done && { change: done }), members }));
        printMembers(members);
        if (done !== undefined) print(`${done.member.email} ${done.what}`);
        return undefined;
      });
    });
}

/** @throws OptionInvalid for options that do not go together; ValidationFailed */
async function wantedOf({ add, role, remove }: Flags): Promise<AddMemberDto | undefined> {
  if (add !== undefined && remove !== undefined)
    throw new OptionInvalid({ detail: 'Give --add or --remove, not both.' });
  if ((add === undefined) !== (role === undefined))
    throw new OptionInvalid({ detail: '--add and --role need each other.' });
  return add === undefined ? undefined : validated(AddMemberDto, { email: add, role });
}

async function change(
  app: INestApplicationContext,
  shop: string,
  wanted: AddMemberDto | undefined,
  removed: string | undefined,
): Promise<{ member: MemberDto; what: string } | undefined> {
  const support = app.get(MemberSupportService);
  if (removed !== undefined)
    return { member: await support.remove(COMMAND, shop, removed), what: 'is no longer a member' };
  if (wanted === undefined) return undefined;
  const { member, hasChanged } = await support.set(COMMAND, shop, wanted);
  return { member, what: `is ${hasChanged ? '' : 'already '}${member.role}` };
}

function printMembers(members: readonly MemberDto[]): void {
  printTable(
    ['e-mail', 'role', 'name', 'since'],
    members.map(({ email, role, name, createdAt }) => [email, role, name, timeText(createdAt)]),
  );
  print(`${members.length} member(s)`);
}
