import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { runOperation } from '../../cli/run-operation';
import { OptionInvalid } from '../../common/common.errors';
import { PublicDatabase } from '../../database/control-database';
import { OperationInProgress } from '../../operations/lifecycle/lifecycle.errors';
import { BY_COMMAND } from '../../tenancy/audit-log';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import { getShopId } from '../../tenancy/named-shops';
import { keptText } from './shop-reports.command';
import { ShopStatusService, type StatusChange } from './shop-status.service';

interface DeleteFlags {
  now?: boolean;
  archive: boolean;
  confirm?: string;
  json?: boolean;
}

interface PurgeResult {
  archive: string | null;
  objects: number;
  leftFiles: { file: string; message: string }[];
}

/** Adds `shops:delete` and `shops:undelete`. */
export function addShopRemoval(program: Command, context: CommandContext): void {
  program
    .command('shops:delete')
    .description('delete a shop: members are out within 5 s, its data are removed after DELETED_DAYS')
    .argument('<slug|id>')
    .option('--now', 'remove its data and its backups for good, at once; needs --confirm')
    .option('--no-archive', 'with --now: write no last backup first')
    .option('--confirm <slug>', 'the slug of the shop, repeated')
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run cli -- shops:delete corner-shop\n  npm run cli -- shops:delete corner-shop --now --confirm corner-shop',
    )
    .action(async (name: string, flags: DeleteFlags) => {
      if (!flags.archive && !flags.now)
        throw new OptionInvalid({
          detail: '--no-archive needs --now: a later removal always writes a last backup.',
        });
      const { change, days, kept } = await context.withApp(async (app, { DELETED_DAYS }) => {
        await assertConfirmed(app, name, flags);
        if (flags.now) await assertIdle(app, name);
        const deleted = await app.get(ShopStatusService).remove(name, BY_COMMAND);
        const [shop] = await app
          .get(PublicDatabase)
          .read<{ at: Date }>('SELECT deleted_at AS at FROM shops WHERE id = $1', [deleted.id]);
        return { change: deleted, days: DELETED_DAYS, kept: shop && keptText(shop.at, DELETED_DAYS) };
      });
      if (flags.now) return purge(context, change, flags);
      if (flags.json) return print(JSON.stringify({ ...change, keptDays: days }));
      print(
        `${change.slug} is ${change.hasChanged ? '' : 'already '}deleted; ${kept}, and shops:undelete brings it back`,
      );
    });
  program
    .command('shops:undelete')
    .description('give a deleted shop back to its members')
    .argument('<slug|id>')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  npm run cli -- shops:undelete corner-shop')
    .action((name: string, { json }: { json?: boolean }) =>
      context.withApp(async (app) => {
        const change = await undelete(app, name);
        if (json) print(JSON.stringify(change));
        else
          print(
            `${change.slug} is ${change.status}${change.hasChanged ? ' again' : ', and was not deleted'}`,
          );
      }),
    );
}

/** @throws ShopNotFound; OperatorError unless the slug is repeated where it must be */
async function assertConfirmed(
  app: INestApplicationContext,
  name: string,
  { now = false, confirm }: DeleteFlags,
): Promise<void> {
  const database = app.get(PublicDatabase);
  const id = await getShopId((sql, values) => database.read(sql, values), name);
  const [shop] = await database.read<{ slug: string }>('SELECT slug FROM shops WHERE id = $1', [id]);
  const slug = shop?.slug ?? name;
  if (confirm === undefined && !now) return;
  if (confirm === undefined)
    throw new OptionInvalid({
      detail: `--now removes the data and the backups of ${slug} for good: repeat its slug, --confirm ${slug}`,
    });
  if (confirm !== slug)
    throw new OptionInvalid({
      detail: `--confirm ${confirm} is not the slug of this shop, which is ${slug}.`,
    });
}

/**
 * Refuses before members are put out: the removal could not begin while another exclusive operation is open.
 * @throws OperationInProgress
 */
async function assertIdle(app: INestApplicationContext, name: string): Promise<void> {
  const database = app.get(PublicDatabase);
  const id = await getShopId((sql, values) => database.read(sql, values), name);
  const open = await database.read(
    `SELECT FROM operations WHERE shop_id = $1 AND is_exclusive AND state IN ('queued', 'running')`,
    [id],
  );
  if (open.length > 0) throw new OperationInProgress();
}

function purge(context: CommandContext, { id, slug }: StatusChange, flags: DeleteFlags): Promise<void> {
  return runOperation(context, {
    title: 'removing',
    isJson: flags.json === true,
    prepare: () =>
      Promise.resolve({
        kind: 'purge',
        shop: { id, slug },
        isExclusive: true,
        input: { shop: id, isArchived: flags.archive },
      }),
    show(result) {
      const { archive, objects, leftFiles } = result as PurgeResult;
      for (const { file, message } of leftFiles) print(`left     ${file}: ${message}`);
      print(
        `${slug} is removed for good, ${objects} tables and other objects; last backup: ${archive ?? 'none'}`,
      );
      return leftFiles.length === 0;
    },
  });
}

/** @throws ShopNotFound, which names the last backup of a shop that was removed for good */
async function undelete(app: INestApplicationContext, name: string): Promise<StatusChange> {
  try {
    return await app.get(ShopStatusService).undelete(name, BY_COMMAND);
  } catch (error) {
    if (!(error instanceof ShopNotFound)) throw error;
    const [gone] = await app.get(PublicDatabase).read<{ at: Date; archive: string | null }>(
      `SELECT removed_at AS at, archive FROM removed_shops
       WHERE slug = $1 OR id::text = $1 ORDER BY removed_at DESC LIMIT 1`,
      [name],
    );
    if (gone === undefined) throw error;
    const { at, archive } = gone;
    const way =
      archive === null ? 'it has no last backup' : `restore its last backup: shops:restore ${archive}`;
    throw new ShopNotFound({
      detail: `${name} was removed for good at ${at.toISOString()}; ${way}`,
      cause: error,
    });
  }
}
