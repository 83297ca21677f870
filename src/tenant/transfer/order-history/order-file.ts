import type { CsvCell } from '../../../http/csv-download';
import { formatMinor } from '../../../common/money';
import { HISTORY_COLUMNS } from './history-row';
import type { OrderRow } from '../../orders/orders.dto';

/** An order with what an export says of its customer. */
export type FiledOrder = OrderRow & { buyer: { number: string; country: string | null } | null };

/** Those that `orders:import` reads, in its words; then what an owner needs besides. */
export const ORDER_COLUMNS = [
  ...HISTORY_COLUMNS,
  ...['Number', 'Kind', 'Status', 'Currency', 'Total', 'Options', 'Customer Name', 'Customer Email'],
];

/** The rows of one order, one a line. */
export function orderRows(order: FiledOrder): CsvCell[][] {
  const { number, kind, currency } = order;
  const sign = kind === 'sale' ? 1 : -1;
  return order.lines.map((line) => {
    // Money that was written off has a negative price; what comes back, or was lost, a negative quantity.
    const isMoney = kind === 'adjustment' && line.totalMinor > 0; // of many, the price of one may round to nothing
    return [
      plain(order.externalNumber ?? String(number)),
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
    ];
  });
}

/**
 * A text that a spreadsheet would take for a formula, with an apostrophe in front (OWASP, CSV Injection): what stands in an
 * order may come from a buyer, and the owner opens the file. So is what follows a semicolon, where some begin a cell. Texts
 * alone: a negative number is one.
 */
function plain(text: string | null): string | null {
  return text?.replaceAll(/(?<=^|;)(?=[=+\-@\t\r\n＝＋－＠])/g, "'") ?? null;
}

/** As the import reads it: `2010-12-01 08:26:00`, in UTC. */
function timeOf({ placedAt, createdAt }: FiledOrder): string {
  return (placedAt ?? createdAt).toISOString().slice(0, 19).replace('T', ' ');
}

function optionsOf(optionValues: Record<string, string>): string | null {
  const texts = Object.entries(optionValues).map(([name, value]) => `${name}: ${value}`);
  return texts.length === 0 ? null : texts.join('; ');
}
