import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';
import { actAsOwner } from '../../src/tenancy/provision-sql';
import { TenantLocator } from '../../src/tenancy/tenant-locator';

const CONNECTIONS = 2;
/** Ids of the program begin with the time; these begin with zeros and end in a number. */
const idOf = (kind: string, number: string) =>
  `(lpad(${kind}, 8, '0') || '-0000-7000-8000-' || lpad(${number}::text, 12, '0'))::uuid`;

/** The id of the n-th product's variant, in every shop. */
export function variantId(number: number): string {
  return `00000002-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

/** Gives every shop that number of products with one variant each, and runs ANALYZE. */
export async function fillShops(installation: Installation, products: number): Promise<void> {
  const { url } = adminOf(installation);
  const ids = await shopIds(installation);
  const left = ids.values();
  const work = () =>
    withClient(url, 'bench', async (client) => {
      await client.query('SET synchronous_commit = off');
      for (const id of left) await client.exec(fillSql(installation, id, products));
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

/** Ids of all shops, oldest first. */
export function shopIds(installation: Installation): Promise<string[]> {
  return withClient(adminOf(installation).url, 'bench', async (client) => {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM shops ORDER BY id');
    return rows.map(({ id }) => id);
  });
}

function fillSql({ roles }: Installation, shopId: string, products: number): string {
  const { schema } = new TenantLocator().locate(shopId);
  return `BEGIN; ${actAsOwner(schema, roles.owner)}
    INSERT INTO products (id, handle, name, description, currency, status, vendor, tags)
      SELECT ${idOf("'1'", 'n')}, 'product-' || n, 'Product ' || n, repeat('A plain thing. ', 10), 'EUR', 'active',
        'Bench & Co.', '{bench,plain}'
      FROM generate_series(1, ${products}) n;
    INSERT INTO product_variants (id, product_id, position, sku, price_minor, stock)
      SELECT ${idOf("'2'", 'n')}, ${idOf("'1'", 'n')}, 1, 'SKU-' || n, 100 + n, 1000000000
      FROM generate_series(1, ${products}) n;
    ANALYZE products, product_variants;
    COMMIT`;
}
