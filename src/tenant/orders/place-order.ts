import { CHANGE_STOCK, type SoldVariant } from './stock';

/**
 * Takes stock, numbers an order and stores it with its lines, in one statement: the counter, which keeps other orders
 * of the shop waiting until COMMIT, is taken as late as can be. Its row lock makes numbers gapless; a rolled back
 * order gives its number back. `$1` and `$2` are those of CHANGE_STOCK, and `$1` the variants of the lines.
 */
const PLACE_ORDER = `
  WITH taken AS (${CHANGE_STOCK}),
  counted AS (UPDATE counters SET value = value + 1 WHERE name = 'orders' RETURNING value),
  placed AS (
    INSERT INTO orders (id, number, status, currency, total_minor, customer_email, customer_name, created_by)
    SELECT $3, value, 'pending', $4, $5, $6, $7, $8 FROM counted)
  INSERT INTO order_lines (order_id, variant_id, position, product_id, sku, name, option_values, unit_price_minor,
    quantity, total_minor)
  SELECT $3, * FROM unnest($1::uuid[], $9::int[], $10::uuid[], $11::text[], $12::text[], $13::jsonb[], $14::bigint[],
    $15::int[], $16::bigint[])`;

export interface NewOrder {
  id: string;
  currency: string;
  totalMinor: number;
  customerEmail: string | null;
  customerName: string | null;
  createdBy: string;
}

/** The statement and its parameters. @param sold locked, and in order of position */
export function placeOrder(
  { id, currency, totalMinor, customerEmail, customerName, createdBy }: NewOrder,
  sold: readonly SoldVariant[],
): [sql: string, parameters: unknown[]] {
  const each = <T>(of: (item: SoldVariant, index: number) => T) => sold.map(of);
  return [
    PLACE_ORDER,
    [
      each(({ variant }) => variant.id),
      each(({ quantity }) => -quantity),
      ...[id, currency, totalMinor, customerEmail, customerName, createdBy],
      each((_, index) => index + 1),
      each(({ variant }) => variant.productId),
      each(({ variant }) => variant.sku),
      each(({ variant }) => variant.name),
      each(({ variant }) => JSON.stringify(variant.optionValues)),
      each(({ variant }) => variant.priceMinor),
      each(({ quantity }) => quantity),
      each(({ variant, quantity }) => variant.priceMinor * quantity),
    ],
  ];
}
