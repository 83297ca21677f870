import type { Node } from 'libpg-query';
import type { Migration } from '../../database/schema-migrations';
import type { KnownSchema } from './known-schema';
import type { RuleName } from './rules';

export interface LintFinding {
  /** Name of the file without its extension. */
  file: string;
  rule: RuleName;
  /** Shortened; empty if the finding is about the marks of the file. */
  statement: string;
  detail: string;
  remedy: string;
}

export interface Violation {
  rule: RuleName;
  detail: string;
}

/** Knowledge of a check about a statement in addition to its text. */
export interface LintContext {
  migration: Migration;
  /** The schema as all earlier statements left it. */
  schema: KnownSchema;
}

export type Check = (statement: Node, context: LintContext) => Iterable<Violation>;
