import type { EntityManager } from 'typeorm';
import { newId } from '../../../common/ids';
import type { Author } from '../../../tenancy/tenant';
import { recordCreated } from '../../changes/record-changes';
import { Customer } from '../../customers/customer.entity';
import type { HistoryLine } from './history-line';
import type { HistoryPlan, ReadyOrder } from './history-plan';
import { makeProducts, type SoldProduct } from './history-products';
import { insertShopifyOrders, settle, ShopifyCustomers } from './shopify-writer';

/** Options of the whole import. */
export interface WriteOptions {
  plan: HistoryPlan;
  currency: string;
  /** IANA name of the time zone of the file. */
  timezone: string;
  userId: string;
  author: Author;
}

export interface Written {
  /** Orders that were not stored earlier. */
  orders: readonly ReadyOrder[];
  customers: number;
  products: number;
}

/** Stores orders that the shop does not have, with their products and customers, whose ids it caches. */
export class HistoryWriter {
  /** Products by stock code. */
  private readonly products = new Map<string, SoldProduct>();
  /** Ids of customers by number. */
  private readonly customers = new Map<string, string>();
  private readonly shopify: ShopifyCustomers;

  constructor(private readonly options: WriteOptions) {
    this.shopify = new ShopifyCustomers(options.author);
  }

  /**
   * Locks variants first, in order of id, then customers with an address, then the counter, as a sale does: otherwise the
   * two would deadlock.
   * While the counter is locked, no other order of the shop gets a number, so two imports of one file alternate, and
   * each finds what the other has stored. Statements that do not need each other's results are sent together; the
   * server runs them in this order, each with its own snapshot.
   */
  async write(manager: EntityManager, batch: readonly ReadyOrder[]): Promise<Written> {
    if (batch.length === 0) return { orders: [], customers: 0, products: 0 };
    const skus = skusOf(batch);
    const isShopify = batch[0]!.order.heads !== null; // not empty
    await this.findProducts(manager, skus);
    const variants = skus.flatMap((sku) => this.products.get(sku) ?? []);
    const [, found] = await Promise.all([
      lockVariants(manager, variants),
      isShopify ? this.shopify.find(manager, batch) : 0,
    ]);
    const [, stored] = await Promise.all([
      manager.query(`SELECT value FROM counters WHERE name = 'orders' FOR UPDATE`),
      storedNumbers(
        manager,
        batch.map(({ invoice }) => invoice),
      ),
    ]);
    const orders = batch.filter(({ invoice }) => !stored.has(invoice));
    if (orders.length === 0) return { orders, customers: found, products: 0 };
    const products = await this.makeProducts(manager, orders);
    const ids = orders.map(newId);
    if (isShopify) {
      const { timezone, userId } = this.options;
      const { ids: customerIds, made } = await this.shopify.idsOf(manager, orders);
      await Promise.all([
        insertShopifyOrders(manager, orders.map(settle), { ids, customerIds, timezone, userId }),
        this.insertLines(manager, orders, ids),
      ]);
      return { orders, customers: found + made, products };
    }
    const customers = await this.makeCustomers(manager, orders);
    await Promise.all([
      this.insertOrders(manager, orders, ids),
      this.insertLines(manager, orders, ids),
      insertPayments(manager, ids),
    ]);
    return { orders, customers, products };
  }

  /** Ignores case, because the spelling in files varies. Prefers the variant in upper case, then the oldest. */
  private async findProducts(manager: EntityManager, skus: readonly string[]): Promise<void> {
    const missing = skus.filter((sku) => !this.products.has(sku));
    if (missing.length === 0) return;
    const rows = await manager.query<{ sku: string; variantId: string; productId: string }[]>(
      `SELECT CASE WHEN sku = ANY ($1) THEN sku ELSE upper(btrim(sku)) END AS sku, id AS "variantId",
         product_id AS "productId"
       FROM product_variants WHERE sku = ANY ($1) OR upper(btrim(sku)) = ANY ($1)
       ORDER BY sku = ANY ($1), id DESC`,
      [missing],
    );
    for (const { sku, ...product } of rows) this.products.set(sku, product);
  }

  private async makeProducts(manager: EntityManager, orders: readonly ReadyOrder[]): Promise<number> {
    const skus = skusOf(orders);
    await this.findProducts(manager, skus); // another import may have created some before it released the counter
    const missing = skus.filter((sku) => !this.products.has(sku));
    const { plan, author } = this.options;
    const made = await makeProducts(
      manager,
      missing.map((sku) => ({ sku, ...plan.product(sku) })),
      author,
    );
    for (const [sku, product] of made) this.products.set(sku, product);
    return made.size;
  }

  private async makeCustomers(manager: EntityManager, orders: readonly ReadyOrder[]): Promise<number> {
    const numbers = new Set(orders.flatMap(({ order }) => order.customer ?? []));
    const missing = [...numbers].filter((number) => !this.customers.has(number));
    if (missing.length === 0) return 0;
    const made = await manager.query<{ id: string }[]>(
      `INSERT INTO customers (id, external_number, country)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
       ON CONFLICT (external_number) DO NOTHING RETURNING id`,
      [missing.map(newId), missing, missing.map((number) => this.options.plan.countries.get(number) ?? null)],
    );
    await recordCreated(manager, Customer, made, this.options.author);
    const rows = await manager.query<{ id: string; number: string }[]>(
      `SELECT id, external_number AS number FROM customers WHERE external_number = ANY ($1)`,
      [missing],
    );
    for (const { id, number } of rows) this.customers.set(number, id);
    return made.length;
  }

  /** Takes a range of order numbers at once. */
  private async insertOrders(
    manager: EntityManager,
    orders: readonly ReadyOrder[],
    ids: readonly string[],
  ): Promise<void> {
    const { currency, timezone, userId } = this.options;
    await manager.query(
      `WITH taken AS (
         UPDATE counters SET value = value + $1 WHERE name = 'orders' RETURNING value - $1 AS before)
       INSERT INTO orders (id, number, status, kind, external_number, currency, total_minor, paid_minor,
         customer_id, created_by, placed_at)
       SELECT o.id, before + o.place, 'fulfilled', o.kind, o.external_number, $2, o.total_minor, o.total_minor,
         o.customer_id, $3, o.placed_at AT TIME ZONE $4
       FROM taken, unnest($5::uuid[], $6::text[], $7::text[], $8::bigint[], $9::uuid[], $10::timestamp[])
         WITH ORDINALITY AS o (id, kind, external_number, total_minor, customer_id, placed_at, place)`,
      [
        ...[orders.length, currency, userId, timezone, ids],
        orders.map(({ order }) => order.kind),
        orders.map(({ invoice }) => invoice),
        orders.map(({ order }) => order.totalMinor),
        orders.map(({ order }) => this.customers.get(order.customer ?? '') ?? null),
        orders.map(({ order }) => order.placedAt),
      ],
    );
  }

  private async insertLines(
    manager: EntityManager,
    orders: readonly ReadyOrder[],
    ids: readonly string[],
  ): Promise<void> {
    const lines = orders.flatMap((order) => order.lines);
    const isShopify = orders[0]!.order.heads !== null; // not empty
    const ofShopify = (valueOf: (line: HistoryLine) => number) =>
      isShopify ? plainArray(lines.map(valueOf)) : null; // order lines are fulfilled, without discounts
    const sold = lines.map(({ sku }) => this.products.get(sku)); // found or created above, unless there is no SKU
    await manager.query(
      `INSERT INTO order_lines (order_id, position, variant_id, product_id, sku, name, option_values,
         unit_price_minor, quantity, total_minor, discount_minor, fulfilled, cancelled, took_stock)
       SELECT order_id, position, variant_id, product_id, nullif(sku, ''), name, '{}', unit, quantity, total,
         coalesce(discount, 0), coalesce(fulfilled, quantity), coalesce(cancelled, 0), false
       FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::int[],
         $9::bigint[], $10::bigint[], $11::int[], $12::int[])
         AS l (order_id, position, variant_id, product_id, sku, name, unit, quantity, total, discount, fulfilled, cancelled)`,
      [
        plainArray(orders.flatMap((order, i) => order.lines.map(() => ids[i]))),
        plainArray(orders.flatMap((order) => order.lines.map((_, i) => i + 1))),
        plainArray(sold.map((product) => product?.variantId ?? 'NULL')),
        plainArray(sold.map((product) => product?.productId ?? 'NULL')),
        lines.map(({ spelling }) => spelling),
        lines.map(({ sku, description }) => description || (sku && this.options.plan.product(sku).name)),
        plainArray(lines.map(({ unitMinor }) => unitMinor)),
        plainArray(lines.map(({ quantity }) => quantity)),
        plainArray(lines.map(({ totalMinor }) => totalMinor)),
        ofShopify(({ discountMinor }) => discountMinor),
        ofShopify(({ fulfilled }) => fulfilled),
        ofShopify(({ cancelled }) => cancelled),
      ],
    );
  }
}

/** The payment of an order has its id, which sorts before those of later events. */
async function insertPayments(manager: EntityManager, ids: readonly string[]): Promise<void> {
  await manager.query(
    `INSERT INTO order_events (id, order_id, kind, amount_minor, created_by, created_at)
     SELECT id, id, 'payment', paid_minor, created_by, placed_at FROM orders WHERE id = ANY ($1) AND paid_minor > 0`,
    [ids],
  );
}

/** Those of the numbers for which the shop has an order. */
export async function storedNumbers(manager: EntityManager, numbers: string[]): Promise<Set<string>> {
  const rows = await manager.query<{ number: string }[]>(
    `SELECT external_number AS number FROM orders WHERE external_number = ANY ($1)`,
    [numbers],
  );
  return new Set(rows.map(({ number }) => number));
}

async function lockVariants(manager: EntityManager, products: readonly SoldProduct[]): Promise<void> {
  await manager.query(`SELECT FROM product_variants WHERE id = ANY ($1) ORDER BY id FOR KEY SHARE`, [
    products.map(({ variantId }) => variantId),
  ]);
}

function skusOf(batch: readonly ReadyOrder[]): string[] {
  const skus = new Set<string>();
  for (const { lines } of batch) for (const { sku } of lines) if (sku !== '') skus.add(sku);
  return [...skus];
}

/** A PostgreSQL array literal of ids or numbers: the driver would check each element for characters to quote. */
function plainArray(values: readonly (string | number | undefined)[]): string {
  return `{${values.join(',')}}`;
}
