import { Conditions } from '../lists/conditions';
import { Sorting, type SortKey } from '../lists/sorting';
import type { ListOrdersQuery, OrderSort } from './list-orders.dto';

/** Must equal the expression of `orders_placed_at_idx`. */
const PLACED_AT = 'coalesce(o.placed_at, o.created_at)';

const NUMBER: SortKey = { sql: 'o.number', type: 'bigint' };
const PLACED: SortKey[] = [{ sql: PLACED_AT, type: 'timestamptz' }, NUMBER];

/** An index serves each. */
export const ORDER_SORTS: Record<OrderSort, Sorting> = {
  '-number': new Sorting('-number', [NUMBER], { isDefault: true }),
  number: new Sorting('number', [NUMBER]),
  '-placedAt': new Sorting('-placedAt', PLACED),
  placedAt: new Sorting('placedAt', PLACED),
};

/** The filters of a query, as conditions on orders `o`. */
export function orderFilters(query: ListOrdersQuery): Conditions {
  return new Conditions()
    .add(query.status, (status) => `o.status = ${status}`)
    .add(query.customerId, (id) => `o.customer_id = ${id}`)
    .addPeriod(PLACED_AT, query.placedFrom, query.placedTo)
    .addPeriod('o.created_at', query.createdFrom, query.createdTo)
    .addPeriod('o.updated_at', query.updatedFrom, query.updatedTo);
}
