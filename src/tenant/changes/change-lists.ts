/** Recorded changes of resource $1 older than $2, newest first, at most $3; with $4 those of one row. */
const ofResource = (isOfRow: boolean) => `
  SELECT c.id, c.created_at AS at, c.resource, c.row_id AS "resourceId", c.kind AS action, c.created_by AS "actorId",
    c.request_id AS "requestId", c.import_id AS "importId", c.fields
  FROM changes c WHERE c.resource = $1 AND c.id < $2 ${isOfRow ? 'AND c.row_id = $4' : ''} ORDER BY c.id DESC LIMIT $3`;

export const CHANGES = ofResource(false);
export const CHANGES_OF_ROW = ofResource(true);

/** The newest entries about orders in one table before $1 and $2. An imported payment has the id of its order: `source` orders the two. */
const newest = (source: number, columns: string, table: string, isIncluded: string) => `
  (SELECT t.id, ${source} AS source, ${columns} FROM ${table} t
   WHERE t.id <= $1 AND (t.id < $1 OR ${source} < $2) AND ${isIncluded} ORDER BY t.id DESC LIMIT $3)`;

const CREATED = `t.id AS order_id, t.created_at AS at, 'created' AS action, NULL AS request_id, NULL::uuid AS import_id,
  CASE WHEN t.external_number IS NULL THEN t.created_by END AS actor_id, NULL::bigint AS amount, NULL::jsonb AS units, '{}'::jsonb AS fields`;
const DONE = `t.order_id, t.created_at, t.kind, NULL, NULL, t.created_by, coalesce(t.amount_minor, 0), t.units, NULL`;
const RECORDED = `t.row_id, t.created_at, t.kind, t.request_id, t.import_id, t.created_by, NULL, NULL, t.fields`;

const unitsIn = (units: string) =>
  `(SELECT coalesce(sum((u ->> 'quantity')::bigint), 0)::bigint FROM jsonb_array_elements(${units}) u)`;
const unitsOfOrder = (column: string) =>
  `(SELECT sum(n.${column})::bigint FROM order_lines n WHERE n.order_id = p.order_id)`;
/** Sum that the later events of the same kind have added. */
const later = (sum: string) => `
  (SELECT coalesce(sum(${sum}), 0)::bigint FROM order_events l
   WHERE l.order_id = p.order_id AND l.kind = p.action AND (l.created_at, l.id) > (p.at, p.id))`;

/** Sums of an order that an event changed, each as it was before and after: from that of now and the later events. */
const SUMS = `
  (SELECT jsonb_object_agg(name, jsonb_build_array(now - change, now)) FROM (
    SELECT CASE p.action WHEN 'payment' THEN 'paidMinor' ELSE 'refundedMinor' END AS name, p.amount AS change,
      CASE p.action WHEN 'payment' THEN o.paid_minor ELSE o.refunded_minor END - ${later('l.amount_minor')} AS now
    WHERE p.amount > 0
    UNION ALL
    SELECT CASE p.action WHEN 'fulfilment' THEN 'fulfilled' WHEN 'cancellation' THEN 'cancelled' ELSE 'returned' END,
      ${unitsIn('p.units')},
      CASE p.action WHEN 'fulfilment' THEN ${unitsOfOrder('fulfilled')} WHEN 'cancellation' THEN ${unitsOfOrder('cancelled')}
        ELSE ${unitsOfOrder('returned')} END - ${later(unitsIn('l.units'))}
    WHERE p.units <> '[]') sums)`;

/**
 * Changes of orders before entry $1 of source $2, newest first, at most $3; with $4 those of one order. Their history is where it
 * was made: creation in `orders`, what was done in `order_events`, the rest in `changes`. Orders with a number of a former system,
 * and what was done to them before they were stored, come from a command that imported them.
 */
const ofOrders = (isOfOrder: boolean) => `
  WITH page AS (
    SELECT * FROM (${newest(0, CREATED, 'orders', isOfOrder ? 't.id = $4' : 'true')}
      UNION ALL ${newest(1, DONE, 'order_events', isOfOrder ? 't.order_id = $4' : 'true')}
      UNION ALL ${newest(2, RECORDED, 'changes', `t.resource = 'orders' ${isOfOrder ? 'AND t.row_id = $4' : ''}`)}) AS entries
    ORDER BY id DESC, source DESC LIMIT $3)
  SELECT p.id, p.source, 'orders' AS resource, p.order_id AS "resourceId", p.at, p.action,
    CASE WHEN p.at >= o.created_at THEN p.actor_id END AS "actorId", p.request_id AS "requestId", p.import_id AS "importId",
    coalesce(p.fields, ${SUMS}, '{}') AS fields
  FROM page p, LATERAL (SELECT created_at, paid_minor, refunded_minor FROM orders WHERE id = p.order_id OFFSET 0) o
  ORDER BY p.id DESC, p.source DESC`;

export const ORDER_CHANGES = ofOrders(false);
export const CHANGES_OF_ORDER = ofOrders(true);
