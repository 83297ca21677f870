import { Injectable } from '@nestjs/common';
import { UnreadableCsv } from '../../common/csv-records';
import { FOREIGN_KEY_VIOLATION, isUniqueViolation, sqlState } from '../../common/sqlstate';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { type ImportMode, MAX_LISTED_PROBLEMS } from './import.dto';
import { HistoryBatches } from './order-history/history-batches';
import type { HistoryFile } from './order-history/history-file';
import { noNotes, note, type Notes } from './order-history/history-notes';
import { HistoryPlan, type ReadyOrder } from './order-history/history-plan';
import type { RowFault } from './order-history/history-line';
import { readHistory } from './order-history/history-row';
import { HistoryWriter, storedNumbers, type Written } from './order-history/history-writer';
import type { OrderKind } from '../orders/order.entity';
import { ImportDisturbed, ImportRejected, NotAnOrdersFile } from './transfer.errors';

export interface OrdersImportOptions {
  /** atomic: nothing is stored if any row is bad. skip: orders with a bad row are left out. */
  mode: ImportMode;
  /** ISO 4217; default: that of the shop. */
  currency?: string;
  /** IANA name of the time zone of the file; default: UTC. */
  timezone?: string;
  /** Called after each chunk with the number of rows read in the current pass. */
  onProgress?: (rows: number) => void;
  /** Called for each row that is left out and for each whose price was rounded. */
  onFault?: (fault: RowFault) => void;
}

/** `rows = lines + present + leftOut`. */
export interface OrdersImportReport {
  rows: number;
  /** Stored rows. */
  lines: number;
  /** Rows of orders that were stored earlier. */
  present: number;
  leftOut: number;
  orders: Record<OrderKind, number>;
  customers: number;
  products: number;
  notes: Notes;
  /** Columns of Shopify whose values are not stored. */
  notStored: string[];
}

/** Order numbers in one query. */
const NUMBERS_AT_ONCE = 5000;

/**
 * Imports past orders in two passes over the file: the first checks every row and adds up the orders, the second stores
 * them, several complete orders in each transaction. An interrupted import continues when it is run again: orders whose
 * number is already stored stay unchanged.
 */
@Injectable()
export class OrdersImportService {
  constructor(private readonly tenant: TenantConnection) {}

  /**
   * @throws NotAnOrdersFile; ImportRejected in mode `atomic` when a row has a problem, before anything is stored;
   *   ImportDisturbed when another request creates or removes a product of the file
   */
  async import(file: HistoryFile, options: OrdersImportOptions): Promise<OrdersImportReport> {
    try {
      const notStored = new Set<string>();
      const plan = await this.plan(file, options, notStored);
      await this.markStored(plan);
      return { ...(await this.store(file, plan, options)), notStored: [...notStored] };
    } catch (error) {
      if (error instanceof UnreadableCsv) throw new NotAnOrdersFile({ detail: error.detail, cause: error });
      const code = sqlState(error);
      const isZlib = code?.startsWith('Z_') === true;
      if (isZlib) throw new NotAnOrdersFile({ detail: 'The gzip data is corrupt.', cause: error });
      if (isUniqueViolation(error) || code === FOREIGN_KEY_VIOLATION)
        throw new ImportDisturbed({ cause: error });
      throw error;
    }
  }

  private async plan(
    file: HistoryFile,
    options: OrdersImportOptions,
    notStored: Set<string>,
  ): Promise<HistoryPlan> {
    const plan = new HistoryPlan();
    const errors: RowFault[] = [];
    let rows = 0;
    let bad = 0;
    for await (const piece of readHistory(file.read(), this.currencyOf(options), notStored)) {
      const faults = piece.flatMap((row) => plan.add(row) ?? []);
      rows += piece.length;
      bad += faults.length;
      errors.push(...faults.slice(0, MAX_LISTED_PROBLEMS - errors.length));
      options.onProgress?.(rows);
    }
    if (options.mode === 'atomic' && bad > 0)
      throw new ImportRejected({ detail: `${bad} of ${rows} rows have problems.`, errors });
    return plan;
  }

  /** Marks orders that are already stored, so that the second pass skips them. */
  private async markStored({ orders }: HistoryPlan): Promise<void> {
    const numbers = [...orders.keys()];
    await this.tenant.run(async (manager) => {
      for (let i = 0; i < numbers.length; i += NUMBERS_AT_ONCE)
        for (const number of await storedNumbers(manager, numbers.slice(i, i + NUMBERS_AT_ONCE)))
          orders.get(number)!.isStored = true; // the query returns only numbers of the plan
    });
  }

  /** Reads the next batch while one is written. */
  private async store(
    file: HistoryFile,
    plan: HistoryPlan,
    options: OrdersImportOptions,
  ): Promise<OrdersImportReport> {
    const report = emptyReport();
    const { access, author } = this.tenant;
    const { userId } = access;
    const { timezone = 'UTC', onFault = () => undefined } = options;
    const batches = new HistoryBatches(plan, onFault);
    const writer = new HistoryWriter({ plan, currency: this.currencyOf(options), timezone, userId, author });
    const write = async (batch: readonly ReadyOrder[]): Promise<void> => {
      const written = await this.tenant.transaction((manager) => writer.write(manager, batch));
      account(report, plan, batch, written);
    };
    let writing = Promise.resolve();
    try {
      for await (const batch of this.full(file, batches, options)) {
        await writing;
        writing = write(batch);
        writing.catch(() => undefined); // awaited in the next turn or below
      }
      await writing;
    } finally {
      await writing.catch(() => undefined); // the error that ended the pass is thrown instead
    }
    const { rows, leftOut } = batches;
    return { ...report, rows, leftOut, present: report.present + batches.present };
  }

  private async *full(
    file: HistoryFile,
    batches: HistoryBatches,
    options: OrdersImportOptions,
  ): AsyncGenerator<ReadyOrder[]> {
    for await (const piece of readHistory(file.read(), this.currencyOf(options))) {
      for (const row of piece) {
        const batch = batches.add(row);
        if (batch !== null) yield batch;
      }
      options.onProgress?.(batches.rows);
    }
    yield batches.rest();
  }

  private currencyOf({ currency }: OrdersImportOptions): string {
    return currency ?? this.tenant.access.currency;
  }
}

function account(
  report: OrdersImportReport,
  plan: HistoryPlan,
  batch: readonly ReadyOrder[],
  written: Written,
): void {
  const linesIn = (orders: readonly ReadyOrder[]) => orders.reduce((sum, { lines }) => sum + lines.length, 0);
  report.lines += linesIn(written.orders);
  report.present += linesIn(batch) - linesIn(written.orders);
  report.customers += written.customers;
  report.products += written.products;
  for (const ready of written.orders) {
    report.orders[ready.lines[0]!.kind]++; // an order has a line
    note(report.notes, ready, plan);
  }
}

function emptyReport(): OrdersImportReport {
  return {
    ...{ rows: 0, lines: 0, present: 0, leftOut: 0, customers: 0, products: 0 },
    orders: { sale: 0, return: 0, adjustment: 0 },
    notes: noNotes(),
    notStored: [],
  };
}
