import type { Command } from 'commander';
import { readEnv } from '../config/env';
import { locateBackup, placeOf } from '../operations/lifecycle/backup-files';
import type { ExportResult } from '../operations/lifecycle/kinds/export.kind';
import { shopsNamed } from '../operations/lifecycle/shops-named';
import { fileExists, isFileMissing } from '../files/file-target';
import { type CommandContext, print } from './command-context';
import { runOperation } from './run-operation';
import { sizeText } from './table';

export function addShopsExport(program: Command, context: CommandContext): void {
  program
    .command('shops:export')
    .description('write everything of a shop into a zip, as CSV and JSON')
    .argument('<slug|id>')
    .option('--out <file.zip>', 'path or s3://bucket/prefix/name; default: BACKUP_TARGET, for 7 days')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:export corner-shop --out corner-shop.zip')
    .action((name: string, { out, json }: { out?: string; json?: boolean }) =>
      runOperation(context, {
        title: 'exporting',
        isJson: json === true,
        async prepare(client) {
          const shop = (await shopsNamed(client, [name]))[0]!; // one name
          return {
            kind: 'export',
            shop,
            isExclusive: true,
            input: { shop: shop.id, out: out === undefined ? null : await freePlace(out) },
          };
        },
        show(result) {
          const { target, file, rows, tables, bytes, snapshotAt } = result as ExportResult;
          print(
            `${name} as of ${snapshotAt}: ${rows} rows of ${tables} tables, ${sizeText(bytes)}, in ${placeOf({ target, file })}`,
          );
          return true;
        },
      }),
    );
}

/** Finds the place of a new file, before anything is recorded. @throws TargetError if there is one already */
async function freePlace(out: string): Promise<{ target: string; file: string }> {
  const { target, file } = await locateBackup(out.includes('/') ? out : `${process.cwd()}/${out}`, readEnv());
  const isThere = await target.size(file).catch((error: unknown) => {
    if (isFileMissing(error)) return null;
    throw error;
  });
  if (isThere !== null) throw fileExists(file, target.location);
  return { target: target.location, file };
}
