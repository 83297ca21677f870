import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { ShopStatusService } from './shop-status.service';
import type { ShopStatus } from '../../tenancy/tenant';

/** Adds `shops:suspend` and `shops:resume`; both are safe to repeat. */
export function addShopStatus(program: Command, context: CommandContext): void {
  const add = (name: string, description: string, status: ShopStatus) =>
    program
      .command(name)
      .description(description)
      .argument('<slug|id>')
      .action((shop: string) =>
        context.withApp(async (app) => {
          const { slug, hasChanged } = await app.get(ShopStatusService).update(shop, status);
          print(`${slug} is ${hasChanged ? '' : 'already '}${status}`);
        }),
      );
  add('shops:suspend', 'close a shop to its members within 5 s', 'suspended');
  add('shops:resume', 'open a suspended shop again', 'active');
}
