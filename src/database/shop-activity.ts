/** Counts of a shop over some time. */
export interface ShopCounts {
  /** Time in which it held a connection, milliseconds. */
  databaseMs: number;
  /** Time in which its transactions waited for one, milliseconds. */
  waitMs: number;
  transactions: number;
  /** Rows that its statements returned or changed. */
  rows: number;
  requests: number;
  /** Requests that were answered with 429 or 5xx, and failed jobs. */
  errors: number;
  jobs: number;
}

export const COUNTED = [
  ...(['databaseMs', 'waitMs', 'transactions', 'rows', 'requests', 'errors', 'jobs'] as const),
];

/** Shops that are counted between two calls of `take`. */
const MOST_SHOPS = 1000;
/** Shops that `take` gives for each of the counts. */
const TAKEN = 40;

/**
 * Counts what each shop does in this process, in bounded memory. A shop that appears when a thousand others have is not counted until
 * the next `take`: a busy one has appeared by then.
 */
export class ShopActivity {
  private shops = new Map<string, ShopCounts>();

  transacted(shopId: string, databaseMs: number, waitMs: number, rows: number): void {
    const counts = this.of(shopId);
    if (counts === undefined) return;
    counts.databaseMs += databaseMs;
    counts.waitMs += waitMs;
    counts.transactions++;
    counts.rows += rows;
  }

  /** A transaction that got no connection. */
  waited(shopId: string, waitMs: number): void {
    const counts = this.of(shopId);
    if (counts !== undefined) counts.waitMs += waitMs;
  }

  answered(shopId: string, isError: boolean): void {
    const counts = this.of(shopId);
    if (counts === undefined) return;
    counts.requests++;
    if (isError) counts.errors++;
  }

  worked(shopId: string, isError: boolean): void {
    const counts = this.of(shopId);
    if (counts === undefined) return;
    counts.jobs++;
    if (isError) counts.errors++;
  }

  /** The busiest shops since the last call, by any of the counts, and begins anew. */
  take(): [shopId: string, counts: ShopCounts][] {
    const all = [...this.shops];
    this.shops = new Map();
    if (all.length <= TAKEN) return all;
    const busiest = COUNTED.flatMap((count) =>
      all.toSorted(([, a], [, b]) => b[count] - a[count]).slice(0, TAKEN),
    );
    return [...new Set(busiest)];
  }

  private of(shopId: string): ShopCounts | undefined {
    let counts = this.shops.get(shopId);
    if (counts === undefined && this.shops.size < MOST_SHOPS) {
      counts = { databaseMs: 0, waitMs: 0, transactions: 0, rows: 0, requests: 0, errors: 0, jobs: 0 };
      this.shops.set(shopId, counts);
    }
    return counts;
  }
}
