import { InvalidArgumentError } from 'commander';
import { OperatorError } from '../common/report';
import { withClient } from '../database/with-client';
import { type RunOptions, shopIdsOf } from '../operations/migrator/run-options';

/** Options of the command line. */
export interface MigrateFlags {
  only?: string[];
  from?: string;
  limit?: number;
  to?: number;
  concurrency?: number;
  canary?: { percent: number } | { shops: string[] };
  waves?: number[];
  errorBudget?: number;
  patience?: number;
  statementTimeout?: number;
  plan?: boolean;
  dryRun?: boolean;
  sample: number;
  undo?: boolean;
  rebuildRegistry?: boolean;
  json?: boolean;
}

/**
 * Converts the options to those of a run, with shop ids instead of slugs.
 * @throws OperatorError naming a shop that does not exist; for a canary outside of `--only` or `--from`
 */
export async function runOptionsOf(flags: MigrateFlags, adminUrl: string): Promise<RunOptions> {
  const { only, from, limit, concurrency, canary, waves, errorBudget, patience, statementTimeout } = flags;
  const ids = (shops: readonly string[]) =>
    withClient(adminUrl, 'find shops', (client) => shopIdsOf(client, shops));
  const options: RunOptions = {
    ...(only && { shopIds: await ids(only) }),
    ...(from !== undefined && { from: (await ids([from]))[0]! }), // one per shop
    ...(limit !== undefined && { limit }),
    ...(concurrency !== undefined && { concurrency }),
    ...(canary && { canary: 'shops' in canary ? { shopIds: await ids(canary.shops) } : canary }),
    ...(waves && { waves }),
    ...(errorBudget !== undefined && { errorBudget }),
    ...(patience !== undefined && { patienceMs: patience * 1000 }),
    ...(statementTimeout !== undefined && { statementMs: statementTimeout * 1000 }),
  };
  assertCanaryWithin(options);
  return options;
}

function assertCanaryWithin({ canary, shopIds, from = '' }: RunOptions): void {
  if (canary === undefined || !('shopIds' in canary)) return;
  if (canary.shopIds.some((id) => id < from || shopIds?.includes(id) === false))
    throw new OperatorError('The canary must be among the shops of --only and --from.');
}

export function parseShops(text: string): string[] {
  const shops = text.split(',').map((shop) => shop.trim());
  if (shops.some((shop) => shop === ''))
    throw new InvalidArgumentError('Give slugs or ids, separated by commas.');
  return [...new Set(shops)];
}

export function parseCanary(text: string): MigrateFlags['canary'] {
  return text.endsWith('%') ? { percent: parsePercent(text) } : { shops: parseShops(text) };
}

export function parseWaves(text: string): number[] {
  return text.split(',').map(parsePercent);
}

function parsePercent(text: string): number {
  const percent = Number(/^\s*(\d+(?:\.\d+)?)%?\s*$/.exec(text)?.[1]);
  if (!(percent > 0 && percent <= 100))
    throw new InvalidArgumentError('Give a percentage above 0 and up to 100.');
  return percent;
}

/** @param most largest accepted number */
export function parseCount(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`Give a whole number from 1 to ${most}.`);
    return count;
  };
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 86_400))
    throw new InvalidArgumentError('Give seconds, up to 86400.');
  return seconds;
}
