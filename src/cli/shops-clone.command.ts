import type { Command } from 'commander';
import { OptionInvalid } from '../common/common.errors';
import { hasControls } from '../common/safe-text';
import { assertNewSlug, assertSlug } from '../operations/lifecycle/new-slug';
import type { CopiedImages } from '../operations/lifecycle/copy-images';
import { checkLeavable, LEAVABLE } from '../operations/lifecycle/copy/without';
import type { PublishedShop } from '../operations/lifecycle/publish-shop';
import { shopsNamed } from '../operations/lifecycle/shops-named';
import { type CommandContext, print } from './command-context';
import { printImages } from './print-images';
import { runOperation } from './run-operation';

const MAX_NAME = 120;

interface CloneFlags {
  as: string;
  name?: string;
  without?: string[];
  anonymise?: boolean;
  json?: boolean;
}

export function addShopsClone(program: Command, context: CommandContext): void {
  program
    .command('shops:clone')
    .description('make a new shop with the data that a shop has now')
    .argument('<slug|id>')
    .requiredOption('--as <slug>', 'slug of the new shop')
    .option('--name <name>', 'name of the new shop; default: that of the shop')
    .option('--without <tables>', `leave these out: ${LEAVABLE.join(', ')}`, (text) => text.split(','))
    .option('--anonymise', 'invent people in place of the real ones; only owners stay members')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:clone corner-shop --as corner-test --anonymise')
    .action((name: string, flags: CloneFlags) => {
      checkNames(flags);
      return runOperation(context, {
        title: 'cloning',
        isJson: flags.json === true,
        async prepare(client) {
          const shop = (await shopsNamed(client, [name]))[0]!; // one name
          await assertNewSlug(client, flags.as);
          const input = {
            shop: shop.id,
            as: flags.as,
            name: flags.name ?? null,
            without: flags.without ?? [],
            isAnonymised: flags.anonymise === true,
          };
          return { kind: 'clone', shop, isExclusive: false, input };
        },
        show(result) {
          const { id, slug, rows, snapshotAt, ...copied } = result as PublishedShop & {
            rows: number;
            snapshotAt: string;
          } & CopiedImages;
          print(`${slug} (${id}) has the data of ${snapshotAt}: ${rows} rows`);
          printImages(copied);
          return true;
        },
      });
    });
}

/** Refuses what could only fail at the end. The end checks the slug again. @throws OptionInvalid */
function checkNames({ as, name, without = [] }: CloneFlags): void {
  checkLeavable(without);
  assertSlug(as);
  if (name !== undefined && (name.trim() === '' || name.length > MAX_NAME || hasControls(name)))
    throw new OptionInvalid({
      detail: `--name takes a name of at most ${MAX_NAME} characters, without control characters.`,
    });
}
