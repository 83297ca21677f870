import { quoteIdent } from '../../../database/identifiers';
import type { Drift } from '../drift';

/** Order in which a tenant is mended: what is in the way goes first, what others need comes before them. */
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
  /** Absent where there is nothing to run, and only the comments say what to do. */
  sql?: string;
  /** The findings it is for, or what it belongs to. */
  why: string[];
  /** What to know before it runs. */
  cautions?: string[];
  /** `session`: who runs the script, a superuser or owner of everything. The owner when absent. */
  as?: 'session' | 'admin';
  /** Within a phase, lowest first. */
  order?: number;
}

/** Makes a thing of the tenant's schema into a name for SQL. */
export function qualified({ tenant }: Drift, name: string): string {
  return `${quoteIdent(tenant.schema)}.${quoteIdent(name)}`;
}

/** Relations that the script drops, so that nothing else has to be done about them. */
export function droppedBy({ structure, constructs }: Drift): Set<string> {
  const tables = structure.filter(({ kind, expected }) => kind === 'table' && expected === null);
  const relations = constructs.filter(({ type }) => ['v', 'm', 'f', 'S', 'c'].includes(type));
  return new Set([...tables.map(({ tbl }) => tbl), ...relations.map(({ tbl }) => tbl!)]); // relations have one
}
