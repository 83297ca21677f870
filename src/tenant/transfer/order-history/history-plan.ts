import type { OrderKind } from '../../orders/order.entity';
import { MAX_IMPORTED_LINES } from '../../orders/orders.dto';
import { type FaultCode, type HistoryLine, type HistoryRow, isFault, type RowFault } from './history-line';

/** Names kept for each product; bounds memory if every row has another description. */
const MAX_NAMES = 20;

/** An order as the first pass over the file finds it. */
export interface PlannedOrder {
  lines: number;
  /** Null if its first row is unreadable. */
  kind: OrderKind | null;
  /** From its first row. */
  placedAt: string;
  customer: string | null;
  country: string | null;
  currency: string;
  /** Rows of Shopify with the data of the order, 0 if the first has none; null in a file of order lines. */
  heads: number | null;
  totalMinor: number;
  /** False if one of its rows is bad: an order is stored completely or not at all. */
  isUsable: boolean;
  /** The shop has the order from an earlier import. */
  isStored: boolean;
}

/** An order of the file with all its lines. */
export interface ReadyOrder {
  invoice: string;
  order: PlannedOrder;
  lines: HistoryLine[];
}

interface PlannedProduct {
  /** Number of uses by description. */
  names: Map<string, number>;
  /** The last price that was charged. */
  priceMinor: number;
  currency: string;
}

/**
 * Facts needed before the first order is written: totals of orders, names of products, countries of customers. Memory
 * grows with the number of orders, products and customers, not of lines.
 */
export class HistoryPlan {
  readonly orders = new Map<string, PlannedOrder>();
  /** Last country by customer. */
  readonly countries = new Map<string, string | null>();
  private readonly products = new Map<string, PlannedProduct>();
  private readonly texts = new Map<string, string>();

  /** @returns the reason if the row cannot be stored, else null */
  add(row: HistoryRow): RowFault | null {
    if (isFault(row)) {
      const order = this.orders.get(row.invoice ?? '');
      if (order !== undefined) order.isUsable = false;
      else if (row.invoice !== null && row.invoice !== '') this.orders.set(row.invoice, unusable());
      return row;
    }
    const order = this.orders.get(row.invoice) ?? this.begin(row);
    order.lines++;
    const isFirst = order.lines === 1;
    if (order.heads !== null && row.head !== null && (isFirst || order.heads > 0)) order.heads++;
    order.totalMinor += row.totalMinor;
    const fault = order.isUsable ? conflictOf(order, row) : null;
    if (fault !== null) order.isUsable = false;
    else this.describe(row);
    return fault;
  }

  /** Name and price for a product that the import creates. */
  product(sku: string): { name: string; priceMinor: number; currency: string } {
    const { names, priceMinor, currency } = this.products.get(sku)!; // each line of the file has described its product
    const [best] = [...names].sort(([, a], [, b]) => b - a);
    return { name: best?.[0] ?? sku, priceMinor, currency };
  }

  private begin(row: HistoryLine): PlannedOrder {
    const { invoice, kind, placedAt, customer, country, currency, head } = row;
    const order: PlannedOrder = {
      lines: 0,
      kind,
      placedAt: ownText(placedAt),
      customer: this.shared(customer),
      country: this.shared(country),
      currency,
      heads: head === undefined ? null : 0,
      totalMinor: 0,
      isUsable: true,
      isStored: false,
    };
    this.orders.set(invoice, order);
    return order;
  }

  /** Rows without a price do not name a product: they are remarks of the stock room, such as "damaged". */
  private describe({ sku, description, unitMinor, kind, customer, country, currency }: HistoryLine): void {
    if (customer !== null) this.countries.set(customer, this.shared(country));
    if (sku === '') return;
    let product = this.products.get(sku);
    if (product === undefined)
      this.products.set(sku, (product = { names: new Map(), priceMinor: 0, currency }));
    if (unitMinor === 0) return;
    if (kind === 'sale') Object.assign(product, { priceMinor: unitMinor, currency });
    const { names } = product;
    const count = names.get(description);
    if (count !== undefined) names.set(description, count + 1);
    else if (description !== '' && names.size < MAX_NAMES) names.set(ownText(description), 1);
  }

  /** One copy of each distinct text. */
  private shared(text: string | null): string | null {
    if (text === null) return null;
    let own = this.texts.get(text);
    if (own === undefined) this.texts.set((own = ownText(text)), own);
    return own;
  }
}

/** Copies a text: in V8 a cell is a slice of its row and would keep the row in memory. */
function ownText(text: string): string {
  return Buffer.from(text).toString();
}

/** Reason why a row cannot belong to its order. The first pass detects it, the second reports it. */
export function conflictOf(order: PlannedOrder, row: HistoryLine): RowFault | null {
  const { line, invoice } = row;
  const fault = (code: FaultCode, message: string): RowFault => ({ line, invoice, code, message });
  if (order.kind === null) return null;
  if (row.kind !== order.kind)
    return fault(
      'KIND_DIFFERS',
      `The row is a ${row.kind}, but the first row of the order is a ${order.kind}.`,
    );
  if (order.heads !== null) {
    const misfit = misfitOfShopify(order, row);
    if (misfit !== null) return fault(...misfit);
  } else if (row.customer !== order.customer)
    return fault('CUSTOMER_DIFFERS', `The first row of the order has customer ${order.customer ?? 'none'}.`);
  if (order.lines > MAX_IMPORTED_LINES)
    return fault('LINES_TOO_MANY', `The order has more than ${MAX_IMPORTED_LINES} lines.`);
  return null;
}

function misfitOfShopify({ heads, currency }: PlannedOrder, row: HistoryLine): [FaultCode, string] | null {
  if (heads === 0)
    return ['ORDER_DATA_MISSING', 'The first row of the order has neither Financial Status nor Total.'];
  if (heads! > 1 && row.head !== null) return ['ORDER_REPEATED', 'The file has the order twice.']; // not null here
  if (row.currency !== currency) return ['CURRENCY_DIFFERS', `The order is in ${currency}.`];
  return null;
}

function unusable(): PlannedOrder {
  return {
    ...{ lines: 0, kind: null, placedAt: '', customer: null, country: null, totalMinor: 0 },
    ...{ currency: '', heads: null },
    ...{ isUsable: false, isStored: false },
  };
}
