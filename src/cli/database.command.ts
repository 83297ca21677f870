import type { Command } from 'commander';
import { groupBy } from '../common/group-by';
import { bootstrapPlan } from '../database/bootstrap';
import { harden, type PublicRight, findPublicRights } from '../database/hardening';
import { adminOf } from '../database/installation';
import { withClient } from '../database/with-client';
import { type CommandContext, print } from './command-context';

/** Commands for the administrator of the database server. */
export function addDatabaseCommands(program: Command, context: CommandContext): void {
  program
    .command('db:bootstrap')
    .description('create the roles, grants and logins of an installation, harden it, and migrate public')
    .option('--dry-run', 'print the SQL with its reasons and change nothing')
    .action(({ dryRun }: { dryRun?: boolean }) => (dryRun ? plan(context) : bootstrapNow(context)));
  program
    .command('db:harden')
    .description('revoke rights from PUBLIC that hostile SQL could use, and list those that remain')
    .option('--dry-run', 'print the SQL with its reasons and change nothing')
    .action(({ dryRun }: { dryRun?: boolean }) => hardenNow(context, dryRun === true));
}

async function bootstrapNow(context: CommandContext): Promise<void> {
  await context.withInstallation(({ roles, applied }) => {
    print(`roles ${roles.owner}, ${roles.admin}, ${roles.public}, ${roles.tenant} are ready`);
    print(`${applied.length} migration(s) of public applied`);
    return Promise.resolve();
  });
}

function plan(context: CommandContext): Promise<void> {
  return context.withUntouchedInstallation(async (installation, env) => {
    const { roles } = installation;
    await withClient(adminOf(installation).bootstrapUrl, 'plan', async (client) => {
      let last = '';
      for (const { sql, why } of await bootstrapPlan(client, roles)) {
        if (why !== last) print(`\n-- ${why}`);
        print(`${sql};`);
        last = why;
      }
      print(
        `\n-- passwords, derived from APP_SECRET and ADMIN_SECRET, for logins that do not have theirs yet`,
      );
      for (const login of [roles.admin, roles.public, roles.tenant])
        print(`-- ALTER ROLE ${login} PASSWORD '(SCRAM-SHA-256 verifier)';`);
      if (env.HARDENING === 'on') show(await findPublicRights(client, roles));
    });
  });
}

function hardenNow(context: CommandContext, dryRun: boolean): Promise<void> {
  return context.withUntouchedInstallation(async (installation) => {
    const { roles } = installation;
    await withClient(adminOf(installation).bootstrapUrl, 'harden', async (client) => {
      if (dryRun) return show(await findPublicRights(client, roles));
      const open = await harden(client, roles);
      if (open.length === 0) return print('Hardened: PUBLIC has none of these rights.');
      for (const [rule, rights] of groupBy(open, (right) => right.rule))
        print(`open     ${rule} (${rights[0]!.reason}): ${rights.length}, such as ${rights[0]!.object}`); // never empty
      print(`${open.length} right(s) of PUBLIC remain: only a superuser may revoke them.`);
      process.exitCode = 1;
    });
  });
}

function show(rights: PublicRight[]): void {
  let last = '';
  for (const { rule, reason, close } of rights) {
    if (rule !== last) print(`\n-- hardening, ${rule}: ${reason}`);
    print(close);
    last = rule;
  }
}
