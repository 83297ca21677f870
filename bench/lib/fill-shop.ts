import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';
import { TenantLocator } from '../../src/tenancy/tenant-locator';

/** The n-th of ids that sort by creation, like UUIDv7; `kind` distinguishes those of different tables. */
const id = (n: string, kind: number) =>
  `(lpad(to_hex(1700000000000 + ${n}), 12, '0') || '7000800${kind}' || lpad(to_hex(${n}), 12, '0'))::uuid`;
const PRODUCT = 0;
const VARIANT = 1;
const ORDER = 2;
const CUSTOMER = 3;

/** Every third product has four variants, the others one. Primes keep the words independent of one another. */
const PRODUCTS = `
  INSERT INTO products (id, handle, name, description, currency, status, vendor, type, tags)
  SELECT ${id('n', PRODUCT)}, 'product-' || n, concat_ws(' ',
      ('{Linen,Wool,Cotton,Silk,Oak,Steel,Glass,Paper,Copper,Leather}'::text[])[1 + n % 10],
      ('{Blue,Red,Green,Black,White,Grey,Ochre}'::text[])[1 + n * 7919 % 7],
      ('{Tee,Shirt,Bowl,Lamp,Table,Chair,Notebook,Kettle,Bag,Belt,Scarf}'::text[])[1 + n * 104729 % 11],
      CASE n % 100 WHEN 0 THEN 'Limited' END, 'No', n),
    repeat('<p>Made to last, by people who know how.</p>', 10), 'EUR',
    CASE n % 20 WHEN 0 THEN 'archived' WHEN 1 THEN 'draft' ELSE 'active' END,
    'Vendor ' || n % 50, 'Type ' || n % 20, '{new,summer}'
  FROM generate_series(1, $1::bigint) n`;

const VARIANTS = `
  INSERT INTO product_variants (id, product_id, position, sku, barcode, option_values, price_minor, stock, grams)
  SELECT ${id('4 * n + position', VARIANT)}, ${id('n', PRODUCT)}, position, 'SKU-' || n || '-' || position,
    (4006380000000 + 4 * n + position)::text, CASE n % 3 WHEN 0 THEN jsonb_build_object('Size', ('{S,M,L,XL}'::text[])[position]) ELSE '{}' END,
    1000 + n % 5000, 1000000, 180
  FROM generate_series(1, $1::bigint) n, generate_series(1, CASE n % 3 WHEN 0 THEN 4 ELSE 1 END) position`;

const LINES_AN_ORDER = 4;
const CUSTOMERS = 5000;

const BUYERS = `
  INSERT INTO customers (id, external_number, email, country)
  SELECT ${id('n', CUSTOMER)}, 10000 + n, 'buyer' || n || '@example.com', 'France' FROM generate_series(0, ${CUSTOMERS - 1}) n`;

const ORDERS = `
  INSERT INTO orders (id, number, status, currency, total_minor, customer_email, customer_id, created_by)
  SELECT ${id('n', ORDER)}, n, CASE WHEN n % 10 < 8 THEN 'fulfilled' ELSE 'paid' END, 'EUR', 8000,
    'buyer' || n % ${CUSTOMERS} || '@example.com', ${id(`n % ${CUSTOMERS}`, CUSTOMER)}, (SELECT user_id FROM members LIMIT 1)
  FROM generate_series(1, $1::bigint / ${LINES_AN_ORDER}) n`;

/** Each line is for another product: its first variant, which every product has. */
const LINES = `
  INSERT INTO order_lines
    (order_id, position, variant_id, product_id, sku, name, option_values, unit_price_minor, quantity, total_minor)
  SELECT ${id('n', ORDER)}, position, ${id('4 * product + 1', VARIANT)}, ${id('product', PRODUCT)},
    'SKU-' || product || '-1', 'Product ' || product, '{}', 1000, 2, 2000
  FROM generate_series(1, $1::bigint / ${LINES_AN_ORDER}) n, generate_series(1, ${LINES_AN_ORDER}) position,
    LATERAL (SELECT 1 + (n * 7919 + position * 104729) % $2::bigint AS product) sold`;

/** Fills an empty shop with one member, as a superuser, and runs ANALYZE. */
export function fillShop(
  installation: Installation,
  shopId: string,
  products: number,
  orderLines: number,
): Promise<void> {
  return withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    const { schema } = new TenantLocator().locate(shopId);
    await client.query(`SET search_path TO ${schema}; SET synchronous_commit = off`);
    await client.query(PRODUCTS, [products]);
    await client.query(VARIANTS, [products]);
    await client.query(BUYERS);
    await client.query(ORDERS, [orderLines]);
    await client.query(LINES, [orderLines, products]);
    await client.query(
      `UPDATE counters SET value = (SELECT coalesce(max(number), 0) FROM orders) WHERE name = 'orders'`,
    );
    await client.query(
      'VACUUM (ANALYZE) products, product_variants, customers, orders, order_lines, counters, members',
    );
  });
}
