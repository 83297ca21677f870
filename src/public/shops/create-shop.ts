import { randomInt } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { SLUG_PATTERN, slugify } from '../../common/slug';
import type { ProvisioningService } from '../../tenancy/provisioning.service';
import { enterMember } from '../../tenancy/tenant-members';
import { Shop } from './shop.entity';
import { SlugTaken } from '../../tenancy/tenancy.errors';
import { isFormerOfAnother } from './slugs';

export interface NewShop {
  name: string;
  /** Derived from the name and made unique if absent. */
  slug?: string;
  /** ISO 4217; USD if absent. */
  currency?: string;
  /** A user who already exists. */
  owner: { id: string; name: string };
}

const NUMBERED_SLUGS = 3;
const RANDOM_SLUGS = 5;
/** Leaves room for a suffix within the 60 characters of a slug. */
const MAX_BASE = 50;

/**
 * Creates a shop with its tenant and its owner's membership.
 * @param manager of `provisioning.transaction`; if this throws, the transaction must be rolled back
 * @throws SlugTaken if the wanted slug is another shop's, or was within the last 30 days; NoTenantReady
 */
export async function createShop(
  manager: EntityManager,
  provisioning: ProvisioningService,
  wanted: NewShop,
): Promise<Shop> {
  const tenant = await provisioning.begin(manager);
  const { shopId: id } = tenant;
  await insertShop(manager, id, wanted); // before the tables: it is cheap and may be refused
  await provisioning.finish(manager, tenant);
  const { owner } = wanted;
  const [shop] = await Promise.all([
    manager.findOneByOrFail(Shop, { id }),
    manager.query(`INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'owner')`, [
      owner.id,
      id,
    ]),
    enterMember(manager, id, { ...owner, role: 'owner' }),
  ]); // in one round trip
  return shop;
}

async function insertShop(
  manager: EntityManager,
  id: string,
  { name, slug, currency }: NewShop,
): Promise<void> {
  for (const candidate of slug === undefined ? slugCandidates(name) : [slug]) {
    // ON CONFLICT waits for a concurrent transaction with the same slug and leaves this one usable.
    const [inserted, isFormer] = await Promise.all([
      manager.query<unknown[]>(
        `INSERT INTO shops (id, name, slug, currency) VALUES ($1, $2, $3, coalesce($4, 'USD'))
         ON CONFLICT (slug) DO NOTHING RETURNING id`,
        [id, name, candidate, currency ?? null],
      ),
      isFormerOfAnother(manager, candidate, id),
    ]); // in one round trip
    if (inserted.length > 0 && !isFormer) return;
    if (inserted.length > 0) await manager.delete(Shop, { id });
  }
  throw new SlugTaken();
}

/** Returns `corner-shop`, `corner-shop-2`, `corner-shop-3`, then names with a random suffix. */
function slugCandidates(name: string): string[] {
  const base = slugify(name).slice(0, MAX_BASE).replace(/-$/, '') || 'shop';
  const numbered = Array.from({ length: NUMBERED_SLUGS }, (_, i) => (i === 0 ? base : `${base}-${i + 1}`));
  const random = Array.from({ length: RANDOM_SLUGS }, () => `${base}-${randomInt(1e9).toString(36)}`);
  return [...numbered, ...random].filter((slug) => SLUG_PATTERN.test(slug));
}
