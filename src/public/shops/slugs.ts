import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../../common/sqlstate';
import { Shop } from './shop.entity';
import { SlugTaken } from '../../tenancy/tenancy.errors';

/** How long a former slug names its shop, days. */
const FORMER_DAYS = 30;
/** Former slugs of one shop, beyond which the oldest are free: no shop keeps any number of names from others. */
const MOST_FORMER = 10;

/**
 * Returns true while the slug is a former one of another shop. Ask after writing the slug into `shops`, in the same
 * transaction: the write waits for a shop that is giving the slug up, and this statement then sees what that shop stored.
 */
export async function isFormerOfAnother(
  manager: EntityManager,
  slug: string,
  shopId: string,
): Promise<boolean> {
  const rows = await manager.query<unknown[]>(
    'SELECT FROM former_slugs WHERE slug = $1 AND shop_id <> $2 AND ends_at > now()',
    [slug, shopId],
  );
  return rows.length > 0;
}

/**
 * Gives a shop another slug; the present one keeps naming the shop for 30 days. Nothing in the database is named after a
 * slug, so nothing else changes. Call with the shop locked.
 * @throws SlugTaken if the slug is another shop's, or was within the last 30 days; the transaction must then be rolled back
 */
export async function changeSlug(
  manager: EntityManager,
  { id, slug: former }: Pick<Shop, 'id' | 'slug'>,
  slug: string,
): Promise<void> {
  if (slug === former) return;
  try {
    await manager.update(Shop, { id }, { slug });
  } catch (error) {
    if (isUniqueViolation(error)) throw new SlugTaken({ cause: error });
    throw error;
  }
  if (await isFormerOfAnother(manager, slug, id)) throw new SlugTaken();
  // Those of every shop that have expired go too; one that another change is removing is left to that, so that neither waits.
  await manager.query(
    `DELETE FROM former_slugs WHERE slug IN (
       SELECT slug FROM former_slugs WHERE slug = $1 OR ends_at <= now() OR slug IN (
         SELECT slug FROM former_slugs WHERE shop_id = $2 AND slug <> $1 ORDER BY ends_at DESC OFFSET $3)
       FOR UPDATE SKIP LOCKED)`,
    [slug, id, MOST_FORMER - 1],
  );
  await manager.query(
    `INSERT INTO former_slugs (slug, shop_id, ends_at) VALUES ($1, $2, now() + make_interval(days => $3))
     ON CONFLICT (slug) DO UPDATE SET shop_id = excluded.shop_id, ends_at = excluded.ends_at`,
    [former, id, FORMER_DAYS],
  );
}
