import type { CsvCell } from '../../../http/csv-download';
import { formulaSafe } from '../../../common/formula-safe';
import { formatMinor } from '../../../common/money';
import { HISTORY_COLUMNS } from './history-row';
import { fulfilmentStatus, paymentStatus } from '../../orders/order-state';
import { orderName, type OrderRow } from '../../orders/orders.dto';

/** A row of ORDERS_AFTER: an order with its customer. */
export type FiledOrder = OrderRow & { buyer: { number: string | null; country: string | null } | null };

/** The columns that `orders:import` reads, followed by further ones for people. */
export const ORDER_COLUMNS = [
  ...HISTORY_COLUMNS,
  ...['Number', 'Kind', 'Status', 'Currency', 'Total', 'Options', 'Customer Name', 'Customer Email'],
  ...['Line Discount', 'Fulfilled', 'Cancelled', 'Returned', 'Payment Status', 'Fulfilment Status'],
  ...['Order Subtotal', 'Order Discount', 'Order Shipping', 'Order Tax', 'Order Total', 'Paid', 'Refunded'],
  ...['Tags', 'Note', 'Attributes', 'Customer Details'],
];

/** The rows of an order: one for each line. */
export function orderRows(order: FiledOrder): CsvCell[][] {
  const { number, kind, currency } = order;
  const sign = kind === 'sale' ? 1 : -1;
  const ofOrder = orderCells(order);
  return order.lines.map((line) => {
    // Money written off has a negative price; goods that came back or were lost have a negative quantity.
    const isMoney = kind === 'adjustment' && line.totalMinor > 0; // the unit price may round to 0
    return [
      plain(orderName(order)),
      plain(line.sku),
      plain(line.name),
      isMoney ? line.quantity : sign * line.quantity,
      timeOf(order),
      formatMinor(isMoney ? -line.unitPriceMinor : line.unitPriceMinor, currency),
      plain(order.buyer?.number ?? null),
      plain(order.buyer?.country ?? null),
      ...[number, kind, order.status, currency],
      formatMinor(sign * line.totalMinor, currency),
      plain(optionsOf(line.optionValues)),
      plain(order.customerName),
      plain(order.customerEmail),
      formatMinor(line.discountMinor, currency),
      ...[line.fulfilled, line.cancelled, line.returned],
      ...ofOrder,
    ];
  });
}

/** Cells that are the same in each row of an order. */
function orderCells(order: FiledOrder): CsvCell[] {
  const { subtotalMinor, discountMinor, shippingMinor, taxMinor, totalMinor, paidMinor, refundedMinor } =
    order;
  const amounts = [subtotalMinor ?? totalMinor, discountMinor, shippingMinor, taxMinor, totalMinor];
  return [
    ...[paymentStatus(order), fulfilmentStatus(order)],
    ...[...amounts, paidMinor, refundedMinor].map((amount) => formatMinor(amount, order.currency)),
    ...[plain(order.tags.join(', ') || null), plain(order.note)],
    ...[jsonOf(order.attributes), jsonOf(order.customerDetails)],
  ];
}

function jsonOf(texts: Record<string, string>): string | null {
  return Object.keys(texts).length === 0 ? null : JSON.stringify(texts);
}

function plain(text: string | null): string | null {
  return text === null ? null : formulaSafe(text);
}

/** In UTC and in the format of the import: `2010-12-01 08:26:00`. */
function timeOf({ placedAt, createdAt }: FiledOrder): string {
  return (placedAt ?? createdAt).toISOString().slice(0, 19).replace('T', ' ');
}

function optionsOf(optionValues: Record<string, string>): string | null {
  const texts = Object.entries(optionValues).map(([name, value]) => `${name}: ${value}`);
  return texts.length === 0 ? null : texts.join('; ');
}
