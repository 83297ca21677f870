import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import type { StockReason } from '../products/stock-change.entity';
import { OrderEvent, type OrderEventKind } from './order-event.entity';
import { statusAfter } from './order-state';
import type { TakenUnits } from './order-units';
import { Order } from './order.entity';
import type { OrderRow } from './orders.dto';
import { giveStockBack } from './stock';

/** Something that is done to an order. */
export interface OrderChange {
  kind: OrderEventKind;
  /** Amount of a payment or refund. */
  amountMinor?: number;
  /** Units that are fulfilled, cancelled or taken back. */
  units?: readonly TakenUnits[];
  /** If false, units that are cancelled or taken back do not go into stock. */
  restock?: boolean;
  note?: string | undefined;
}

/** The count of a line that each kind raises, and the reason of the stock that comes back. */
const UNITS: Partial<
  Record<OrderEventKind, { column: 'fulfilled' | 'cancelled' | 'returned'; stock?: StockReason }>
> = {
  fulfilment: { column: 'fulfilled' },
  cancellation: { column: 'cancelled', stock: 'cancel' },
  refund: { column: 'returned', stock: 'return' },
};

/**
 * Changes an order and records it. The stock comes first: the removal of a product locks its variants and then their
 * lines too.
 * @param order locked, as read under that lock
 */
export async function changeOrder(
  manager: EntityManager,
  order: OrderRow,
  change: OrderChange,
  createdBy: string,
): Promise<void> {
  const { kind, amountMinor = 0, units = [], restock = true, note = null } = change;
  const { column, stock } = UNITS[kind] ?? {};
  const { id: orderId } = order;
  const goesBack = units.map(({ line, quantity }) => ({ ...line, quantity })).filter((it) => it.tookStock);
  if (stock !== undefined && restock)
    await giveStockBack(manager, goesBack, { reason: stock, createdBy, orderId });
  if (column !== undefined && units.length > 0)
    await manager.query(
      `UPDATE order_lines l SET ${column} = l.${column} + u.quantity
       FROM unnest($2::int[], $3::int[]) AS u (position, quantity)
       WHERE l.order_id = $1 AND l.position = u.position`,
      [orderId, units.map(({ line }) => line.position), units.map(({ quantity }) => quantity)],
    );
  const taken = new Map(units.map(({ line, quantity }) => [line, quantity]));
  const amounts = {
    paidMinor: order.paidMinor + (kind === 'payment' ? amountMinor : 0),
    refundedMinor: order.refundedMinor + (kind === 'refund' ? amountMinor : 0),
  };
  const lines =
    column === undefined
      ? order.lines
      : order.lines.map((line) => ({ ...line, [column]: line[column] + (taken.get(line) ?? 0) }));
  const status = statusAfter({ ...order, ...amounts, lines }, kind === 'payment');
  await manager.update(Order, { id: orderId }, { ...amounts, status });
  await manager.insert(OrderEvent, {
    ...{ id: newId(), orderId, kind, note, createdBy },
    createdAt: () => 'clock_timestamp()', // under the lock: now() is the start of a transaction that may have waited
    amountMinor: amountMinor > 0 ? amountMinor : null,
    units: units.map(({ line: { position }, quantity }) => ({ position, quantity })),
    restock: stock !== undefined && goesBack.length > 0 ? restock : null,
  });
}
