import { dueMinor, openUnits, type OrderState } from './order-state';
import type { OrderKind } from './order.entity';

/** Tells what is missing for a payment, and what to do first; null if it is possible. */
export function payRefusal(order: OrderState): string | null {
  if (order.status === 'cancelled') return 'The order is cancelled; nothing is due.';
  return order.status !== 'pending' && dueMinor(order) === 0 ? 'Everything is paid; nothing is due.' : null;
}

/** Only paid orders are handed over. */
export function fulfilRefusal(order: OrderState): string | null {
  if (order.lines.every((line) => openUnits(line) === 0)) return 'No unit is left to hand over.';
  if (order.status === 'pending')
    return `The order is not paid. Record the payment first, by pay: ${dueMinor(order)} are due, in minor units.`;
  return order.status === 'paid' ? null : `The order is ${order.status}; nothing is left to hand over.`;
}

export function cancelRefusal({ status }: OrderState): string | null {
  if (status === 'cancelled') return 'The order is cancelled already.';
  return status === 'fulfilled'
    ? 'No unit is left to cancel. Units that were handed over come back by refund, with lines.'
    : null;
}

const UNITS_ALONE = 'To take units back without money, send lines and amountMinor 0.';

/** @param wanted undefined for all that can be refunded; units come back also when no money does */
export function refundRefusal(
  { kind, paidMinor, refundedMinor }: OrderState & { kind: OrderKind },
  wanted: number | undefined,
): string | null {
  if (kind !== 'sale') return `Only a sale can be refunded; this order is of kind ${kind}.`;
  if (wanted === 0 || paidMinor > refundedMinor) return null;
  return paidMinor === 0
    ? `Nothing is paid, so no money can be refunded. ${UNITS_ALONE}`
    : `All that was paid has been refunded. ${UNITS_ALONE}`;
}
