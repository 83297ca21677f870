import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { parseCurrency } from '../../cli/parse-currency';
import { startProgress } from '../../cli/progress';
import { AppError } from '../../common/app-error';
import { OperatorError } from '../../common/report';
import { TenantSession } from '../../tenancy/tenant-session';
import { ENCODINGS, type Encoding } from '../../common/text-encoding';
import {
  type FieldChangeDto,
  IMPORT_MODES,
  type ImportMode,
  type ImportReportDto,
  type RowProblemDto,
  SEPARATOR_NAMES,
  type SeparatorName,
} from './import.dto';
import { ProductsImportService } from './products-import.service';
import { ImportRejected } from './transfer.errors';

interface Options {
  shop: string;
  mode: ImportMode;
  currency?: string;
  encoding?: Encoding;
  separator?: SeparatorName;
  decimal: 'point' | 'comma';
  dryRun?: boolean;
}

export function addProductsImport(program: Command, context: CommandContext): void {
  program
    .command('products:import')
    .description('load a Shopify product CSV into a shop')
    .argument('<file>')
    .requiredOption('--shop <slug|id>', 'shop to load it into')
    .addOption(new Option('--mode <mode>', 'how to treat a bad row').choices(IMPORT_MODES).default('atomic'))
    .option(
      '--currency <code>',
      'currency of products that name none; default: that of the shop',
      parseCurrency,
    )
    .addOption(new Option('--encoding <name>', 'encoding of the file; default: found out').choices(ENCODINGS))
    .addOption(
      new Option('--separator <name>', 'between the cells; default: found out').choices(
        Object.keys(SEPARATOR_NAMES),
      ),
    )
    .addOption(
      new Option('--decimal <sign>', 'decimal sign of the numbers')
        .choices(['point', 'comma'])
        .default('point'),
    )
    .option('--dry-run', 'store nothing; print what would be created and changed')
    .action((file: string, options: Options) =>
      context.withApp(async (app) => {
        const service = await app.get(TenantSession).resolve(ProductsImportService, options.shop);
        printReport(await importFile(service, file, options));
      }),
    );
}

async function importFile(
  service: ProductsImportService,
  file: string,
  options: Options,
): Promise<ImportReportDto> {
  const { size } = await stat(file).catch((error: Error) => {
    throw new OperatorError(`Cannot read ${file}: ${error.message}`);
  });
  let bytesRead = () => 0;
  const open = () => {
    const source = createReadStream(file);
    bytesRead = () => source.bytesRead;
    return source;
  };
  const progress = startProgress('importing bytes', size);
  try {
    const { dryRun = false, shop: _shop, ...reading } = options;
    return await service.import(
      { open },
      {
        ...reading,
        isDryRun: dryRun,
        onProgress: (rows) => progress.update(bytesRead(), `${rows} rows`),
      },
    );
  } catch (error) {
    if (error instanceof AppError && error.kind === ImportRejected.kind)
      printProblems((error.details.errors ?? []) as RowProblemDto[]);
    throw error;
  } finally {
    progress.stop();
  }
}

function printReport(report: ImportReportDto): void {
  const { rows, skippedRows, products, variants, errors, warnings, notStored } = report;
  printProblems(errors);
  printProblems(warnings);
  for (const change of report.changes) printChange(change);
  if (notStored.length > 0) print(`not stored: ${notStored.join(', ')}`);
  print(
    `${rows} rows: products ${products.created} created, ${products.updated} updated; ` +
      `variants ${variants.created} created, ${variants.updated} updated; ${skippedRows} rows skipped`,
  );
  print(`read as ${report.encoding}, separated by ${report.separator}`);
  if (report.dryRun) print('nothing was stored');
  else print(`import ${report.importId}`);
}

function printChange({ handle, sku, field, old, new: now }: FieldChangeDto): void {
  const what = sku === null ? handle : `${handle} ${sku}`;
  print(field === null ? `create ${what}: ${now}` : `change ${what} ${field}: ${old} -> ${now}`);
}

function printProblems(problems: readonly RowProblemDto[]): void {
  for (const { row, handle, column, code, message } of problems)
    print(`line ${row}  ${handle ?? '-'}  ${column ?? '-'}  ${code}: ${message}`);
}
