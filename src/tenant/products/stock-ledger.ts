import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids';
import type { StockReason } from './stock-change.entity';

/** Cause of a change of stock. */
export interface StockOrigin {
  reason: StockReason;
  /** Member who changes it. */
  createdBy: string;
  note?: string | null;
  orderId?: string;
  importId?: string;
}

/** Stock of one variant as it was and as it is stored now. */
export interface StockChanged {
  variantId: string;
  before: number;
  after: number;
}

/**
 * Adds to the ledger what a transaction has changed of the stock. Call it in that transaction, with variants that it has locked:
 * otherwise the ledger no longer adds up to the stock. Unchanged stock is left out.
 */
export async function recordStock(
  manager: EntityManager,
  stocks: readonly StockChanged[],
  { reason, createdBy, note = null, orderId, importId }: StockOrigin,
): Promise<void> {
  const changed = stocks.filter(({ before, after }) => before !== after);
  if (changed.length === 0) return;
  await manager.query(
    `INSERT INTO stock_changes (id, variant_id, change, reason, note, order_id, import_id, created_by)
     SELECT id, variant_id, change, $4, $5, $6, $7, $8
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS c (id, variant_id, change)`,
    [
      changed.map(() => newId()),
      changed.map(({ variantId }) => variantId),
      changed.map(({ before, after }) => after - before),
      reason,
      note,
      orderId ?? null,
      importId ?? null,
      createdBy,
    ],
  );
}
