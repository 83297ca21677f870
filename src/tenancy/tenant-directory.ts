import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isId } from '../common/ids';
import { isSchemaMismatch } from '../common/sqlstate';
import { PublicDatabase } from '../database/control-database';
import type { MemberRole } from '../public/shops/membership.entity';
import type { ShopStatus } from '../public/shops/shop.entity';
import { ACCESS_CACHE_MS, ServedVersions, type TenantState } from './served-versions';
import { NotAMember, ShopNotFound, ShopNotReady, ShopSuspended } from './tenancy.errors';
import type { TenantAccess } from './tenant';

const CACHE_ENTRIES = 10_000;
const RETRY_SECONDS = 5;

interface Entry extends TenantState {
  memberRole: MemberRole;
  status: ShopStatus;
  currency: string;
}

/** For each request of a shop that is not remembered, so it is spelled out: a query builder takes longer than PostgreSQL. */
const ACCESS = `
  SELECT m.role AS "memberRole", s.status, s.currency, t.version, t.checksum, t.serves_from AS "servesFrom"
  FROM shops s JOIN memberships m ON m.shop_id = s.id AND m.user_id = $1 JOIN tenants t ON t.shop_id = s.id
  WHERE s.id = $2`;

/** Who may enter which shop, from the public tables, remembered for a few seconds. */
@Injectable()
export class TenantDirectory {
  private readonly cache = new LRUCache<string, Entry>({ max: CACHE_ENTRIES, ttl: ACCESS_CACHE_MS });

  constructor(
    private readonly database: PublicDatabase,
    private readonly served: ServedVersions,
  ) {}

  /**
   * Checks that the user is a member and the shop can be served.
   * @throws NotAMember (also for a shop that does not exist), ShopSuspended, ShopNotReady
   */
  async enter(userId: string, shopId: string): Promise<TenantAccess> {
    const key = keyOf(userId, shopId);
    const cached = this.cache.get(key);
    const start = performance.now(); // what the answer says may be over by the time that it comes
    const entry = cached ?? (await this.read(userId, shopId));
    if (entry === undefined) throw new NotAMember();
    if (entry.status !== 'active') throw new ShopSuspended();
    if (!this.served.serves(entry)) throw new ShopNotReady({ retryAfter: RETRY_SECONDS });
    if (cached === undefined) this.cache.set(key, entry, { start });
    return { shopId, userId, memberRole: entry.memberRole, currency: entry.currency };
  }

  /**
   * What to say of an error of a tenant's transaction, which has been rolled back. Access is remembered for some
   * seconds; a migration may have taken the tenant out of this program's reach meanwhile.
   * @returns ShopNotReady with the error as its cause, if that is so; the error itself otherwise
   * @throws DatabaseUnavailable when that cannot be found out
   */
  async explain(error: unknown, { userId, shopId }: TenantAccess): Promise<unknown> {
    if (!isSchemaMismatch(error)) return error;
    this.cache.delete(keyOf(userId, shopId)); // what it remembers is in doubt
    const entry = await this.read(userId, shopId);
    if (entry === undefined || this.served.serves(entry)) return error;
    return new ShopNotReady({ retryAfter: RETRY_SECONDS, cause: error });
  }

  /** For commands: access as the shop's owner. @throws ShopNotFound */
  async enterAsOwner(slugOrId: string): Promise<TenantAccess> {
    const [owner] = await this.database.read<{ user_id: string; shop_id: string }>(
      `SELECT m.user_id, m.shop_id FROM memberships m JOIN shops s ON s.id = m.shop_id
       WHERE m.role = 'owner' AND s.${isId(slugOrId) ? 'id' : 'slug'} = $1 ORDER BY m.created_at LIMIT 1`,
      [slugOrId],
    );
    if (owner === undefined) throw new ShopNotFound({ detail: `No shop has the slug or id ${slugOrId}.` });
    return this.enter(owner.user_id, owner.shop_id);
  }

  private async read(userId: string, shopId: string): Promise<Entry | undefined> {
    const [entry] = await this.database.read<Entry>(ACCESS, [userId, shopId]);
    return entry;
  }
}

function keyOf(userId: string, shopId: string): string {
  return `${userId} ${shopId}`;
}
