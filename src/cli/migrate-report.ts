import type { MigrationPlan, TriedTenant } from '../operations/migrator/preview';
import type { RunSummary } from '../operations/migrator/run-options';
import type { UnfinishedTenant } from '../tenancy/tenant-registry';
import { print } from './command-context';

const SHELL_SAFE = /^[\w@%+=:,./-]+$/;

/** Prints the summary of a run: unfinished tenants with reasons, the outcome, and how to continue. */
export function printSummary(summary: RunSummary, seconds: number): void {
  for (const tenant of summary.failed) print(line('failed', tenant));
  for (const tenant of summary.failedElsewhere) print(`${line('failed', tenant)}; counted by another runner`);
  for (const tenant of summary.deferred) print(line('busy', tenant));
  const { total, migrated, failed, outcome, reason } = summary;
  if (total === 0 && outcome === 'done') return print(`nothing to do: no shop is behind ${summary.target}`);
  print(
    `${total} shop(s) to migrate to ${summary.target}: ${migrated} migrated, ${failed.length} failed, ` +
      `${summary.deferred.length} busy, ${seconds.toFixed(1)} s`,
  );
  if (outcome === 'stopped') print(`Stopped: ${reason ?? 'no reason given'}.`);
  if (outcome === 'interrupted') print('Interrupted.');
  if (outcome === 'interrupted') print(`To continue: ${again()}`);
  else if (outcome !== 'done') print(`To continue once that is repaired: ${again()}`);
  return undefined;
}

/** One line about an unfinished tenant. */
export function line(what: string, { shopId, slug, sqlState, message }: UnfinishedTenant): string {
  const hint =
    sqlState === 'ST003'
      ? `; run npm run migrate:verify -- --only ${slug ?? shopId} for the differences`
      : '';
  return `${what.padEnd(8)} ${slug ?? 'spare tenant'} (${shopId}): ${sqlState ?? 'no SQLSTATE'} ${oneLine(message)}${hint}`;
}

/** Removes control characters: PostgreSQL's messages quote data of shops, which must not control an operator's terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** The command as it was given; repeating it does not repeat finished work. */
function again(): string {
  const words = process.argv.slice(3).map((word) => (SHELL_SAFE.test(word) ? word : `'${word}'`));
  return ['npm run migrate:tenants', ...(words.length > 0 ? ['--', ...words] : [])].join(' ');
}

export function printPlan({ target, groups, steps }: MigrationPlan): void {
  if (groups.length === 0) return print(`nothing to do: no shop is behind ${target}`);
  for (const group of groups)
    print(
      `${group.tenants} shop(s) at ${group.version}: ${group.steps?.join(', ') ?? 'a run reads their history first'}`,
    );
  for (const { name, kind, direction, sql } of steps) {
    print(`\n-- ${name} (${kind}, ${direction})`);
    for (const statement of sql) print(`${statement.trim()};`);
  }
  return undefined;
}

/** Prints the results of the sample, and an estimate for the fleet. */
export function printTrial(tried: readonly TriedTenant[], plan: MigrationPlan, concurrency: number): void {
  for (const { slug, shopId, steps, error } of tried) {
    print(`\ntried    ${slug ?? 'spare tenant'} (${shopId}) and rolled back`);
    for (const { name, ms, locks } of steps) {
      print(
        `  ${name}: ${ms === null ? 'not tried: this step, or one before it, runs outside a transaction' : `${ms.toFixed(1)} ms`}`,
      );
      for (const { table, mode } of locks) print(`    ${table}: ${mode}`);
    }
    if (error !== null) print(`  failed: ${error.sqlState ?? 'no SQLSTATE'} ${error.message}`);
  }
  if (tried.every(({ steps }) => steps.every(({ ms }) => ms === null)))
    return print('\nNothing could be tried, so there is no estimate.');
  const tenants = plan.groups.reduce((sum, group) => sum + group.tenants, 0);
  const times = tried
    .map(({ steps }) => steps.reduce((sum, { ms }) => sum + (ms ?? 0), 0))
    .sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const seconds = (tenants * median) / concurrency / 1000;
  print(
    `\nEstimate: ${tenants} shop(s) at ${median.toFixed(1)} ms over ${concurrency} connections, ${seconds.toFixed(1)} s; steps that were not tried take additional time.`,
  );
  return undefined;
}
