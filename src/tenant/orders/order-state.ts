import type { OrderStatus } from './order.entity';

export const PAYMENT_STATUSES = [
  'pending',
  'partially_paid',
  'paid',
  'partially_refunded',
  'refunded',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

export const FULFILMENT_STATUSES = ['unfulfilled', 'partial', 'fulfilled'] as const;
export type FulfilmentStatus = (typeof FULFILMENT_STATUSES)[number];

interface LineState {
  quantity: number;
  totalMinor: number;
  fulfilled: number;
  cancelled: number;
}

/** The fields that decide the states of an order. */
export interface OrderState {
  status: OrderStatus;
  totalMinor: number;
  paidMinor: number;
  refundedMinor: number;
  lines: readonly LineState[];
}

/** Units of a line that are neither fulfilled nor cancelled. */
export function openUnits({ quantity, fulfilled, cancelled }: LineState): number {
  return quantity - fulfilled - cancelled;
}

/** Amount that the buyer still owes: the total less what was cancelled and paid. A refund does not make it due again. */
export function dueMinor(order: OrderState): number {
  return Math.max(0, priceMinor(order) - order.paidMinor);
}

/** Amount that the shop still has of a buyer beyond the price of what was not cancelled. */
export function overpaidMinor(order: OrderState): number {
  return Math.max(0, order.paidMinor - order.refundedMinor - priceMinor(order));
}

/** Price of what was not cancelled. */
function priceMinor({ status, totalMinor, lines }: OrderState): number {
  return status === 'cancelled' ? 0 : totalMinor - lines.reduce((sum, line) => sum + cancelledMinor(line), 0);
}

export function paymentStatus(order: OrderState): PaymentStatus {
  const { status, paidMinor, refundedMinor } = order;
  if (refundedMinor > 0) return refundedMinor < paidMinor ? 'partially_refunded' : 'refunded';
  if (paidMinor > 0) return dueMinor(order) > 0 ? 'partially_paid' : 'paid';
  const isFree = status !== 'pending' && status !== 'cancelled' && dueMinor(order) === 0;
  return isFree ? 'paid' : 'pending';
}

export function fulfilmentStatus({ lines }: OrderState): FulfilmentStatus {
  if (!lines.some(({ fulfilled }) => fulfilled > 0)) return 'unfulfilled';
  return lines.some((line) => openUnits(line) > 0) ? 'partial' : 'fulfilled';
}

/**
 * The overall status after a change.
 * @param isPayment a free order becomes paid by a payment of nothing, and by nothing else
 */
export function statusAfter(order: OrderState, isPayment: boolean): OrderStatus {
  const { status, paidMinor, lines } = order;
  if (lines.every(({ quantity, cancelled }) => quantity === cancelled)) return 'cancelled';
  if (lines.every((line) => openUnits(line) === 0)) return 'fulfilled';
  const isPaid = dueMinor(order) === 0 && (paidMinor > 0 || isPayment);
  return status === 'pending' && isPaid ? 'paid' : status;
}

/** Share of the cancelled units in the total of a line, which is less than price times quantity if it has a discount. */
function cancelledMinor({ quantity, cancelled, totalMinor }: LineState): number {
  return cancelled === quantity ? totalMinor : Math.round((totalMinor / quantity) * cancelled);
}
