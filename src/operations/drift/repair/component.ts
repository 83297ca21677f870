import { SHOP } from '../catalogue';
import type { Drift } from '../drift';
import type { Element } from '../reference';

/** Components of elements, as `structureSql` gives them. */
export interface Components {
  table: { unlogged: boolean; rowSecurity: boolean; forced: boolean; unchecked: boolean; options: string[] };
  column: {
    position: number;
    type: string;
    notNull: boolean;
    /** The default, or the expression of a generated column. */
    expression: string | null;
    /** `s`: stored, `v`: virtual, empty: not generated. */
    generated: '' | 's' | 'v';
    collation: string | null;
  };
  index: { definition: string; unique: boolean; backsConstraint: boolean };
  constraint: {
    definition: string;
    /** `pg_constraint.contype` */
    type: string;
    columns: string[];
    /** Table of the same schema that a foreign key refers to. */
    refersTo: string | null;
  };
}

/** An element by its components. */
export interface Component<K extends keyof Components> {
  tbl: string;
  object: string;
  /** Its own name, without that of the table. */
  name: string;
  components: Components[K];
}

/** Elements of one kind that the reference has, or that differ in the tenant, by their names in findings. */
export function componentsOf<K extends keyof Components>(
  drift: Drift,
  side: 'expected' | 'found',
  kind: K,
): Map<string, Component<K>> {
  const elements = side === 'found' ? drift.found : (drift.reference?.components ?? []);
  const ofKind = elements.filter((element) => element.kind === kind);
  return new Map(ofKind.map((element) => [element.object, componentOf<K>(drift, element)]));
}

function componentOf<K extends keyof Components>({ tenant }: Drift, element: Element): Component<K> {
  const { kind, tbl, object, value } = element;
  const isOnTable = kind === 'column' || kind === 'constraint';
  return {
    tbl,
    object,
    name: isOnTable ? object.slice(tbl.length + 1) : object,
    components: JSON.parse(value.replaceAll(SHOP, tenant.schema)) as Components[K],
  };
}
