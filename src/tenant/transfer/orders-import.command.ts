import { setFlagsFromString } from 'node:v8';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { parseCurrency } from '../../cli/parse-currency';
import { startProgress } from '../../cli/progress';
import { AppError } from '../../common/app-error';
import { OperatorError } from '../../common/report';
import { TenantSession } from '../../tenancy/tenant-session';
import { IMPORT_MODES, type ImportMode } from './import.dto';
import { ImportRejected } from './transfer.errors';
import { HistoryFile } from './order-history/history-file';
import { type Note, NOTES } from './order-history/history-notes';
import type { RowFault } from './order-history/history-line';
import { type OrdersImportReport, OrdersImportService } from './orders-import.service';

interface Options {
  shop: string;
  mode: ImportMode;
  currency?: string;
  timezone?: string;
}

/** Thrown between two chunks of the file; a running transaction completes first. */
class Interrupted extends Error {}

export function addOrdersImport(program: Command, context: CommandContext): void {
  program
    .command('orders:import')
    .description("load the past orders of a shop from a CSV of order lines or Shopify's export, gzip or not")
    .argument('<file>')
    .requiredOption('--shop <slug|id>', 'shop to load them into')
    .addOption(
      new Option(
        '--mode <mode>',
        'how to treat a bad row: refuse the file (atomic) or leave its order out (skip)',
      )
        .choices(IMPORT_MODES)
        .default('atomic'),
    )
    .option(
      '--currency <code>',
      'currency of the prices in the file; default: that of the shop',
      parseCurrency,
    )
    .option(
      '--timezone <name>',
      'time zone of the times in the file, such as Europe/London; default: UTC',
      parseZone,
    )
    .action((file: string, options: Options) => {
      // By default V8 lets the heap grow to four times the live objects before it collects garbage.
      setFlagsFromString('--heap-growing-percent=15');
      const { signal } = context;
      return context.withApp(async (app) => {
        const service = await app.get(TenantSession).resolve(OrdersImportService, options.shop);
        await importFile(service, file, options, signal).then(printReport, (error: unknown) => {
          if (!(error instanceof Interrupted)) throw error;
          process.stderr.write(`${error.message}\n`);
          process.exitCode = 130;
        });
      });
    });
}

async function importFile(
  service: OrdersImportService,
  path: string,
  { mode, currency, timezone }: Options,
  signal: AbortSignal,
): Promise<OrdersImportReport> {
  const file = await HistoryFile.open(path).catch((error: Error) => {
    throw new OperatorError(`Cannot read ${path}: ${error.message}`);
  });
  const progress = startProgress('importing bytes, in two passes', 2 * file.size);
  try {
    return await service.import(file, {
      mode,
      ...(currency === undefined ? {} : { currency }),
      ...(timezone === undefined ? {} : { timezone }),
      onProgress: (rows) => {
        progress.update(file.bytesRead, `${rows} rows`);
        if (signal.aborted) throw new Interrupted(storedSoFar(file));
      },
      onFault: printFault,
    });
  } catch (error) {
    if (error instanceof AppError && error.kind === ImportRejected.kind)
      for (const fault of error.details.errors ?? []) printFault(fault as RowFault);
    throw error;
  } finally {
    progress.stop();
  }
}

function storedSoFar({ bytesRead, size }: HistoryFile): string {
  if (bytesRead <= size) return 'Interrupted before anything was stored.'; // in the first pass
  return 'Interrupted: all stored orders are complete. Run the same command again to continue.';
}

function printFault({ line, invoice, code, message }: RowFault): void {
  print(`line ${line}  ${invoice ?? '-'}  ${code}: ${message}`);
}

function printReport(report: OrdersImportReport): void {
  const { rows, lines, present, leftOut, orders, customers, products, notes, notStored } = report;
  for (const [code, count] of Object.entries(notes))
    if (count > 0) print(`${code}: ${count} ${NOTES[code as Note]}`);
  if (notStored.length > 0) print(`COLUMNS_NOT_STORED: ${notStored.join(', ')}`);
  print(
    `${orders.sale} sales, ${orders.return} returns, ${orders.adjustment} adjustments, ${customers} customers and ` +
      `${products} products created`,
  );
  print(`${rows} rows: ${lines} stored, ${present} of orders stored earlier, ${leftOut} left out`);
}

/** Accepts names only: PostgreSQL inverts the sign of an offset such as +01:00. */
function parseZone(name: string): string {
  try {
    if (/^[A-Z]/i.test(name))
      return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    // reported below
  }
  throw new InvalidArgumentError('Expected the name of a time zone, such as Europe/London.');
}
