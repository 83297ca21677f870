import { randomInt } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { SLUG_PATTERN, slugify } from '../common/slug';
import { Shop } from '../public/shops/shop.entity';
import { SlugTaken } from './tenancy.errors';
import { enterMember } from './tenant-members';
import { TENANT_SOURCE, type TenantSource } from './tenant-source';

export interface NewShop {
  name: string;
  /** Made from the name, and made unique, when absent. */
  slug?: string;
  /** ISO 4217; USD when absent. */
  currency?: string;
  owner: { id: string; name: string };
}

const NUMBERED_SLUGS = 3;
const RANDOM_SLUGS = 5;
/** Leaves room for an ending within the 60 characters of a slug. */
const MAX_BASE = 50;

/** Makes a shop and everything that belongs to its tenant, in one transaction: all of it is there or nothing. */
@Injectable()
export class ProvisioningService {
  constructor(@Inject(TENANT_SOURCE) private readonly tenants: TenantSource) {}

  /**
   * One transaction in which shops can be made along with what belongs to them, such as their owner's user.
   * @param work gets `provision`, which makes the shop of a user that exists by then
   * @throws what `work` throws, SlugTaken from `provision` when the wanted slug is another shop's; then
   *   nothing of the transaction remains; NoTenantReady
   */
  transaction<T>(
    work: (manager: EntityManager, provision: (wanted: NewShop) => Promise<Shop>) => Promise<T>,
  ): Promise<T> {
    return this.tenants.database.transaction((manager) =>
      work(manager, (wanted) => this.build(manager, wanted)),
    );
  }

  private async build(manager: EntityManager, wanted: NewShop): Promise<Shop> {
    const { owner } = wanted;
    const id = await this.tenants.make(manager, (shopId) => insertShop(manager, shopId, wanted));
    // Together, in one round trip.
    const [shop] = await Promise.all([
      manager.findOneByOrFail(Shop, { id }),
      manager.query(`INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'owner')`, [
        owner.id,
        id,
      ]),
      enterMember(manager, id, { ...owner, role: 'owner' }),
    ]);
    return shop;
  }
}

async function insertShop(
  manager: EntityManager,
  id: string,
  { name, slug, currency }: NewShop,
): Promise<void> {
  for (const candidate of slug === undefined ? slugCandidates(name) : [slug]) {
    // ON CONFLICT waits for a rival that is still provisioning, and leaves the transaction usable.
    const inserted = await manager.query<unknown[]>(
      `INSERT INTO shops (id, name, slug, currency) VALUES ($1, $2, $3, coalesce($4, 'USD'))
       ON CONFLICT (slug) DO NOTHING RETURNING id`,
      [id, name, candidate, currency ?? null],
    );
    if (inserted.length > 0) return;
  }
  throw new SlugTaken();
}

/** `corner-shop`, `corner-shop-2`, `corner-shop-3`, then with a random ending. */
function slugCandidates(name: string): string[] {
  const base = slugify(name).slice(0, MAX_BASE).replace(/-$/, '') || 'shop';
  const numbered = Array.from({ length: NUMBERED_SLUGS }, (_, i) => (i === 0 ? base : `${base}-${i + 1}`));
  const random = Array.from({ length: RANDOM_SLUGS }, () => `${base}-${randomInt(1e9).toString(36)}`);
  return [...numbered, ...random].filter((slug) => SLUG_PATTERN.test(slug));
}
