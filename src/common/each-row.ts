/** Rows in a batch: a product may have 2,048 variants, an order 1,000 lines. */
const BATCH = 25;

/**
 * Yields all rows of a list, reading a batch at a time after the key of the last row; only one batch is held. A cursor
 * would save one statement, but one WITH HOLD outlives its transaction and could be read by the next shop, so the engine
 * does not send DECLARE.
 * @param first key that sorts before all rows
 * @param read returns at most `limit` rows with keys greater than `after`, in the order of the key
 */
export async function* eachRow<R, K>(
  first: K,
  keyOf: (row: R) => K,
  read: (after: K, limit: number) => Promise<R[]>,
): AsyncGenerator<R> {
  for (let after = first; ;) {
    const rows = await read(after, BATCH);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return;
    after = keyOf(last);
  }
}
