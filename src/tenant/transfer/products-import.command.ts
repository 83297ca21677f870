import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { parseCurrency } from '../../cli/parse-currency';
import { startProgress } from '../../cli/progress';
import { AppError } from '../../common/app-error';
import { OperatorError } from '../../common/report';
import { TenantSession } from '../../tenancy/tenant-session';
import { IMPORT_MODES, type ImportMode, type ImportReportDto, type RowProblemDto } from './import.dto';
import { ProductsImportService } from './products-import.service';
import { ImportRejected } from './transfer.errors';

interface Options {
  shop: string;
  mode: ImportMode;
  currency?: string;
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
  const source = createReadStream(file);
  const progress = startProgress('importing bytes', size);
  try {
    const { mode, currency } = options;
    return await service.import(source, {
      mode,
      ...(currency === undefined ? {} : { currency }),
      onProgress: (rows) => progress.update(source.bytesRead, `${rows} rows`),
    });
  } catch (error) {
    if (error instanceof AppError && error.kind === ImportRejected.kind)
      printProblems((error.details.errors ?? []) as RowProblemDto[]);
    throw error;
  } finally {
    progress.stop();
  }
}

function printReport({ rows, skippedRows, products, variants, errors, notStored }: ImportReportDto): void {
  printProblems(errors);
  if (notStored.length > 0) print(`not stored: ${notStored.join(', ')}`);
  print(
    `${rows} rows: products ${products.created} created, ${products.updated} updated; ` +
      `variants ${variants.created} created, ${variants.updated} updated; ${skippedRows} rows skipped`,
  );
}

function printProblems(problems: readonly RowProblemDto[]): void {
  for (const { row, handle, column, code, message } of problems)
    print(`line ${row}  ${handle ?? '-'}  ${column ?? '-'}  ${code}: ${message}`);
}
