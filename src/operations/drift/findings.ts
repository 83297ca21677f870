import { CHECKS, type CheckName, remedyOf, type Severity } from './checks';
import type { Tenant } from './fleet';

/** A fault as operators and programs get it. */
export interface Finding {
  check: CheckName;
  severity: Severity;
  /** Slug of the shop; its id if no shop has that id; null if it concerns the whole installation. */
  shop: string | null;
  object: string;
  /** The fault, and what was expected. */
  detail: string;
  remedy: string;
}

/** Result of a check. Severity and remedy belong to the check (./checks.ts); the slug is looked up last. */
export interface Observation {
  check: CheckName;
  /** Schema or role of a tenant; null if it concerns the whole installation. */
  schema: string | null;
  object: string;
  detail: string;
}

/** A check that could not run. Not a finding: it says nothing about the database. */
export interface Note {
  check: CheckName;
  detail: string;
}

/** `expected …, found …` */
export function difference(expected: string | null, found: string | null): string {
  return `expected ${expected ?? 'nothing'}, found ${found ?? 'nothing'}`;
}

/** @param order of the findings: the text to sort by */
export function toFindings(
  observations: readonly Observation[],
  tenants: readonly Tenant[],
  order: (finding: Finding) => string,
): Finding[] {
  const slugs = new Map(tenants.map(({ schema, shop }) => [schema, shop]));
  return observations
    .map(({ schema, check, object, detail }) => {
      const shop = schema === null ? null : (slugs.get(schema) ?? idIn(schema));
      return { check, severity: CHECKS[check].severity, shop, object, detail, remedy: remedyOf(check, shop) };
    })
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Id of the tenant whose schema and role have this name. */
export function idIn(schema: string): string {
  return schema.replace(/^shop_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
