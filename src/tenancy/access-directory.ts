import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../common/app-error';
import { isSchemaMismatch } from '../common/sqlstate';
import { type Times, TIMES } from '../config/times';
import { PublicDatabase } from '../database/control-database';
import { type FeatureName, isOn } from './features';
import { getShopId } from './named-shops';
import { readAllowance } from './plan';
import { readSettings } from './shop-settings';
import { ACCESS_CACHE_MS, ServedVersions, type TenantState } from './served-versions';
import { FeatureOff, NotAMember, ShopNotFound, ShopNotReady, ShopSuspended } from './tenancy.errors';
import type { MemberRole, Principal, ShopStatus, TenantAccess } from './tenant';

const CACHE_ENTRIES = 10_000;
const RETRY_SECONDS = 5;

/** Result of `access_of`: state of a session, of a membership and of a shop. */
interface Answer extends TenantState {
  isLive: boolean;
  /** Null if the session is revoked or the user is not a member; the fields below are then null. */
  memberRole: MemberRole | null;
  status: ShopStatus;
  currency: string;
  plan: string;
  limits: string;
  features: string;
  settings: string;
}

/** Cached part of a grant. */
type Member = Pick<TenantAccess, 'memberRole' | 'currency' | 'isReadOnly' | 'allowance' | 'settings'>;

const ACCESS = `
  SELECT is_live AS "isLive", member_role AS "memberRole", status, currency, version, checksum, serves_from AS "servesFrom",
    plan, limits, features, settings
  FROM access_of($1, $2, $3)`;

/**
 * Reads from the public tables which sessions are live and which users may enter which shops. Grants are cached for 5 s
 * from when the query is sent; denials are not cached.
 */
@Injectable()
export class AccessDirectory {
  /** Users of live sessions. */
  private readonly live: LRUCache<string, string>;
  private readonly members: LRUCache<string, Member>;
  /** Questions that are not answered yet. */
  private readonly asked = new Map<string, Promise<Answer>>();
  /** Number of calls of `forget`: a question of before one may have an answer of before it. */
  private forgotten = 0;

  constructor(
    private readonly database: PublicDatabase,
    private readonly served: ServedVersions,
    @Inject(TIMES) { accessCacheMs = ACCESS_CACHE_MS }: Times,
  ) {
    // Without a purge, expired grants would stay until others need their room.
    const options = { max: CACHE_ENTRIES, ttl: accessCacheMs, ttlAutopurge: true };
    this.live = new LRUCache(options);
    this.members = new LRUCache(options);
  }

  /**
   * Checks that the session is this user's and not revoked. For a token with a shop, the same query also caches what
   * `enter` needs next.
   */
  async isLive({ userId, sessionId, shopId }: Principal): Promise<boolean> {
    if (this.live.get(sessionId) === userId) return true;
    return (await this.ask(userId, sessionId, shopId)).isLive;
  }

  /**
   * Checks that the user is a member and the shop can be served.
   * @throws NotAMember (also for a shop that does not exist or is deleted), ShopSuspended, ShopNotReady
   */
  async enter(userId: string, shopId: string): Promise<TenantAccess> {
    const member =
      this.members.get(keyOf(userId, shopId)) ?? this.memberOf(await this.ask(userId, null, shopId));
    if (member instanceof AppError) throw member;
    return { shopId, userId, ...member };
  }

  /**
   * Explains an error of a tenant's transaction, which has been rolled back. Grants are cached for some seconds; in the
   * meantime a migration may have closed the tenant to this program.
   * @returns ShopNotReady with the error as its cause, if that happened; the error itself otherwise
   * @throws DatabaseUnavailable when that cannot be determined
   */
  async explain(error: unknown, { userId, shopId }: TenantAccess): Promise<unknown> {
    if (!isSchemaMismatch(error)) return error;
    this.members.delete(keyOf(userId, shopId)); // may be out of date
    const answer = await this.query(userId, null, shopId);
    if (answer.memberRole === null || this.served.serves(answer)) return error;
    return new ShopNotReady({ retryAfter: RETRY_SECONDS, cause: error });
  }

  /** Requires a feature of the shop. @throws FeatureOff, which says whether the plan or the shop itself has it off */
  async requireFeature({ shopId, allowance }: TenantAccess, name: FeatureName): Promise<void> {
    const { plan, features } = allowance;
    if (isOn(features, name)) return;
    const [own] = await this.database.read('SELECT FROM shops WHERE id = $1 AND features ? $2', [
      shopId,
      name,
    ]);
    const detail =
      own === undefined
        ? `The plan ${plan} of this shop does not include ${name}.`
        : `${name} is off for this shop by a limit of its own, whatever its plan ${plan} includes.`;
    throw new FeatureOff({ detail });
  }

  /**
   * Drops the grants of a shop whose settings have just been changed by this process: the next request works with the new ones.
   * Other processes learn of them when their grants expire.
   */
  forget(shopId: string): void {
    this.forgotten++;
    this.asked.clear();
    for (const key of this.members.keys()) if (key.endsWith(shopId)) this.members.delete(key);
  }

  /** Access as the shop's owner, for commands. @throws ShopNotFound */
  async enterAsOwner(slugOrId: string): Promise<TenantAccess> {
    const shopId = await getShopId((sql, values) => this.database.read(sql, values), slugOrId);
    const [owner] = await this.database.read<{ user_id: string; status: ShopStatus }>(
      `SELECT m.user_id, s.status FROM memberships m JOIN shops s ON s.id = m.shop_id
       WHERE m.role = 'owner' AND m.shop_id = $1 ORDER BY m.created_at LIMIT 1`,
      [shopId],
    );
    if (owner === undefined) throw new ShopNotFound({ detail: `The shop ${slugOrId} has no owner.` });
    if (owner.status === 'deleted') throw new ShopNotFound({ detail: `The shop ${slugOrId} is deleted.` });
    return this.enter(owner.user_id, shopId);
  }

  /**
   * Queries, or waits for the same question of another request: when a grant of a busy shop expires, hundreds of requests
   * ask at once, and all shops share these connections. Only a grant is taken from another, because a denial may be older than
   * the change that this request relies on.
   */
  private async ask(userId: string, sessionId: string | null, shopId: string | null): Promise<Answer> {
    const key = `${userId} ${sessionId} ${shopId}`;
    const other = this.asked.get(key);
    if (other !== undefined) {
      const answer = await other.catch(() => undefined); // the other request reports its error
      if (answer !== undefined && isGrant(answer, shopId)) return answer;
    }
    const asking = this.query(userId, sessionId, shopId);
    this.asked.set(key, asking);
    try {
      return await asking;
    } finally {
      if (this.asked.get(key) === asking) this.asked.delete(key);
    }
  }

  /** Queries, and caches grants. @param sessionId null: the session is not checked and counts as live */
  private async query(userId: string, sessionId: string | null, shopId: string | null): Promise<Answer> {
    const start = performance.now(); // the answer may be out of date when it arrives
    const { forgotten } = this;
    const [row] = await this.database.read<Answer>(ACCESS, [userId, sessionId, shopId]);
    const answer = row!; // a function with OUT parameters gives one
    if (answer.isLive && sessionId !== null) this.live.set(sessionId, userId, { start });
    if (shopId === null) return answer;
    const member = this.memberOf(answer);
    if (!(member instanceof AppError) && forgotten === this.forgotten)
      this.members.set(keyOf(userId, shopId), member, { start });
    return answer;
  }

  /** The grant, or the reason for the denial. */
  private memberOf(answer: Answer): Member | AppError {
    const { memberRole, currency, status, plan, limits, features, settings } = answer;
    if (memberRole === null || status === 'deleted') return new NotAMember();
    const isReadOnly = status === 'read_only';
    if (status !== 'active' && !isReadOnly) return new ShopSuspended(); // a newer program may know other statuses
    if (!this.served.serves(answer)) return new ShopNotReady({ retryAfter: RETRY_SECONDS });
    const allowance = readAllowance(plan, limits, features);
    return { memberRole, currency, isReadOnly, allowance, settings: readSettings(settings) };
  }
}

/** True if the session is live and, where a shop was asked for, the user is its member. */
function isGrant({ isLive, memberRole }: Answer, shopId: string | null): boolean {
  return isLive && (shopId === null || memberRole !== null);
}

function keyOf(userId: string, shopId: string): string {
  return `${userId} ${shopId}`;
}
