import type { CheckName, Severity } from './checks';

/** One thing that is wrong, as operators and machines get it. */
export interface Finding {
  check: CheckName;
  severity: Severity;
  /** Slug of the shop; its id where no shop has that id; null when it concerns the whole installation. */
  shop: string | null;
  object: string;
  /** What is wrong, and what was expected. */
  detail: string;
  remedy: string;
}

/** What a check sees. Severity and remedy belong to the check (./checks.ts), the shop's slug is looked up last. */
export interface Observation {
  check: CheckName;
  /** Schema or role of a tenant; null when it concerns the whole installation. */
  schema: string | null;
  object: string;
  detail: string;
}

/** What could not be looked at. Not a finding: it says nothing about the database. */
export interface Note {
  check: CheckName;
  detail: string;
}

/** `expected …, found …`, for what differs from its model. */
export function difference(expected: string | null, found: string | null): string {
  return `expected ${expected ?? 'nothing'}, found ${found ?? 'nothing'}`;
}
