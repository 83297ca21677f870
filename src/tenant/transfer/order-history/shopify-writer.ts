import type { EntityManager } from 'typeorm';
import { newId } from '../../../common/ids';
import type { Author } from '../../../tenancy/tenant';
import { recordCreated } from '../../changes/record-changes';
import { Customer } from '../../customers/customer.entity';
import type { OrderEventKind } from '../../orders/order-event.entity';
import { statusAfter } from '../../orders/order-state';
import type { OrderStatus } from '../../orders/order.entity';
import type { HistoryLine, OrderHead } from './history-line';
import type { ReadyOrder } from './history-plan';
import { momentSql } from './moments';

/** An order of Shopify with the state that follows from its file. */
interface SettledOrder {
  invoice: string;
  head: OrderHead;
  lines: HistoryLine[];
  status: OrderStatus;
}

/** Customers of orders of Shopify: one for each e-mail address, and one for each order with a name alone. */
export class ShopifyCustomers {
  private readonly byEmail = new Map<string, string>();

  constructor(private readonly author: Author) {}

  /**
   * Finds or creates those with an address. Call it between the locks of variants and counter, as a sale does. Addresses are sorted, so that two imports cannot deadlock.
   * @returns how many were created
   */
  async find(manager: EntityManager, orders: readonly ReadyOrder[]): Promise<number> {
    const heads = orders.map(({ lines }) => headOf(lines));
    const missing = new Map<string, OrderHead>();
    for (const head of heads.toReversed())
      if (head.email !== null && !this.byEmail.has(head.email)) missing.set(head.email, head);
    if (missing.size === 0) return 0;
    const emails = [...missing.keys()].toSorted();
    const made = await manager.query<{ id: string }[]>(
      `INSERT INTO customers (id, email, name, country)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
       ON CONFLICT (lower(email)) DO NOTHING RETURNING id`,
      [
        ...[emails.map(newId), emails],
        emails.map((email) => missing.get(email)!.name), // emails are its keys
        emails.map((email) => missing.get(email)!.country),
      ],
    );
    await recordCreated(manager, Customer, made, this.author);
    const rows = await manager.query<{ id: string; email: string }[]>(
      `SELECT id, lower(email) AS email FROM customers WHERE lower(email) = ANY ($1) ORDER BY id FOR KEY SHARE`,
      [emails],
    );
    for (const { id, email } of rows) this.byEmail.set(email, id);
    return made.length;
  }

  /** Ids of the customers of the orders, of whom those without an address are created. */
  async idsOf(
    manager: EntityManager,
    orders: readonly ReadyOrder[],
  ): Promise<{ ids: (string | null)[]; made: number }> {
    const named: { id: string; head: OrderHead }[] = [];
    const ids = orders.map(({ lines }) => {
      const head = headOf(lines);
      if (head.email !== null) return this.byEmail.get(head.email) ?? null;
      if (head.name === null) return null;
      const id = newId();
      named.push({ id, head });
      return id;
    });
    if (named.length === 0) return { ids, made: 0 };
    await manager.query(
      `INSERT INTO customers (id, name, country) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])`,
      [named.map(({ id }) => id), named.map(({ head }) => head.name), named.map(({ head }) => head.country)],
    );
    await recordCreated(manager, Customer, named, this.author);
    return { ids, made: named.length };
  }
}

/** Completes the units of the lines from the data of their order, and derives its status. */
export function settle({ invoice, lines }: ReadyOrder): SettledOrder {
  const head = headOf(lines);
  for (const line of lines) {
    if (head.isFulfilled) line.fulfilled = line.quantity - line.cancelled;
    if (head.cancelledAt !== null) line.cancelled = line.quantity - line.fulfilled;
  }
  const { totalMinor, paidMinor, refundedMinor } = head;
  const state = {
    ...{ totalMinor, paidMinor, refundedMinor },
    status: head.isPaid ? ('paid' as const) : ('pending' as const),
    lines,
  };
  return {
    invoice,
    head,
    lines,
    status: head.cancelledAt === null ? statusAfter(state, false) : 'cancelled',
  };
}

export interface InsertOptions {
  ids: readonly string[];
  customerIds: readonly (string | null)[];
  timezone: string;
  userId: string;
}

/** Stores orders with what was done to them, numbered in a row. Both statements are sent at once. */
export async function insertShopifyOrders(
  manager: EntityManager,
  orders: readonly SettledOrder[],
  { ids, customerIds, timezone, userId }: InsertOptions,
): Promise<void> {
  const rows = orders.map(({ invoice, head, status }, i) => ({
    ...{ id: ids[i], place: i + 1, status, invoice, customer_id: customerIds[i] },
    ...{ currency: head.currency, subtotal: head.subtotalMinor, discount: head.discountMinor },
    ...{ shipping: head.shippingMinor, tax: head.taxMinor, total: head.totalMinor },
    ...{ paid: head.paidMinor, refunded: head.refundedMinor, email: head.email, name: head.name },
    ...{ tags: head.tags, note: head.note, attributes: head.attributes, details: head.details },
    placed_at: head.placedAt,
  }));
  const events = orders.flatMap((order, i) => eventsOf(order, ids[i]!)); // one id an order
  const stored = manager.query(
    `WITH taken AS (
       UPDATE counters SET value = value + $1 WHERE name = 'orders' RETURNING value - $1 AS before)
     INSERT INTO orders (id, number, status, kind, external_number, currency, subtotal_minor, discount_minor,
       shipping_minor, tax_minor, total_minor, paid_minor, refunded_minor, customer_id, customer_email, customer_name,
       tags, note, attributes, customer_details, created_by, placed_at)
     SELECT o.id, before + o.place, o.status, 'sale', o.invoice, o.currency, o.subtotal, o.discount, o.shipping, o.tax,
       o.total, o.paid, o.refunded, o.customer_id, o.email, o.name, o.tags, o.note, o.attributes, o.details, $2,
       ${momentSql('o.placed_at', '$3')}
     FROM taken, jsonb_to_recordset($4::jsonb) AS o (id uuid, place int, status text, invoice text, currency text,
       subtotal bigint, discount bigint, shipping bigint, tax bigint, total bigint, paid bigint, refunded bigint,
       customer_id uuid, email text, name text, tags text[], note text, attributes jsonb, details jsonb, placed_at text)`,
    [orders.length, userId, timezone, JSON.stringify(rows)],
  );
  const recorded = manager.query(
    `INSERT INTO order_events (id, order_id, kind, amount_minor, units, created_by, created_at)
     SELECT id, order_id, kind, amount, units, $1,
            CASE kind WHEN 'refund' THEN max(moment) OVER (PARTITION BY order_id) ELSE moment END
     FROM (SELECT e.*, ${momentSql('e.at', '$2')} AS moment FROM jsonb_to_recordset($3::jsonb)
             AS e (id uuid, order_id uuid, kind text, amount bigint, units jsonb, at text)) AS dated`,
    [userId, timezone, JSON.stringify(events)],
  );
  await Promise.all([stored, recorded]);
}

interface EventRow {
  id: string;
  order_id: string;
  kind: OrderEventKind;
  amount: number | null;
  units: { position: number; quantity: number }[];
  at: string;
}

/** The file dates no refund: it gets the last of the other times. The payment has the id of the order, as elsewhere. */
function eventsOf({ head, lines }: SettledOrder, orderId: string): EventRow[] {
  const { placedAt, paidAt, fulfilledAt, cancelledAt } = head;
  const unitsOf = (count: (line: HistoryLine) => number) =>
    lines
      .map((line, i) => ({ position: i + 1, quantity: count(line) }))
      .filter(({ quantity }) => quantity > 0);
  const fulfilled = unitsOf((line) => line.fulfilled);
  const cancelled = unitsOf((line) => line.cancelled);
  const row = (kind: OrderEventKind, at: string | null, fields: Partial<EventRow>): EventRow => ({
    ...{ id: newId(), order_id: orderId, kind, amount: null, units: [], at: at ?? placedAt },
    ...fields,
  });
  return [
    ...(head.paidMinor > 0 ? [row('payment', paidAt, { id: orderId, amount: head.paidMinor })] : []),
    ...(fulfilled.length > 0 ? [row('fulfilment', fulfilledAt, { units: fulfilled })] : []),
    ...(cancelled.length > 0 ? [row('cancellation', cancelledAt, { units: cancelled })] : []),
    ...(head.refundedMinor > 0 ? [row('refund', null, { amount: head.refundedMinor })] : []),
  ];
}

function headOf(lines: readonly HistoryLine[]): OrderHead {
  return lines.find(({ head }) => head)!.head!; // an order without one is not usable
}
