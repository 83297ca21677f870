import type { QueryRunner } from 'typeorm';
import type { MigrationMarks } from '../../../src/database/migration-marks';
import { compileMigration, type Migration } from '../../../src/database/schema-migrations';
import type { RuleName } from '../../../src/operations/lint/rules';

/** Version of the first tenant migration of the product. */
export const FIRST_VERSION = 1795219200000;

/** Version of the first file of a case; each file after it is one higher. */
export const CASE_VERSION = 1900000000000;

export const SUPPLIERS = `CREATE TABLE suppliers (id uuid NOT NULL CONSTRAINT suppliers_pkey PRIMARY KEY, name text NOT NULL)`;

/** One call of `query()`, several, or the method itself. */
type Work = string | readonly string[] | ((runner: QueryRunner) => Promise<void>);

/** A migration file: its marks (docs/migrations.md), `up` and `down`. */
export interface LintFile extends Partial<Omit<MigrationMarks, 'backfill'>> {
  backfill?: { table: string; key: string; rows?: number };
  up: Work;
  down?: Work;
}

/** Cases by name, each of one file or of several files of consecutive versions. */
export type LintCases = Record<string, LintFile | readonly LintFile[]>;

export type LintTables = Partial<Record<RuleName, LintCases>>;

export function migrationsOf(files: LintFile | readonly LintFile[]): Promise<Migration[]> {
  return Promise.all(
    [files].flat().map(({ up, down = [], ...marks }, i) =>
      compileMigration(`${CASE_VERSION + i}-lint-case.ts`, CASE_VERSION + i, {
        ...marks,
        up: methodOf(up),
        down: methodOf(down),
      }),
    ),
  );
}

function methodOf(work: Work): (runner: QueryRunner) => Promise<void> {
  if (typeof work === 'function') return work;
  return async (runner) => {
    for (const sql of [work].flat()) await runner.query(sql);
  };
}
