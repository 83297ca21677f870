import type { Constraint, IndexElem, Node } from 'libpg-query';

/** Column of a pool's tables that says whose a row is. It comes first in every key and index. */
export const SHOP_COLUMN = 'shop_id';

/** Thrown for a statement that has no form for a pool. The message says why. */
export class NotDerivable extends Error {}

const SHOP_NAME: Node = { String: { sval: SHOP_COLUMN } };

/** A column of an index, or of the target of ON CONFLICT. */
export const SHOP_ELEMENT: Node = {
  IndexElem: {
    name: SHOP_COLUMN,
    ordering: 'SORTBY_DEFAULT',
    nulls_ordering: 'SORTBY_NULLS_DEFAULT',
  } satisfies IndexElem,
};

/** `shop_id WITH =`, in an exclusion. */
const SAME_SHOP: Node = { List: { items: [SHOP_ELEMENT, { List: { items: [{ String: { sval: '=' } }] } }] } };

const KEYS: readonly Constraint['contype'][] = ['CONSTR_PRIMARY', 'CONSTR_UNIQUE'];
const SETS_COLUMNS = /^[nd]$/; // SET NULL, SET DEFAULT

/** True if the constraint is about several rows, so that its form in a pool differs. */
export function spansRows({ contype }: Constraint): boolean {
  return KEYS.includes(contype) || contype === 'CONSTR_FOREIGN' || contype === 'CONSTR_EXCLUSION';
}

/**
 * The constraint of a table for a pool: keys begin with the shop, and a foreign key finds rows of the same shop only.
 * @param column column that it is written on; a table constraint has none
 * @throws NotDerivable
 */
export function ofShop(constraint: Constraint, column?: string): Constraint {
  if (KEYS.includes(constraint.contype)) return keyOfShop(constraint, column);
  if (constraint.contype === 'CONSTR_FOREIGN') return foreignKeyOfShop(constraint, column);
  if (constraint.contype === 'CONSTR_EXCLUSION')
    return { ...constraint, exclusions: [SAME_SHOP, ...(constraint.exclusions ?? [])] };
  return constraint;
}

function keyOfShop(constraint: Constraint, column?: string): Constraint {
  if (constraint.indexname !== undefined) return constraint; // the index begins with the shop already
  const keys = column === undefined ? (constraint.keys ?? []) : [{ String: { sval: column } }];
  return { ...constraint, keys: [SHOP_NAME, ...keys] };
}

function foreignKeyOfShop(constraint: Constraint, column?: string): Constraint {
  const {
    pk_attrs: found = [],
    fk_matchtype: match,
    fk_upd_action: onUpdate = '',
    fk_del_action: onDelete = '',
  } = constraint;
  const own = column === undefined ? (constraint.fk_attrs ?? []) : [{ String: { sval: column } }];
  if (found.length === 0) throw new NotDerivable('a foreign key must name the columns that it refers to');
  if (match !== undefined && match !== 's')
    throw new NotDerivable('a foreign key with MATCH FULL would demand all columns');
  if (SETS_COLUMNS.test(onUpdate)) throw new NotDerivable('ON UPDATE SET NULL would set the shop too');
  const sets = constraint.fk_del_set_cols ?? own;
  return {
    ...constraint,
    fk_attrs: [SHOP_NAME, ...own],
    pk_attrs: [SHOP_NAME, ...found],
    ...(SETS_COLUMNS.test(onDelete) && { fk_del_set_cols: sets }), // the shop stays
  };
}
