import { isId } from '../common/ids';
import { ShopNotFound } from './tenancy.errors';

/** Sends a statement to the tables of `public` and returns its rows. */
type Read = (sql: string, values: unknown[]) => Promise<{ name: string; id: string }[]>;

/** A slug wins over a former one: a program of the version before, which does not know those, may have given it away. */
const NAMED = `
  SELECT slug AS name, id FROM public.shops WHERE slug = ANY ($1)
  UNION ALL SELECT id::text, id FROM public.shops WHERE id = ANY ($2)
  UNION ALL SELECT f.slug, f.shop_id FROM public.former_slugs f WHERE f.slug = ANY ($1) AND f.ends_at > now()
    AND NOT EXISTS (SELECT FROM public.shops s WHERE s.slug = f.slug)`;

/**
 * Finds the shops that operators name: by id, by slug, or by a slug of the last 30 days. No slug has the form of an id.
 * @returns ids in the order of the names; null where there is no such shop
 */
export async function findShopIds(read: Read, names: readonly string[]): Promise<(string | null)[]> {
  const rows = await read(NAMED, [names, names.filter(isId)]);
  const ids = new Map(rows.map(({ name, id }) => [name, id]));
  return names.map((name) => ids.get(isId(name) ? name.toLowerCase() : name) ?? null);
}

/** @throws ShopNotFound */
export async function getShopId(read: Read, name: string): Promise<string> {
  const [id] = await findShopIds(read, [name]);
  if (typeof id !== 'string') throw shopNotFound(name);
  return id;
}

export function shopNotFound(...names: string[]): Error {
  return new ShopNotFound({ detail: `No shop has the slug or id ${names.join(', ')}.` });
}
