import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { parseCount } from '../../cli/migrate-options';
import { startProgress } from '../../cli/progress';
import { printTable, sizeText, timeText } from '../../cli/table';
import { formatMinor } from '../../common/money';
import { ReportRefreshService, type Refreshed } from './report-refresh.service';
import { type Report, REPORT_BY, type ReportQuery, ReportsService } from './reports.service';

const INTERRUPTED = 130;

/** Adds `reports:refresh`, which reads the facts of all shops, and `reports:show`, which adds them up. */
export function addReports(program: Command, context: CommandContext): void {
  program
    .command('reports:refresh')
    .description(
      'read sales, products and size of every shop for reports; exits 1 if a shop could not be read',
    )
    .option('--older-than <minutes>', 'only shops that were not read since then', parseCount(1_000_000))
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- reports:refresh --older-than 60')
    .action(({ olderThan, json }: { olderThan?: number; json?: boolean }) =>
      context.withApp(async (app) => {
        const { signal } = context;
        const progress = startProgress('reading shops');
        const result = await app
          .get(ReportRefreshService)
          .refresh({
            signal,
            ...(olderThan !== undefined && { olderThan: new Date(Date.now() - olderThan * 60_000) }),
            onShop: ({ done, total, failed }) =>
              progress.update(done, failed === 0 ? '' : `${failed} failed`, total),
          })
          .finally(() => progress.stop());
        if (json) print(JSON.stringify(result));
        else printRefreshed(result);
        if (signal.aborted) process.exitCode = INTERRUPTED;
        else if (result.failed.length > 0) process.exitCode = 1;
      }),
    );
  program
    .command('reports:show')
    .description('add up sales, products and size of all shops, as the last refresh found them')
    .addOption(new Option('--by <line>', 'what a line is of').choices(REPORT_BY).default('all'))
    .option('--from <day>', 'first day, UTC', parseDay)
    .option('--to <day>', 'last day, UTC', parseDay)
    .option('--limit <n>', 'at most this many lines', parseCount(1_000_000))
    .option('--json', 'print the report as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- reports:show --by shop --from 2026-11-01 --limit 20')
    .action(({ json, ...query }: ReportQuery & { json?: boolean }) =>
      context.withUntouchedApp(async (app) => {
        const report = await app.get(ReportsService).show(query);
        if (json) print(JSON.stringify(report));
        else printReport(report);
      }),
    );
}

/** Reads a day such as 2026-11-01. */
function parseDay(text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isDay || new Date(text).toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('It must be a day such as 2026-11-01.');
  return text;
}

function printRefreshed({ read, failed, left }: Refreshed): void {
  printTable(
    ['shop', 'not read'],
    failed.map(({ slug, error }) => [slug, error]),
  );
  const rest = left === 0 ? '' : `, ${left} left for the next run`;
  print(`${read} shop(s) read, ${failed.length} failed${rest}`);
}

function printReport({ lines, shops, products, bytes, oldestReadAt, unread, failed }: Report): void {
  printTable(
    ['of', 'orders', 'revenue'],
    lines.map(({ of, currency, orders, revenueMinor }) => [
      of ?? 'all',
      String(orders),
      `${formatMinor(revenueMinor, currency)} ${currency}`,
    ]),
  );
  print(
    `${shops} shop(s), ${products} product(s), about ${sizeText(bytes)}; facts of ${timeText(oldestReadAt)} or later`,
  );
  if (unread > 0) print(`${unread} shop(s) were never read: run reports:refresh`);
  for (const { slug, readAt, error } of failed)
    print(`${slug}: facts of ${timeText(readAt)}, could not be read since: ${error}`);
}
