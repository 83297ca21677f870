import type { Client } from 'pg';
import { adminOf, type Installation } from '../../src/database/installation';
import { withClient } from '../../src/database/with-client';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import { fillShop } from '../lib/fill-shop';
import type { Call, World } from './routes';

const SHOPS = 2000;
const PEOPLE = 20 * SHOPS;
const AUDIT_ENTRIES = 200_000;

const IMPORT = '01930000-0000-7000-8000-000000000250';
const IMPORTS = `
  INSERT INTO imports (id, sha256, mode, counts, created_by)
  SELECT ('01930000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '', 'atomic', '{}', $1
  FROM generate_series(1, 500) n`;

/** Created by imports; then ten changes of every hundredth. */
const CHANGES = `
  INSERT INTO changes (row_id, id, resource, kind)
  SELECT id, ('01930000-0000-7000-8000-' || lpad(row_number() OVER (ORDER BY id)::text, 12, '0'))::uuid, 'products', 'created'
  FROM products
  UNION ALL
  SELECT v.id, ('01930001-0000-7000-8000-' || lpad((row_number() OVER (ORDER BY n, v.id))::text, 12, '0'))::uuid, 'variants', 'changed'
  FROM (SELECT id FROM product_variants WHERE hashtext(id::text) % 100 = 0) v, generate_series(1, 10) n`;

/** An owner who is logged in to the shop. */
export interface SignedUp {
  url: string;
  shopId: string;
  readonly send: (call: Call) => Promise<void>;
}

export async function signUp(url: string): Promise<SignedUp> {
  const body = { email: 'owner@example.com', password: 'correct horse battery', shop: { name: 'Large' } };
  const answer = await fetch(`${url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`auth/register answered ${answer.status}: ${await answer.text()}`);
  const { accessToken, shop } = (await answer.json()) as { accessToken: string; shop: { id: string } };
  return { url, shopId: shop.id, send: (call) => send(url, accessToken, call) };
}

async function send(url: string, token: string, { route, path, body }: Call): Promise<void> {
  const type = typeof body === 'string' ? 'text/csv' : 'application/json';
  const answer = await fetch(`${url}/${path}`, {
    method: route.split(' ')[0]!, // split returns at least one part
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${route} (${path}) answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** Fills the shop and the public side, then resets the statistics, which count the use of indexes. */
export async function makeWorld(
  installation: Installation,
  { shopId }: SignedUp,
  products: number,
  lines: number,
): Promise<World> {
  await fillShop(installation, shopId, products, lines);
  return withClient(adminOf(installation).bootstrapUrl, 'bench', async (client) => {
    await fillPublicSide(client, shopId);
    await client.query(`SET search_path TO ${new TenantLocator().locate(shopId).schema}`);
    const world = await findIds(client, shopId, products);
    await client.query(`INSERT INTO members (user_id, name, role) VALUES ($1, 'Person 17', 'staff')`, [
      world.memberId,
    ]);
    await client.query(`UPDATE orders SET status = 'pending', placed_at = '2026-03-05' WHERE id = $1`, [
      world.pendingOrder,
    ]);
    await client.query(
      `UPDATE products SET name = 'First of all', tags = '{only}' WHERE handle = 'product-1'`,
    );
    await client.query(`UPDATE products SET status = 'active' WHERE id = ANY ($1)`, [
      [world.product, world.severalVariants],
    ]);
    await client.query(IMPORTS, [world.memberId]);
    await client.query(CHANGES);
    await client.query('ANALYZE imports, changes');
    await client.query('SELECT pg_stat_reset()');
    return world;
  });
}

async function fillPublicSide(client: Client, shopId: string): Promise<void> {
  await client.query(
    `INSERT INTO users (id, email, name, password_hash)
     SELECT gen_random_uuid(), 'person' || n || '@example.com', 'Person ' || n, '' FROM generate_series(0, $1) n`,
    [PEOPLE],
  );
  await client.query(
    `WITH made AS (
       INSERT INTO tenants (shop_id, version, checksum)
       SELECT gen_random_uuid(), version, checksum FROM tenants, generate_series(1, $1) RETURNING shop_id)
     INSERT INTO shops (id, name, slug)
     SELECT shop_id, 'Other', 'shop-' || row_number() OVER () FROM made`,
    [SHOPS],
  );
  await client.query(
    `INSERT INTO memberships (user_id, shop_id, role)
     SELECT u.id, s.id, 'staff' FROM generate_series(1, $1::int) n
     JOIN users u ON u.email = 'person' || n || '@example.com'
     JOIN shops s ON CASE n % $2::int WHEN 17 THEN s.id = $3 ELSE s.slug = 'shop-' || (1 + n % $2::int) END`,
    [PEOPLE, SHOPS, shopId],
  );
  await client.query(
    `INSERT INTO audit_log (id, at, action, actor_id, shop_id)
     SELECT gen_random_uuid(), now(), (ARRAY['member.added', 'shop.created', 'login.succeeded'])[1 + n % 3],
       u.id, CASE n % 20 WHEN 17 THEN $1 ELSE gen_random_uuid() END
     FROM generate_series(1, $2::int) n JOIN users u ON u.email = 'person' || n % 5000 || '@example.com'`,
    [shopId, AUDIT_ENTRIES],
  );
  await client.query('VACUUM (ANALYZE)');
}

/** @param client is in the shop's schema */
async function findIds(client: Client, shopId: string, products: number): Promise<World> {
  const ids = async (sql: string, ...values: unknown[]) =>
    (await client.query<{ id: string }>(sql, values)).rows.map(({ id }) => id);
  const one = async (sql: string, ...values: unknown[]) => (await ids(sql, ...values))[0]!; // the row exists
  const productNumber = (n: number) => one(`SELECT id FROM products WHERE handle = 'product-' || $1`, n);
  const middle = 3 * Math.round(products / 6);
  const severalVariants = await productNumber(middle);
  return {
    shopId,
    memberId: await one(`SELECT id FROM public.users WHERE email = 'person17@example.com'`),
    newMember: 'person0@example.com',
    product: await productNumber(middle + 1),
    severalVariants,
    variants: await ids(
      'SELECT id FROM product_variants WHERE product_id = $1 ORDER BY position',
      severalVariants,
    ),
    paidOrder: await one(`SELECT id FROM orders WHERE status = 'paid' LIMIT 1`),
    pendingOrder: await one(`SELECT id FROM orders WHERE status = 'paid' LIMIT 1 OFFSET 1`),
    customer: await one(`SELECT id FROM customers ORDER BY id LIMIT 1 OFFSET 2500`),
    import: IMPORT,
    audit: await one(`SELECT id FROM public.audit_log WHERE shop_id = $1 LIMIT 1`, shopId),
  };
}
