import { SqlError } from 'libpg-query';
import type { Migration } from '../../database/schema-migrations';
import { checkBackfill } from './backfills';
import { checkColumns } from './columns';
import { checkConstraints } from './constraints';
import { checkContract } from './contracts';
import { KnownSchema } from './known-schema';
import type { Check, LintContext, LintFinding, Violation } from './lint-finding';
import { checkNames } from './names';
import { checkNewerSyntax } from './newer-syntax';
import { checkObjects } from './objects';
import { checkOnline, isConcurrent } from './online';
import { checkPoolShape } from './pool-shape';
import { ALLOWABLE, type RuleName, RULES } from './rules';
import { checkSequences } from './sequences';
import { parseStatements, shortened, type Statement } from './statements';
import { checkControl } from './transaction-control';

const UP_CHECKS: readonly Check[] = [
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
  checkPoolShape,
];

/** `down` is meant to lose what `up` added, so locks and old programs do not matter. */
const DOWN_CHECKS: readonly Check[] = [checkNames, checkControl];

/**
 * Finds violations of the rules in docs/migration-rules.md. Reads text only, never a database.
 * @param migrations all files of a folder, oldest first: earlier files decide what a statement may do
 */
export async function lintMigrations(migrations: readonly Migration[]): Promise<LintFinding[]> {
  const schema = new KnownSchema();
  const findings: LintFinding[] = [];
  for (const [i, migration] of migrations.entries())
    for await (const [statement, violations] of lintFile({ migration, schema }, migrations.slice(0, i)))
      for (const violation of distinct(violations))
        findings.push({
          file: migration.name,
          statement,
          ...violation,
          remedy: RULES[violation.rule].remedy,
        });
  return findings;
}

type Linted = [statement: string, violations: readonly Violation[]];

async function* lintFile(context: LintContext, earlier: readonly Migration[]): AsyncGenerator<Linted> {
  const { migration, schema } = context;
  yield ['', [...checkMarks(migration, earlier)]];
  for (const sql of migration.statements.up) {
    const { statements, errors } = await parsed(sql, migration);
    yield [shortened(sql), [...errors, ...checkQuery(sql, statements, migration)]];
    for (const { node, text } of statements) {
      yield [text, UP_CHECKS.flatMap((check) => [...check(node, context)])];
      schema.learn(node, migration.version);
    }
  }
  for (const sql of migration.statements.down) {
    const { statements, errors } = await parsed(sql, migration);
    yield [shortened(sql), errors];
    for (const { node, text } of statements)
      yield [text, DOWN_CHECKS.flatMap((check) => [...check(node, context)])];
  }
}

async function parsed(
  sql: string,
  { kind }: Migration,
): Promise<{ statements: Statement[]; errors: Violation[] }> {
  try {
    return { statements: await parseStatements(sql, kind === 'backfill'), errors: [] };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { statements: [], errors: [{ rule: 'unparsable', detail: error.message }] };
  }
}

function* checkMarks(
  { kind, marks, statements }: Migration,
  earlier: readonly Migration[],
): Generator<Violation> {
  for (const rule of Object.keys(marks.allow))
    if (!ALLOWABLE.includes(rule as RuleName)) yield { rule: 'allow-unknown', detail: `allow names ${rule}` };
  const since = marks.contract?.since;
  if (since !== undefined && !earlier.some(({ version }) => version === since))
    yield { rule: 'contract-since', detail: `no earlier file has the version ${since}` };
  if (kind === 'backfill' && statements.up.length !== 1)
    yield { rule: 'backfill-shape', detail: `${statements.up.length} calls of query()` };
}

/**
 * A new schema receives an online file as one text in one transaction. The loader removes CONCURRENTLY for that, but
 * only directly after the first words: not after a comment, for example.
 */
function* checkQuery(
  sql: string,
  statements: readonly Statement[],
  { kind, up }: Migration,
): Generator<Violation> {
  if (kind === 'backfill' && statements.length !== 1)
    yield { rule: 'backfill-shape', detail: `${statements.length} statements in one query()` };
  if (kind !== 'online') return;
  if (statements.length > 1)
    yield {
      rule: 'online-mix',
      detail: 'several statements in one query(): PostgreSQL runs them as one transaction',
    };
  if (statements.some(({ node }) => isConcurrent(node)) && up.includes(sql))
    yield { rule: 'online-mix', detail: 'CREATE, DROP or REINDEX … CONCURRENTLY must be the first words' };
}

function distinct(violations: readonly Violation[]): Iterable<Violation> {
  return new Map(
    violations.map((violation) => [`${violation.rule} ${violation.detail}`, violation]),
  ).values();
}
