import { setImmediate as turn } from 'node:timers/promises';

/** Items between two pauses. */
const SLICE = 10;

/** Maps items with work of up to a millisecond each. Other requests have their turn after every ten, however many there are. */
export async function mapInSlices<T, R>(items: readonly T[], map: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    if (results.length > 0 && results.length % SLICE === 0) await turn();
    results.push(map(item));
  }
  return results;
}
