import type { MigrationPlan, TriedTenant } from '../operations/migrator/preview';
import type { RunSummary } from '../operations/migrator/run-options';
import type { UnfinishedTenant } from '../tenancy/tenant-registry';
import { print } from './command-context';

const SHELL_SAFE = /^[\w@%+=:,./-]+$/;

/** What a run prints last: who was left behind and why, what became of it, how to go on. */
export function printSummary(summary: RunSummary, seconds: number): void {
  for (const tenant of summary.failed) print(line('failed', tenant));
  for (const tenant of summary.deferred) print(line('busy', tenant));
  const { total, migrated, failed, outcome, reason } = summary;
  if (total === 0 && outcome === 'done') return print(`nothing to do: no shop is behind ${summary.target}`);
  print(
    `${total} shop(s) to migrate to ${summary.target}: ${migrated} migrated, ${failed.length} failed, ` +
      `${summary.deferred.length} busy, ${seconds.toFixed(1)} s`,
  );
  if (outcome === 'stopped') print(`Stopped: ${reason ?? 'no reason given'}.`);
  if (outcome === 'interrupted') print('Interrupted.');
  if (outcome === 'interrupted') print(`To go on: ${again()}`);
  else if (outcome !== 'done') print(`To go on once that is mended: ${again()}`);
  return undefined;
}

/** A tenant that was left behind, on one line. */
export function line(what: string, { shopId, slug, sqlState, message }: UnfinishedTenant): string {
  const hint = sqlState === 'ST003' ? `; npm run migrate:verify -- --only ${slug ?? shopId} says how` : '';
  return `${what.padEnd(8)} ${slug ?? 'spare tenant'} (${shopId}): ${sqlState ?? 'no SQLSTATE'} ${oneLine(message)}${hint}`;
}

/** PostgreSQL's messages quote what shops have written, which must not draw on the terminal of an operator. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** The command that was given; whatever is done already will not be done again. */
function again(): string {
  const words = process.argv.slice(3).map((word) => (SHELL_SAFE.test(word) ? word : `'${word}'`));
  return ['npm run migrate:tenants', ...(words.length > 0 ? ['--', ...words] : [])].join(' ');
}

export function printPlan({ target, groups, steps }: MigrationPlan): void {
  if (groups.length === 0) return print(`nothing to do: no shop is behind ${target}`);
  for (const group of groups)
    print(
      `${group.tenants} shop(s) at ${group.version}: ${group.steps?.join(', ') ?? 'their history is read first'}`,
    );
  for (const { name, kind, direction, sql } of steps) {
    print(`\n-- ${name} (${kind}, ${direction})`);
    for (const statement of sql) print(`${statement.trim()};`);
  }
  return undefined;
}

/** What was seen in the sample, and what it would mean for all. */
export function printTrial(tried: readonly TriedTenant[], plan: MigrationPlan, concurrency: number): void {
  for (const { slug, shopId, steps, error } of tried) {
    print(`\ntried    ${slug ?? 'spare tenant'} (${shopId}), and rolled back`);
    for (const { name, ms, locks } of steps) {
      print(
        `  ${name}: ${ms === null ? 'not tried: it, or one before it, runs outside of a transaction' : `${ms.toFixed(1)} ms`}`,
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
    `\nEstimate: ${tenants} shop(s) at ${median.toFixed(1)} ms over ${concurrency} connections, ${seconds.toFixed(1)} s; steps that were not tried come on top.`,
  );
  return undefined;
}
