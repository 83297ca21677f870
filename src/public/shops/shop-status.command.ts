import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { BY_COMMAND } from '../../tenancy/audit-log';
import { type OpenStatus, ShopStatusService } from './shop-status.service';

/** Adds `shops:suspend`, `shops:read-only` and `shops:resume`; all are safe to repeat. */
export function addShopStatus(program: Command, context: CommandContext): void {
  const add = (name: string, description: string, status: OpenStatus) =>
    program
      .command(name)
      .description(description)
      .argument('<slug|id>')
      .option('--json', 'as one JSON object')
      .addHelpText('after', `\nExample:\n  npm run cli -- ${name} corner-shop`)
      .action((shop: string, { json = false }: { json?: boolean }) =>
        context.withApp(async (app) => {
          const change = await app.get(ShopStatusService).update(shop, status, BY_COMMAND);
          if (json) print(JSON.stringify(change));
          else print(`${change.slug} is ${change.hasChanged ? '' : 'already '}${TEXTS[status]}`);
        }),
      );
  add('shops:suspend', 'close a shop to its members within 5 s', 'suspended');
  add('shops:read-only', 'let a shop be read and not written, within 5 s', 'read_only');
  add('shops:resume', 'open a suspended or read-only shop again', 'active');
}

const TEXTS: Record<OpenStatus, string> = {
  active: 'active',
  read_only: 'read-only',
  suspended: 'suspended',
};
