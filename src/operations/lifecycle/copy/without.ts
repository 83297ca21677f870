import { OptionInvalid } from '../../../common/common.errors';
import type { TableData, TenantData } from './tenant-data';

/** Names of tables that a copy may lack; the tables that are nothing without them stay empty too. */
export const LEAVABLE = ['customers', 'orders', 'products', 'imports'];

/** Answers to requests, kept for a repetition: of no use in a copy, and full of copied values. */
export const STORED_ANSWERS = 'idempotency_keys';

/** Tables whose rows are incomplete without those of another: the whole goes with its part. */
const PARTS: Record<string, string> = { order_lines: 'orders', product_variants: 'products' };

/** Old values of rows, which would bring back what was left out. */
const HISTORY = 'changes';

/** @throws OptionInvalid for a table that does not exist or that a shop needs */
export function checkLeavable(names: readonly string[]): void {
  for (const name of names)
    if (!LEAVABLE.includes(name))
      throw new OptionInvalid({ detail: `${name} cannot be left out; these can: ${LEAVABLE.join(', ')}.` });
}

/**
 * The same data with some tables empty, and those that refer to them: an order without its customer's row would be refused.
 * @throws OptionInvalid as checkLeavable
 */
export function without(data: TenantData, names: readonly string[]): TenantData {
  checkLeavable(names);
  const left = new Set([STORED_ANSWERS, ...names, ...(names.length > 0 ? [HISTORY] : [])]);
  for (let size = 0; size < left.size;) {
    ({ size } = left);
    for (const { name, refersTo } of data.header.tables)
      if (refersTo.some((other) => left.has(other))) left.add(name);
    for (const [part, whole] of Object.entries(PARTS)) if (left.has(part)) left.add(whole);
  }
  return { ...data, tables: emptied(data.tables, left) };
}

async function* emptied(
  tables: AsyncIterable<TableData>,
  names: ReadonlySet<string>,
): AsyncGenerator<TableData> {
  for await (const table of tables)
    yield names.has(table.name) ? { ...table, rows: skipped(table.rows) } : table;
}

/** Reads rows to their end: the next table comes after them on the same connection. */
async function* skipped(rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const row of rows) if (row.length < 0) yield row;
}
