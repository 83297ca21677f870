import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { validated } from '../../http/validation';
import { COMMAND } from '../../tenancy/operator';
import { CreateShopForDto, RenameShopDto } from './shop-support.dto';
import { ShopSupportService } from './shop-support.service';

interface CreateFlags {
  name: string;
  owner: string;
  slug?: string;
  currency?: string;
  json?: boolean;
}

interface RenameFlags {
  slug?: string;
  name?: string;
  json?: boolean;
}

/** Adds `shops:create` and `shops:rename`. */
export function addShopSupport(program: Command, context: CommandContext): void {
  program
    .command('shops:create')
    .description('create a shop for a registered user')
    .requiredOption('--name <name>', 'name of the shop')
    .requiredOption('--owner <email>', 'user who owns it')
    .option('--slug <slug>', 'default: derived from the name')
    .option('--currency <code>', 'currency of prices; default: USD')
    .option('--json', 'print the shop as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:create --name "Tea House" --owner ada@example.com')
    .action(async ({ json, ...input }: CreateFlags) => {
      const wanted = await validated(CreateShopForDto, input);
      await context.withApp(async (app) => {
        const shop = await app.get(ShopSupportService).create(COMMAND, wanted);
        print(json ? JSON.stringify(shop) : `${shop.slug} created: ${shop.id}`);
      });
    });
  program
    .command('shops:rename')
    .description('give a shop another slug or name; the present slug names it for 30 more days')
    .argument('<slug|id>')
    .option('--slug <slug>', 'new slug')
    .option('--name <name>', 'new name')
    .option('--json', 'print the shop as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:rename tea-house --slug tea-and-cake')
    .action(async (shop: string, { json, ...input }: RenameFlags) => {
      const changes = await validated(RenameShopDto, input);
      await context.withApp(async (app) => {
        const renamed = await app.get(ShopSupportService).rename(COMMAND, shop, changes);
        const { slug, name, formerSlug } = renamed;
        print(json ? JSON.stringify(renamed) : `${formerSlug} is now ${slug}, named ${name}`);
      });
    });
}
