import { type Command, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { parseCount } from '../../cli/migrate-options';
import { printTable, sizeText, timeText } from '../../cli/table';
import { SHOP_STATUSES } from '../../tenancy/tenant';
import {
  FleetService,
  type ListedShop,
  SHOP_SORTS,
  type ShopListQuery,
  type ShownShop,
} from './fleet.service';

interface ListFlags extends ShopListQuery {
  json?: boolean;
}

/** Adds `shops:list` and `shops:show`, which change nothing. */
export function addShopReports(program: Command, context: CommandContext): void {
  program
    .command('shops:list')
    .description('list shops with status, plan, version, members and size')
    .addOption(new Option('--status <status>', 'only shops with this status').choices(SHOP_STATUSES))
    .option('--plan <name>', 'only shops of this plan')
    .option('--behind', 'only shops that lack a migration')
    .addOption(
      new Option('--sort <order>', 'the newest or largest first').choices(SHOP_SORTS).default('created'),
    )
    .option('--limit <n>', 'at most this many', parseCount(1_000_000))
    .option('--json', 'print them as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:list --sort size --limit 20')
    .action(({ json, ...query }: ListFlags) =>
      context.withUntouchedApp(async (app) => {
        const shops = await app.get(FleetService).list(query);
        if (json) print(JSON.stringify({ shops }));
        else printShops(shops, query.sort === 'last-order');
      }),
    );
  program
    .command('shops:show')
    .description('show one shop, with rows and size of each table')
    .argument('<slug|id>')
    .option('--json', 'print it as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:show tea-house')
    .action((name: string, { json }: { json?: boolean }) =>
      context.withUntouchedApp(async (app, env) => {
        const shop = await app.get(FleetService).show(name);
        if (json) print(JSON.stringify(shop));
        else printShop(shop, env.DELETED_DAYS);
      }),
    );
}

function printShops(shops: readonly ListedShop[], hasOrders: boolean): void {
  const last = (...cells: string[]) => (hasOrders ? cells : []);
  printTable(
    ['slug', 'status', 'plan', 'version', 'members', 'size', 'created', ...last('last order')],
    shops.map((shop) => [
      ...[
        shop.slug,
        shop.status,
        shop.plan,
        versionText(shop),
        String(shop.members),
        sizeText(shop.estimatedBytes),
      ],
      ...[timeText(shop.createdAt), ...last(timeText(shop.lastOrderAt ?? null))],
    ]),
  );
  const bytes = shops.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0);
  print(`${shops.length} shop(s), about ${sizeText(bytes)}`);
}

function printShop(shop: ShownShop, days: number): void {
  const former = shop.formerSlugs.map(({ slug, endsAt }) => `${slug}, until ${timeText(endsAt)}`);
  const facts = {
    ...{
      id: shop.id,
      slug: shop.slug,
      'former slug': former.join('; '),
      name: shop.name,
      status: shop.status,
      deleted:
        shop.deletedAt === null ? '' : `${timeText(shop.deletedAt)}, ${keptText(shop.deletedAt, days)}`,
      plan: shop.plan,
    },
    ...{ version: versionText(shop), currency: shop.currency, members: String(shop.members) },
    ...{ created: timeText(shop.createdAt), 'last order': timeText(shop.lastOrderAt) },
    operation: operationText(shop.lastOperation),
  };
  for (const [fact, value] of Object.entries(facts)) if (value !== '') print(`${fact.padEnd(11)}  ${value}`);
  print();
  printTable(
    ['table', 'rows', 'size'],
    shop.tables.map(({ name, rows, isExact, bytes }) => [
      name,
      isExact ? String(rows) : `about ${rows}`,
      sizeText(bytes),
    ]),
  );
  print(`${shop.tables.length} table(s), ${sizeText(shop.bytes)}`);
}

/** Until when shops:undelete brings a deleted shop back. */
export function keptText(deletedAt: Date, days: number): string {
  return `its data stay until ${timeText(new Date(deletedAt.getTime() + days * 86_400_000))}`;
}

function operationText(operation: ShownShop['lastOperation']): string {
  if (operation === null) return '';
  const { id, kind, state, createdAt, finishedAt, error } = operation;
  const why = error === null ? '' : `: ${error.message}`;
  return `${kind} ${state}, ${timeText(finishedAt ?? createdAt)}, ${id}${why}`;
}

function versionText({ version, isBehind }: Pick<ListedShop, 'version' | 'isBehind'>): string {
  return `${version}${isBehind ? ' (behind)' : ''}`;
}
