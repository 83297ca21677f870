import type { RowCheck } from '../../operations/drift/row-checks';

/** For doctor: the changes in the ledger of a variant add up to its stock. */
export const STOCK_LEDGER: RowCheck = {
  check: 'stock-ledger',
  since: 1796000002000,
  reads: { product_variants: ['id', 'stock'], stock_changes: ['variant_id', 'change'] },
  sql: (schema) => `
    SELECT 'variant ' || v.id AS object,
      'the stock is ' || v.stock || ', and its changes add up to ' || coalesce(c.sum, 0) AS detail
    FROM ${schema}.product_variants v
    LEFT JOIN (SELECT variant_id, sum(change) AS sum FROM ${schema}.stock_changes GROUP BY variant_id) c
      ON c.variant_id = v.id
    WHERE v.stock <> coalesce(c.sum, 0)`,
};
