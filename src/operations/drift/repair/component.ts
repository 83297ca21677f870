import { SHOP } from '../catalogue';
import type { Thing } from '../reference';
import type { Drift } from '../drift';

/** What things consist of, as `structureSql` gives it for `parts`. */
export interface Parts {
  table: { unlogged: boolean; rowSecurity: boolean; forced: boolean; unchecked: boolean; options: string[] };
  column: {
    position: number;
    type: string;
    notNull: boolean;
    /** Default, or what it is generated from. */
    expression: string | null;
    /** `s`: stored, `v`: virtual, empty: not generated. */
    generated: '' | 's' | 'v';
    collation: string | null;
  };
  index: {
    definition: string;
    unique: boolean;
    /** Whether a constraint needs it. */
    behind: boolean;
  };
  constraint: {
    definition: string;
    /** `pg_constraint.contype` */
    type: string;
    columns: string[];
    /** Table of the same schema that a foreign key refers to. */
    refersTo: string | null;
  };
}

export interface Part<K extends keyof Parts> {
  tbl: string;
  object: string;
  /** Its own name. */
  name: string;
  parts: Parts[K];
}

/** Things of one kind that the reference has, or that the tenant has, by their names in findings. */
export function partsOf<K extends keyof Parts>(
  drift: Drift,
  side: 'expected' | 'found',
  kind: K,
): Map<string, Part<K>> {
  const things = side === 'found' ? drift.found : (drift.set?.reference.parts ?? []);
  const parts = things.filter((thing) => thing.kind === kind).map((thing) => partOf<K>(drift, thing));
  return new Map(parts.map((part) => [part.object, part]));
}

function partOf<K extends keyof Parts>({ tenant }: Drift, { kind, tbl, object, value }: Thing): Part<K> {
  const isOnTable = kind === 'column' || kind === 'constraint';
  return {
    tbl,
    object,
    name: isOnTable ? object.slice(tbl.length + 1) : object,
    parts: JSON.parse(value.replaceAll(SHOP, tenant.schema)) as Parts[K],
  };
}
