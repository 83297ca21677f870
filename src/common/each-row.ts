/** Rows read at the same time: a product may have 2,000 variants, an order 1,000 lines. */
const BATCH = 25;

/**
 * Yields all rows of a list, reading one batch at a time by the key of the last row; no more than a batch is held. A
 * cursor would save a statement, but a cursor WITH HOLD outlives its transaction and could be read by the next shop, so
 * the engine does not send DECLARE.
 * @param first a key that sorts before all rows
 * @param read returns at most `limit` rows whose key is greater than `after`, in the order of the key
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
