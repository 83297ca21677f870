/**
 * Counts of values by size. To observe a value costs some nanoseconds and no memory, so it is done in every request, whether
 * anybody reads it or not.
 */
export class Histogram {
  /** Values up to each bound and above the one before; the last are those above all bounds. */
  readonly counts: number[];
  sum = 0;

  /** @param bounds upper bounds, in rising order */
  constructor(readonly bounds: readonly number[]) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++; // few bounds, and most values are small
    counts[i]!++;
    this.sum += value;
  }
}
