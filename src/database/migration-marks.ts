import { z } from 'zod';

/** Optional properties of a migration class (docs/migrations.md). */
const marks = z.object({
  /** `false`: statements that PostgreSQL refuses in a transaction, or that would hold locks too long in one. */
  transaction: z.literal(false).optional(),
  /** `true`: `up` reads data and decides, so it runs in every schema instead of being compiled to SQL. */
  looksAtData: z.literal(true).optional(),
  /** Changes rows in batches, in the order of `key`; `{batch}` in the SQL stands for the condition. */
  backfill: z
    .strictObject({
      table: z.string().regex(/^[a-z_][a-z0-9_]*$/),
      key: z.string().regex(/^[a-z_][a-z0-9_]*$/),
      rows: z.number().int().min(1).max(100_000).default(1000),
    })
    .optional(),
  /** Removes something. Programs whose newest tenant migration is `since` or later no longer use it. */
  contract: z.strictObject({ since: z.number().int().positive() }).optional(),
  /** Linter rules that this file may break, each with the reason. */
  allow: z.record(z.string(), z.string().min(10)).default({}),
});

export type MigrationMarks = z.infer<typeof marks>;

/**
 * `sql`: compiled, one transaction. `code`: runs in each schema, in its transaction. `online`: statement by
 * statement outside of transactions. `backfill`: a transaction for each batch of rows.
 */
export type MigrationKind = 'sql' | 'code' | 'online' | 'backfill';

/** @throws Error naming the file and the mark */
export function readMarks(file: string, migration: object): MigrationMarks {
  const result = marks.safeParse(migration);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`${file}: ${problems.join('; ')}`);
}

/** @throws Error naming the file when two marks exclude each other */
export function kindOf(file: string, { transaction, looksAtData, backfill }: MigrationMarks): MigrationKind {
  const kinds: MigrationKind[] = [];
  if (transaction === false) kinds.push('online');
  if (looksAtData) kinds.push('code');
  if (backfill !== undefined) kinds.push('backfill');
  if (kinds.length > 1) throw new Error(`${file}: transaction, looksAtData and backfill exclude one another`);
  return kinds[0] ?? 'sql';
}
