import type { EngineClient } from '../../database/engine-client';
import { findShopIds, shopNotFound } from '../../tenancy/named-shops';

/** @throws ShopNotFound, for example when the shop was removed for good since the operation was requested */
export async function assertShop(client: EngineClient, id: string): Promise<void> {
  const { rows } = await client.query('SELECT FROM public.shops WHERE id = $1', [id]);
  if (rows.length === 0) throw shopNotFound(id);
}

/**
 * Shops that an operator names by slug or id, in the order of the names.
 * @throws ShopNotFound naming those that do not exist
 */
export async function shopsNamed(
  client: EngineClient,
  names: readonly string[],
): Promise<{ id: string; slug: string }[]> {
  const ids = await findShopIds(async (sql, values) => (await client.query(sql, values)).rows, names);
  const unknown = names.filter((_, i) => ids[i] === null);
  if (unknown.length > 0) throw shopNotFound(...unknown);
  const { rows } = await client.query<{ id: string; slug: string }>(
    'SELECT id, slug FROM public.shops WHERE id = ANY ($1)',
    [ids],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id ?? '') ?? []);
}
