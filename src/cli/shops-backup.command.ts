import type { Command } from 'commander';
import { OptionInvalid } from '../common/common.errors';
import { OperatorError } from '../common/report';
import { readEnv } from '../config/env';
import type { EngineClient } from '../database/engine-client';
import { locateBackup, placeOf } from '../operations/lifecycle/backup-files';
import type { CopiedImages } from '../operations/lifecycle/copy-images';
import { assertNewSlug } from '../operations/lifecycle/new-slug';
import { shopsNamed } from '../operations/lifecycle/shops-named';
import { configuredTarget, openTarget } from '../files/open-target';
import { keepOf } from '../operations/lifecycle/targets/retention';
import { type CommandContext, print } from './command-context';
import { parseCount } from './migrate-options';
import { printImages } from './print-images';
import { runOperation } from './run-operation';
import { sizeText } from './table';

interface BackupFlags {
  all?: boolean;
  out?: string;
  keep?: string;
  encrypt?: boolean;
  concurrency: number;
  json?: boolean;
}

interface BackupResult {
  saved: number;
  bytes: number;
  /** Older files that `--keep` has removed. */
  removed: number;
  /** Names of the files of shops that were named. */
  files?: string[];
  target: string;
  failed: { slug: string; message: string }[];
}

export function addShopsBackup(program: Command, context: CommandContext): void {
  program
    .command('shops:backup')
    .description('write a backup file of each shop, as of one moment')
    .argument('[shop...]', 'slugs or ids')
    .option('--all', 'every shop')
    .option('--out <dir|s3://bucket/prefix>', 'place of the files; default: BACKUP_TARGET')
    .option('--keep <rule>', 'remove older files of the shop, for example 7d4w; default: keep all')
    .option('--encrypt', 'encrypt for BACKUP_RECIPIENTS')
    .option('--concurrency <n>', 'shops at once', parseCount(16), 2)
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:backup corner-shop --out /srv/backups')
    .action((names: string[], flags: BackupFlags) => {
      if (names.length > 0 && flags.all)
        throw new OptionInvalid({ detail: 'Name shops, or give --all, not both.' });
      if (names.length === 0 && !flags.all) throw new OptionInvalid({ detail: 'Name shops, or give --all.' });
      return runOperation(context, {
        title: 'backing up',
        isJson: flags.json === true,
        async prepare(client) {
          const env = readEnv();
          if (flags.keep !== undefined) keepOf(flags.keep);
          if (flags.encrypt && (env.BACKUP_RECIPIENTS ?? []).length === 0)
            throw new OptionInvalid({
              detail: '--encrypt needs BACKUP_RECIPIENTS: the public keys to encrypt for.',
            });
          const target = await openTarget(flags.out ?? configuredTarget(env), env);
          const shops = flags.all ? null : await shopsNamed(client, names);
          return {
            kind: 'backup',
            shop: shops?.length === 1 ? shops[0]! : null, // one, see before
            isExclusive: false,
            input: {
              shops: shops?.map(({ id }) => id) ?? null,
              target: target.location,
              keep: flags.keep ?? null,
              isEncrypted: flags.encrypt === true,
              concurrency: flags.concurrency,
            },
          };
        },
        show(result) {
          const { saved, bytes, removed, files = [], target, failed } = result as BackupResult;
          for (const file of files) print(`saved    ${file}`);
          for (const { slug, message } of failed) print(`failed   ${slug}: ${message}`);
          const others = [
            removed > 0 ? `; ${removed} older file(s) removed` : '',
            failed.length > 0 ? `; ${failed.length} failed` : '',
          ];
          print(`${saved} backed up in ${target}, ${sizeText(bytes)}${others.join('')}`);
          return failed.length === 0;
        },
      });
    });
}

interface RestoreFlags {
  newest?: boolean;
  as?: string;
  over?: string;
  tables?: string[];
  fromOtherShop?: boolean;
  json?: boolean;
}

interface RestoreResult extends Partial<CopiedImages> {
  id: string;
  slug?: string;
  rows: number;
  snapshotAt: string;
  invited?: string[];
  tables?: string[] | null;
  /** How long requests of the shop waited at most, milliseconds. */
  waitedMs?: number;
}

/** @throws OptionInvalid for flags that do not go together */
function assertWhole(file: string | undefined, flags: RestoreFlags): void {
  const { newest = false, as, over, tables, fromOtherShop = false } = flags;
  if ((file === undefined) !== newest)
    throw new OptionInvalid({ detail: 'Name a file, or give --newest --over <shop>: one of them.' });
  if (as !== undefined && over !== undefined)
    throw new OptionInvalid({
      detail: '--as makes a new shop and --over replaces the data of one: give one of them.',
    });
  const needy = [newest && '--newest', tables && '--tables', fromOtherShop && '--from-other-shop'].find(
    Boolean,
  );
  if (needy && over === undefined) throw new OptionInvalid({ detail: `${String(needy)} needs --over.` });
}

/** Finds the newest recorded backup of a shop, by its id: a removed shop may have had the slug. @throws OperatorError */
async function newestBackup(
  client: EngineClient,
  { id, slug }: { id: string; slug: string },
): Promise<string> {
  const { rows } = await client.query<{ file: string }>(
    `SELECT rtrim(target, '/') || '/' || file AS file FROM public.backups
     WHERE shop_id = $1 AND NOT is_archive ORDER BY snapshot_at DESC LIMIT 1`,
    [id],
  );
  if (rows[0] !== undefined) return rows[0].file;
  throw new OperatorError(`No backup of ${slug} is recorded: name a file.`);
}

export function addShopsRestore(program: Command, context: CommandContext): void {
  program
    .command('shops:restore')
    .description('restore a backup file: as a new shop, or over a shop')
    .argument('[file]', 'path, s3://bucket/prefix/name, or a name in BACKUP_TARGET')
    .option('--newest', 'with --over: the newest recorded backup of the shop, in place of a file')
    .option('--as <slug>', 'slug of the new shop; default: that of the backup')
    .option('--over <shop>', 'replace the data of this shop; shops:undo-restore brings them back')
    .option('--tables <names>', 'with --over: replace only these tables', (text) => text.split(','))
    .option('--from-other-shop', 'with --over: the backup may be of another shop')
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run cli -- shops:restore corner-shop.20261129T120000.000Z.1f3c9a2b.tar.gz --over corner-shop' +
        '\n  npm run cli -- shops:restore --newest --over corner-shop',
    )
    .action((file: string | undefined, flags: RestoreFlags) => {
      assertWhole(file, flags);
      const { as, over, tables, fromOtherShop = false, json } = flags;
      return runOperation(context, {
        title: 'restoring',
        isJson: json === true,
        async prepare(client) {
          if (as !== undefined) await assertNewSlug(client, as);
          const shop = over === undefined ? null : (await shopsNamed(client, [over]))[0]!; // one name
          const { target, file: name } = await locateBackup(
            file ?? (await newestBackup(client, shop!)), // --newest has --over
            readEnv(),
          );
          await target.size(name); // reports a missing file before anything is recorded
          const input = {
            file: placeOf({ target: target.location, file: name }),
            as: as ?? null,
            over: shop?.id ?? null,
            tables: tables ?? null,
            isOther: fromOtherShop,
          };
          return { kind: 'restore', shop, isExclusive: shop !== null, input };
        },
        show(result) {
          const restored = result as RestoreResult;
          const { slug, rows, snapshotAt, invited = [], tables: some, waitedMs } = restored;
          print(
            `${slug ?? over ?? ''} has the data of ${snapshotAt}: ${rows} rows${some ? ` in ${some.join(', ')}` : ''}`,
          );
          printImages(restored);
          if (waitedMs !== undefined) print(`requests of the shop waited for ${waitedMs} ms at most`);
          if (invited.length > 0)
            print(
              `${invited.length} member(s) have a new account without a password (users:reset-password): ${invited.join(', ')}`,
            );
          return true;
        },
      });
    });
  program
    .command('shops:undo-restore')
    .description('exchange the data of a shop with those that its last restore replaced')
    .argument('<slug|id>')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:undo-restore corner-shop')
    .action((name: string, { json }: { json?: boolean }) =>
      runOperation(context, {
        title: 'undoing the restore',
        isJson: json === true,
        async prepare(client) {
          const [shop] = await shopsNamed(client, [name]);
          return { kind: 'undo-restore', shop: shop!, isExclusive: true, input: { shop: shop!.id } }; // one name
        },
        show(result) {
          print(
            `${name} has the data of before the restore of ${(result as { replacedAt: string }).replacedAt} again`,
          );
          return true;
        },
      }),
    );
  program
    .command('shops:drop-replaced')
    .description('remove the data that restores of a shop have replaced, before the 30 days are over')
    .argument('<slug|id>')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:drop-replaced corner-shop')
    .action((name: string, { json }: { json?: boolean }) =>
      runOperation(context, {
        title: 'removing',
        isJson: json === true,
        async prepare(client) {
          const shop = (await shopsNamed(client, [name]))[0]!; // one name
          return {
            ...{ kind: 'drop-replaced', shop, isExclusive: true },
            input: { shop: shop.id, tenant: null },
          };
        },
        show(result) {
          const { objects } = result as { objects: number };
          print(objects === 0 ? `nothing is kept of ${name}` : `the data that were kept of ${name} are gone`);
          return true;
        },
      }),
    );
}
