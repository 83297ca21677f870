import { SqlError } from 'libpg-query';
import type { Migration } from '../../database/schema-migrations';
import { checkBackfill } from './backfills';
import { checkColumns } from './columns';
import { checkConstraints } from './constraints';
import { checkContract } from './contracts';
import { KnownSchema } from './known-schema';
import type { Breach, Check, LintFinding, Place } from './lint-finding';
import { checkNames } from './names';
import { checkNewerSyntax } from './newer-syntax';
import { checkObjects } from './objects';
import { checkOnline, isConcurrent } from './online';
import { ALLOWABLE, type RuleName, RULES } from './rules';
import { checkSequences } from './sequences';
import { parseStatements, shortened, type Statement } from './statements';
import { checkControl } from './transaction-control';

/** Of `up`. */
const CHECKS: readonly Check[] = [
  checkNames,
  checkObjects,
  checkSequences,
  checkControl,
  checkNewerSyntax,
  checkConstraints,
  checkColumns,
  checkContract,
  checkBackfill,
  checkOnline,
];

/** `down` is for a schema that may lose what `up` brought, so locks and old programs do not matter. */
const DOWN_CHECKS: readonly Check[] = [checkNames, checkControl];

/**
 * What in tenant migrations would break a rule of docs/migration-rules.md. Reads text only; no database is asked.
 * @param migrations all of a folder, oldest first: what a statement may do depends on the files before it
 */
export async function lintMigrations(migrations: readonly Migration[]): Promise<LintFinding[]> {
  const schema = new KnownSchema();
  const findings: LintFinding[] = [];
  for (const [i, migration] of migrations.entries()) {
    const report = (text: string, breaches: Iterable<Breach>) =>
      findings.push(...asFindings(migration.name, text, breaches));
    report('', marksOf(migration, migrations.slice(0, i)));
    const place = { migration, schema };
    for (const sql of migration.statements.up) await lintUp(sql, place, report);
    for (const sql of migration.statements.down)
      for (const { node, text } of await parsed(sql, migration, report))
        report(
          text,
          DOWN_CHECKS.flatMap((check) => [...check(node, place)]),
        );
  }
  return findings;
}

type Report = (text: string, breaches: Iterable<Breach>) => void;

async function lintUp(sql: string, place: Place, report: Report): Promise<void> {
  const { migration, schema } = place;
  const statements = await parsed(sql, migration, report);
  report(shortened(sql), ofQuery(sql, statements, migration));
  for (const { node, text } of statements) {
    report(
      text,
      CHECKS.flatMap((check) => [...check(node, place)]),
    );
    schema.learn(node, migration.version);
  }
}

async function parsed(sql: string, { kind }: Migration, report: Report): Promise<Statement[]> {
  try {
    return await parseStatements(sql, kind === 'backfill');
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    report(shortened(sql), [{ rule: 'unparsable', detail: error.message }]);
    return [];
  }
}

function* marksOf({ kind, marks, statements }: Migration, earlier: readonly Migration[]): Generator<Breach> {
  for (const rule of Object.keys(marks.allow))
    if (!ALLOWABLE.includes(rule as RuleName)) yield { rule: 'allow-unknown', detail: `allow names ${rule}` };
  const since = marks.contract?.since;
  if (since !== undefined && !earlier.some(({ version }) => version === since))
    yield { rule: 'contract-since', detail: `no earlier file has the version ${since}` };
  if (kind === 'backfill' && statements.up.length !== 1)
    yield { rule: 'backfill-shape', detail: `${statements.up.length} calls of query()` };
}

/**
 * A new schema receives an online file as one text in one transaction. The loader takes CONCURRENTLY from it where
 * it stands behind the first words, so not behind a comment.
 */
function* ofQuery(sql: string, statements: readonly Statement[], { kind, up }: Migration): Generator<Breach> {
  if (kind === 'backfill' && statements.length !== 1)
    yield { rule: 'backfill-shape', detail: `${statements.length} statements in one query()` };
  if (kind !== 'online') return;
  if (statements.length > 1)
    yield {
      rule: 'online-mix',
      detail: 'several statements in one query(): PostgreSQL makes a transaction of them',
    };
  if (statements.some(({ node }) => isConcurrent(node)) && up.includes(sql))
    yield { rule: 'online-mix', detail: 'CREATE, DROP or REINDEX … CONCURRENTLY must be the first words' };
}

function asFindings(file: string, statement: string, breaches: Iterable<Breach>): LintFinding[] {
  const distinct = new Map([...breaches].map((breach) => [`${breach.rule} ${breach.detail}`, breach]));
  return [...distinct.values()].map((breach) => ({
    file,
    statement,
    ...breach,
    remedy: RULES[breach.rule].remedy,
  }));
}
