import type { Node } from 'libpg-query';
import type { Migration } from '../../database/schema-migrations';
import type { KnownSchema } from './known-schema';
import type { RuleName } from './rules';

export interface LintFinding {
  /** Name of the file without ending. */
  file: string;
  rule: RuleName;
  /** Shortened; empty for what the file says of itself. */
  statement: string;
  detail: string;
  remedy: string;
}

export interface Breach {
  rule: RuleName;
  detail: string;
}

/** Where a statement stands. */
export interface Place {
  migration: Migration;
  /** What the statements before made. */
  schema: KnownSchema;
}

export type Check = (statement: Node, place: Place) => Iterable<Breach>;
