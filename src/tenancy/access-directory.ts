import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../common/app-error';
import { isId } from '../common/ids';
import { isSchemaMismatch } from '../common/sqlstate';
import { PublicDatabase } from '../database/control-database';
import { ACCESS_CACHE_MS, ServedVersions, type TenantState } from './served-versions';
import { NotAMember, ShopNotFound, ShopNotReady, ShopSuspended } from './tenancy.errors';
import type { MemberRole, Principal, ShopStatus, TenantAccess } from './tenant';

const CACHE_ENTRIES = 10_000;
const RETRY_SECONDS = 5;

/** What the database says of a user, of a login and of a shop, if they are asked about. */
interface Answer extends TenantState {
  isLive: boolean;
  /** Null when the login is not live, and for who is no member of a shop that there is; then there is nothing after it. */
  memberRole: MemberRole | null;
  status: ShopStatus;
  currency: string;
}

/** What is remembered of one who may enter. */
type Member = Pick<TenantAccess, 'memberRole' | 'currency'>;

const ACCESS = `
  SELECT is_live AS "isLive", member_role AS "memberRole", status, currency, version, checksum, serves_from AS "servesFrom"
  FROM access_of($1, $2, $3)`;

/**
 * Which logins are live, and who may enter which shop, from the public tables. A yes is remembered for five seconds, counted
 * from the question; a no never.
 */
@Injectable()
export class AccessDirectory {
  /** Users of live sessions. */
  private readonly live = new LRUCache<string, string>({ max: CACHE_ENTRIES, ttl: ACCESS_CACHE_MS });
  private readonly members = new LRUCache<string, Member>({ max: CACHE_ENTRIES, ttl: ACCESS_CACHE_MS });

  constructor(
    private readonly database: PublicDatabase,
    private readonly served: ServedVersions,
  ) {}

  /**
   * Whether the login is this user's and not revoked. The answer brings along what `enter` asks for next, when the
   * token is for a shop.
   */
  async isLive({ userId, sessionId, shopId }: Principal): Promise<boolean> {
    if (this.live.get(sessionId) === userId) return true;
    return (await this.ask(userId, sessionId, shopId)).isLive;
  }

  /**
   * Checks that the user is a member and the shop can be served.
   * @throws NotAMember (also for a shop that does not exist), ShopSuspended, ShopNotReady
   */
  async enter(userId: string, shopId: string): Promise<TenantAccess> {
    const member =
      this.members.get(keyOf(userId, shopId)) ?? this.memberOf(await this.ask(userId, null, shopId));
    if (member instanceof AppError) throw member;
    return { shopId, userId, memberRole: member.memberRole, currency: member.currency };
  }

  /**
   * What to say of an error of a tenant's transaction, which has been rolled back. Access is remembered for some
   * seconds; a migration may have taken the tenant out of this program's reach meanwhile.
   * @returns ShopNotReady with the error as its cause, if that is so; the error itself otherwise
   * @throws DatabaseUnavailable when that cannot be found out
   */
  async explain(error: unknown, { userId, shopId }: TenantAccess): Promise<unknown> {
    if (!isSchemaMismatch(error)) return error;
    this.members.delete(keyOf(userId, shopId)); // what it remembers is in doubt
    const answer = await this.ask(userId, null, shopId);
    if (answer.memberRole === null || this.served.serves(answer)) return error;
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

  /** Asks, and remembers what is a yes. @param sessionId null: of any login, which counts as live */
  private async ask(userId: string, sessionId: string | null, shopId: string | null): Promise<Answer> {
    const start = performance.now(); // what the answer says may be over by the time that it comes
    const [row] = await this.database.read<Answer>(ACCESS, [userId, sessionId, shopId]);
    const answer = row!; // a function with OUT parameters gives one
    if (answer.isLive && sessionId !== null) this.live.set(sessionId, userId, { start });
    if (shopId === null) return answer;
    const member = this.memberOf(answer);
    if (!(member instanceof AppError)) this.members.set(keyOf(userId, shopId), member, { start });
    return answer;
  }

  /** What is to be remembered, or why the user does not enter. */
  private memberOf(answer: Answer): Member | AppError {
    const { memberRole, currency } = answer;
    if (memberRole === null) return new NotAMember();
    if (answer.status !== 'active') return new ShopSuspended();
    if (!this.served.serves(answer)) return new ShopNotReady({ retryAfter: RETRY_SECONDS });
    return { memberRole, currency };
  }
}

function keyOf(userId: string, shopId: string): string {
  return `${userId} ${shopId}`;
}
