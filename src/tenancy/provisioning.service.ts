import { randomInt } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids';
import { SLUG_PATTERN, slugify } from '../common/slug';
import { AdminDatabase } from '../database/control-database';
import { INSTALLATION } from '../database/database.module';
import { quoteIdent } from '../database/identifiers';
import type { Installation } from '../database/installation';
import { Shop } from '../public/shops/shop.entity';
import { provisionSql } from './provision-sql';
import { SlugTaken } from './tenancy.errors';
import { TenantLocator } from './tenant-locator';
import { TenantMigrations } from './tenant-migrations';

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
  constructor(
    private readonly database: AdminDatabase,
    private readonly locator: TenantLocator,
    private readonly migrations: TenantMigrations,
    @Inject(INSTALLATION) private readonly installation: Installation,
  ) {}

  /**
   * One transaction in which shops can be made along with what belongs to them, such as their owner's user.
   * @param work gets `provision`, which makes the shop of a user that exists by then
   * @throws what `work` throws, SlugTaken from `provision` when the wanted slug is another shop's; then
   *   nothing of the transaction remains
   */
  transaction<T>(
    work: (manager: EntityManager, provision: (wanted: NewShop) => Promise<Shop>) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction((manager) => work(manager, (wanted) => this.build(manager, wanted)));
  }

  private async build(manager: EntityManager, wanted: NewShop): Promise<Shop> {
    const shop = await this.insertShop(manager, wanted);
    await manager.query(`INSERT INTO memberships (user_id, shop_id, role) VALUES ($1, $2, 'owner')`, [
      wanted.owner.id,
      shop.id,
    ]);
    await this.buildTenant(manager, shop, wanted.owner);
    return shop;
  }

  private async insertShop(manager: EntityManager, { name, slug, currency }: NewShop): Promise<Shop> {
    const id = newId();
    for (const candidate of slug === undefined ? slugCandidates(name) : [slug]) {
      // ON CONFLICT waits for a rival that is still provisioning, and leaves the transaction usable.
      const inserted = await manager.query<unknown[]>(
        `INSERT INTO shops (id, name, slug, currency) VALUES ($1, $2, $3, coalesce($4, 'USD'))
         ON CONFLICT (slug) DO NOTHING RETURNING id`,
        [id, name, candidate, currency ?? null],
      );
      if (inserted.length > 0) return manager.findOneByOrFail(Shop, { id });
    }
    throw new SlugTaken();
  }

  private async buildTenant(manager: EntityManager, shop: Shop, owner: NewShop['owner']): Promise<void> {
    const placement = this.locator.locate(shop.id);
    await manager.query(provisionSql(placement, this.installation.roles, this.migrations.list));
    await manager.query(
      `INSERT INTO ${quoteIdent(placement.schema)}.members (user_id, name, role) VALUES ($1, $2, 'owner')`,
      [owner.id, owner.name],
    );
    await manager.query('INSERT INTO tenants (shop_id, version) VALUES ($1, $2)', [
      shop.id,
      this.migrations.latest,
    ]);
  }
}

/** `corner-shop`, `corner-shop-2`, `corner-shop-3`, then with a random ending. */
function slugCandidates(name: string): string[] {
  const base = slugify(name).slice(0, MAX_BASE).replace(/-$/, '') || 'shop';
  const numbered = Array.from({ length: NUMBERED_SLUGS }, (_, i) => (i === 0 ? base : `${base}-${i + 1}`));
  const random = Array.from({ length: RANDOM_SLUGS }, () => `${base}-${randomInt(1e9).toString(36)}`);
  return [...numbered, ...random].filter((slug) => SLUG_PATTERN.test(slug));
}
