import { UnreadableCsv } from '../../../common/csv-records';
import { conflictOf, type HistoryPlan, type PlannedOrder, type ReadyOrder } from './history-plan';
import { type HistoryLine, type HistoryRow, isFault, type RowFault } from './history-line';

/** Lines in one transaction, some 100 ms: meanwhile the shop's other orders wait for a number. */
const BATCH_LINES = 5000;
/** Orders in one transaction, for files whose orders have few lines. */
const BATCH_ORDERS = 1000;
/** Maximum of lines that wait for the rest of their order; bounds memory. */
const MAX_WAITING = 50_000;

/** Groups the rows of the second pass into complete orders, and counts rows that are not stored. */
export class HistoryBatches {
  rows = 0;
  /** Rows of orders that were stored earlier. */
  present = 0;
  leftOut = 0;
  private readonly waiting = new Map<string, HistoryLine[]>();
  private waitingLines = 0;
  private ready: ReadyOrder[] = [];
  private readyLines = 0;

  /** @param onFault receives each row that is left out and each whose price was rounded */
  constructor(
    private readonly plan: HistoryPlan,
    private readonly onFault: (fault: RowFault) => void,
  ) {}

  /**
   * @returns a batch when the row completes one
   * @throws UnreadableCsv when the rows of an order are too far apart
   */
  add(row: HistoryRow): ReadyOrder[] | null {
    this.rows++;
    if (isFault(row)) return this.leaveOut(row);
    const order = this.plan.orders.get(row.invoice);
    if (order === undefined) throw changed(row.line);
    if (order.isStored) {
      this.present++;
      return null;
    }
    if (!order.isUsable) return this.leaveOut(conflictOf(order, row) ?? spoiled(row));
    if (row.isRounded) this.onFault(rounded(row));
    return this.gather(row, order);
  }

  /** The last batch. @throws UnreadableCsv when an order lacks rows that the first pass counted */
  rest(): ReadyOrder[] {
    if (this.waitingLines > 0) throw changed();
    return this.take();
  }

  private leaveOut(fault: RowFault): null {
    this.leftOut++;
    this.onFault(fault);
    return null;
  }

  private gather(row: HistoryLine, order: PlannedOrder): ReadyOrder[] | null {
    const lines = this.waiting.get(row.invoice) ?? [];
    lines.push(row);
    this.waiting.set(row.invoice, lines);
    if (++this.waitingLines > MAX_WAITING)
      throw new UnreadableCsv('The rows of an order are too far apart; sort the file by Invoice.', row.line);
    if (lines.length < order.lines) return null;
    this.waiting.delete(row.invoice);
    this.waitingLines -= lines.length;
    this.readyLines += lines.length;
    this.ready.push({ invoice: row.invoice, order, lines });
    const isFull = this.readyLines >= BATCH_LINES || this.ready.length >= BATCH_ORDERS;
    return isFull ? this.take() : null;
  }

  private take(): ReadyOrder[] {
    const batch = this.ready;
    this.ready = [];
    this.readyLines = 0;
    return batch;
  }
}

function changed(line: number | null = null): UnreadableCsv {
  return new UnreadableCsv('The file changed during the import.', line);
}

function spoiled({ line, invoice }: HistoryLine): RowFault {
  return { line, invoice, code: 'ORDER_UNUSABLE', message: 'Another row of the order has a problem.' };
}

function rounded({ line, invoice, unitMinor }: HistoryLine): RowFault {
  const message = `The price has more digits than the currency; ${unitMinor} in minor units is stored.`;
  return { line, invoice, code: 'PRICE_ROUNDED', message };
}
