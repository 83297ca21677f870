import type { OrderKind } from '../../orders/order.entity';
import { MAX_IMPORTED_LINES } from '../../orders/orders.dto';
import { type FaultCode, type HistoryLine, type HistoryRow, isFault, type RowFault } from './history-row';

/** Bounds memory, should every row describe its product in other words. */
const MAX_NAMES = 20;

/** What a first reading of the file says of an order. */
export interface PlannedOrder {
  lines: number;
  /** Null when its first row could not be read. */
  kind: OrderKind | null;
  /** Of its first row. */
  placedAt: string;
  customer: string | null;
  country: string | null;
  totalMinor: number;
  /** An order is stored whole or not at all: one bad row leaves it out. */
  isUsable: boolean;
  /** The shop had it before. */
  isStored: boolean;
}

interface PlannedProduct {
  /** Descriptions and how often each was used. */
  names: Map<string, number>;
  /** The last that was charged. */
  priceMinor: number;
}

/**
 * What must be known before the first order can be written: totals, names of products, countries of customers. It
 * grows with the number of orders, products and customers, not with that of lines.
 */
export class HistoryPlan {
  readonly orders = new Map<string, PlannedOrder>();
  /** Customer → the last country. */
  readonly countries = new Map<string, string | null>();
  private readonly products = new Map<string, PlannedProduct>();
  private readonly texts = new Map<string, string>();

  /** @returns why the row cannot be stored, if it cannot */
  add(row: HistoryRow): RowFault | null {
    if (isFault(row)) {
      const order = this.orders.get(row.invoice ?? '');
      if (order !== undefined) order.isUsable = false;
      else if (row.invoice !== null && row.invoice !== '') this.orders.set(row.invoice, unusable());
      return row;
    }
    const order = this.orders.get(row.invoice) ?? this.begin(row);
    order.lines++;
    order.totalMinor += row.totalMinor;
    const fault = order.isUsable ? conflictOf(order, row) : null;
    if (fault !== null) order.isUsable = false;
    else this.describe(row);
    return fault;
  }

  /** What the shop should call a product, and the price to give it. */
  product(sku: string): { name: string; priceMinor: number } {
    const { names, priceMinor } = this.products.get(sku) ?? {
      names: new Map<string, number>(),
      priceMinor: 0,
    };
    const [best] = [...names].sort(([, a], [, b]) => b - a);
    return { name: best?.[0] ?? sku, priceMinor };
  }

  private begin({ invoice, kind, placedAt, customer, country }: HistoryLine): PlannedOrder {
    const order: PlannedOrder = {
      lines: 0,
      kind,
      placedAt: ownText(placedAt),
      customer: this.shared(customer),
      country: this.shared(country),
      totalMinor: 0,
      isUsable: true,
      isStored: false,
    };
    this.orders.set(invoice, order);
    return order;
  }

  /** Rows without a price are remarks of the stock room, such as "damaged". */
  private describe({ sku, description, unitMinor, kind, customer, country }: HistoryLine): void {
    if (customer !== null) this.countries.set(customer, this.shared(country));
    let product = this.products.get(sku);
    if (product === undefined) this.products.set(sku, (product = { names: new Map(), priceMinor: 0 }));
    if (unitMinor === 0) return;
    if (kind === 'sale') product.priceMinor = unitMinor;
    const { names } = product;
    const count = names.get(description);
    if (count !== undefined) names.set(description, count + 1);
    else if (description !== '' && names.size < MAX_NAMES) names.set(ownText(description), 1);
  }

  /** One copy for all that have it. */
  private shared(text: string | null): string | null {
    if (text === null) return null;
    let own = this.texts.get(text);
    if (own === undefined) this.texts.set((own = ownText(text)), own);
    return own;
  }
}

/** A cell is a view of its row in V8, and would keep the whole row in memory. */
function ownText(text: string): string {
  return Buffer.from(text).toString();
}

/** Why a row cannot be of its order, found when it is read for the first time and told when for the second. */
export function conflictOf(order: PlannedOrder, row: HistoryLine): RowFault | null {
  const { line, invoice } = row;
  const fault = (code: FaultCode, message: string): RowFault => ({ line, invoice, code, message });
  if (order.kind === null) return null;
  if (row.kind !== order.kind)
    return fault('KIND_DIFFERS', `It is a ${row.kind}, the first row of the order a ${order.kind}.`);
  if (row.customer !== order.customer)
    return fault(
      'CUSTOMER_DIFFERS',
      `The first row of the order is of customer ${order.customer ?? 'none'}.`,
    );
  if (order.lines > MAX_IMPORTED_LINES)
    return fault('LINES_TOO_MANY', `The order has more than ${MAX_IMPORTED_LINES} lines.`);
  return null;
}

function unusable(): PlannedOrder {
  return {
    ...{ lines: 0, kind: null, placedAt: '', customer: null, country: null, totalMinor: 0 },
    ...{ isUsable: false, isStored: false },
  };
}
