import { type Listing, listingOf } from '../lists/listing';
import { ORDER_SORTS, orderFilters } from './order-filters';
import type { ListOrdersQuery } from './list-orders.dto';
import type { OrderRow } from './orders.dto';

/** Orders `o` with their lines, in one statement, as in product-list.ts. */
const ORDER_COLUMNS = `
  SELECT o.id, o.number, o.number_prefix AS "numberPrefix", o.kind, o.status, o.external_number AS "externalNumber", o.currency, o.total_minor AS "totalMinor",
    o.paid_minor AS "paidMinor", o.refunded_minor AS "refundedMinor",
    o.subtotal_minor AS "subtotalMinor", o.discount_minor AS "discountMinor", o.shipping_minor AS "shippingMinor",
    o.tax_minor AS "taxMinor", o.tags, o.note, o.attributes, o.customer_details AS "customerDetails", o.customer_email AS "customerEmail",
    o.customer_name AS "customerName", o.customer_id AS "customerId",
    o.created_by AS "createdBy", o.placed_at AS "placedAt",
    o.created_at AS "createdAt", o.updated_at AS "updatedAt",
    (SELECT coalesce(json_agg(l), '[]')
     FROM (SELECT l.position, l.product_id AS "productId", l.variant_id AS "variantId", l.sku, l.name,
             l.option_values AS "optionValues", l.unit_price_minor AS "unitPriceMinor", l.quantity,
             l.total_minor AS "totalMinor", l.discount_minor AS "discountMinor", l.fulfilled, l.cancelled, l.returned, l.took_stock AS "tookStock"
           FROM order_lines l WHERE l.order_id = o.id ORDER BY l.position) l) AS lines`;

const ORDERS = `${ORDER_COLUMNS} FROM orders o`;

/** The newest orders numbered below $1, at most $2. */
export const ORDER_LIST = `${ORDERS}
  WHERE o.number < $1 ORDER BY o.number DESC LIMIT $2`;

/** The oldest orders numbered above $1, at most $2, with the customer for an export. A join would read all customers. */
export const ORDERS_AFTER = `
  SELECT o.*,
    (SELECT json_build_object('number', c.external_number, 'country', c.country)
     FROM customers c WHERE c.id = o."customerId") AS buyer
  FROM (${ORDERS} WHERE o.number > $1 ORDER BY o.number LIMIT $2) o
  ORDER BY o.number`;

/** The order with id $1. */
export const ORDER_BY_ID = `${ORDERS} WHERE o.id = $1`;

const FROM = { columns: ORDER_COLUMNS, table: 'orders', alias: 'o' };

/** Orders as a query asks for them. @throws InvalidCursor */
export function orderListOf(query: ListOrdersQuery): Listing<OrderRow> {
  const { limit, cursor, sort = '-number' } = query;
  const filters = orderFilters(query);
  const isPlain = filters.isEmpty && sort === '-number';
  const listing = listingOf<OrderRow>(FROM, filters, ORDER_SORTS[sort], query);
  if (!isPlain) return listing;
  return {
    ...listing,
    page: [ORDER_LIST, [cursor ?? Number.MAX_SAFE_INTEGER, limit + 1]],
    cursorOf: ({ number }) => String(number),
  };
}
