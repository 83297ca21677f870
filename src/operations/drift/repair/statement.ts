import { quoteIdent } from '../../../database/identifiers';
import type { Drift } from '../drift';
import type { Observation } from '../findings';

/** Order of the statements for one tenant: obstacles are removed first, objects precede those that need them. */
export const PHASES = [
  'role',
  'owner',
  'default privileges',
  'detach',
  'drop views',
  'drop constraints',
  'drop indexes',
  'create tables',
  'alter tables',
  'drop columns',
  'drop tables',
  'drop objects',
  'keys',
  'checks',
  'foreign keys',
  'indexes',
  'revoke',
  'grant',
] as const;

export interface Statement {
  phase: (typeof PHASES)[number];
  /** Absent if there is nothing to run, and only the comments say what to do. */
  sql?: string;
  /** The findings that it repairs, or the object that it belongs to. */
  why: string[];
  /** Warnings to read before running it. */
  cautions?: string[];
  /** Role that runs it; the owner if absent. `session`: the login that runs the script, a superuser. */
  as?: 'session' | 'admin';
  /** Within a phase, lowest first. */
  order?: number;
}

/** The reason of a statement that repairs a finding. */
export function reasonOf({ check, object, detail }: Observation): string {
  return `${check} ${object}: ${detail}`;
}

/** Quotes the name of a relation in the tenant's schema. */
export function qualified({ tenant }: Drift, name: string): string {
  return `${quoteIdent(tenant.schema)}.${quoteIdent(name)}`;
}

export function alterTable(drift: Drift, tbl: string): string {
  return `ALTER TABLE ${qualified(drift, tbl)}`;
}

/** Relations that the script drops, which need no other statement. */
export function droppedBy({ structure, constructs }: Drift): Set<string> {
  const tables = structure.filter(({ kind, expected }) => kind === 'table' && expected === null);
  const relations = constructs.filter(({ type }) => ['v', 'm', 'f', 'S', 'c'].includes(type));
  return new Set([...tables.map(({ tbl }) => tbl), ...relations.map(({ tbl }) => tbl!)]); // relations have one
}
