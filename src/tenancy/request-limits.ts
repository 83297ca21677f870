import type { OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../common/logger';
import { type RequestPolicy, requestPolicy } from './request-policy';
import type { RequestStore } from './request-store';
import { RateLimited } from './tenancy.errors';
import type { TenantAccess } from './tenant';

/** Shops whose requests a process counts; the one that has sent none for longest is forgotten first. */
const COUNTED_SHOPS = 10_000;
/** Pause after a count that failed. */
const RETRY_MS = 1000;

/** Requests of a shop under a policy in the present window. */
interface Count {
  policy: RequestPolicy;
  /** Requests of all processes that the store knew of. */
  known: number;
  /** Requests of this process that the store does not know of. */
  own: number;
  /** Moment at which the window ends, in the time of `performance.now()`. */
  endsAt: number;
  isTelling: boolean;
}

/** Headers of an answer. */
export type RateHeaders = Record<'ratelimit-policy' | 'ratelimit', string>;

/**
 * Limits the requests of each shop, over all processes. A request asks nobody: a process counts by itself, adds its count to
 * that of the others after each slice, in the background, and learns theirs. So all together admit at most a slice for each
 * process above the quota, and what arrives while a count is on its way. While the store is away, each process admits the
 * whole quota: docs/decisions/0032-requests-are-counted-in-slices.md.
 */
export class RequestLimits implements OnApplicationShutdown {
  /** By shop and policy: for a moment after a change members have the old or the new one, and none of them may begin a window anew. */
  private readonly counts = new LRUCache<string, Count>({ max: COUNTED_SHOPS });
  private awayUntil = 0;

  constructor(
    private readonly store: RequestStore,
    private readonly logger: Logger,
  ) {}

  /**
   * Counts a request of the shop.
   * @param tell receives the headers of the answer, also of a refusal
   * @throws RateLimited
   */
  count({ shopId, allowance }: TenantAccess, tell: (headers: RateHeaders) => void): void {
    const policy = requestPolicy(allowance.limits);
    if (policy === undefined) return;
    const now = performance.now();
    const count = this.countOf(shopId, policy, now);
    refuseBeyond(count, now, tell);
    count.own++;
    tell(headersOf(count, now));
    if (count.own >= policy.slice && !count.isTelling && now >= this.awayUntil)
      void this.giveAccount(shopId, count);
  }

  /** Refuses a request that `count` would refuse. Counts none. @throws RateLimited */
  requireLeft({ shopId, allowance }: TenantAccess, tell: (headers: RateHeaders) => void): void {
    const policy = requestPolicy(allowance.limits);
    const count = policy && this.counts.get(keyOf(shopId, policy));
    const now = performance.now();
    if (count !== undefined && now < count.endsAt) refuseBeyond(count, now, tell);
  }

  onApplicationShutdown(): void {
    this.store.close();
  }

  private countOf(shopId: string, policy: RequestPolicy, now: number): Count {
    const key = keyOf(shopId, policy);
    let count = this.counts.get(key);
    if (count === undefined || now >= count.endsAt) {
      count = { policy, known: 0, own: 0, endsAt: now + policy.seconds * 1000, isTelling: false };
      this.counts.set(key, count);
    }
    return count;
  }

  /** Adds the requests of this process to the store, and learns those of the others and when the window ends. */
  private async giveAccount(shopId: string, count: Count): Promise<void> {
    const { policy } = count;
    const told = count.own;
    count.isTelling = true;
    try {
      const all = await this.store.limiter.penalty(keyOf(shopId, policy), told, {
        customDuration: policy.seconds,
      });
      count.known = all.consumedPoints;
      count.own -= told;
      count.endsAt = performance.now() + all.msBeforeNext;
    } catch (error) {
      this.awayUntil = performance.now() + RETRY_MS;
      this.logger.warn({ event: 'request_limits.not_shared', err: error });
    } finally {
      count.isTelling = false;
    }
  }
}

function keyOf(shopId: string, { quota, seconds }: RequestPolicy): string {
  return `${shopId} ${quota} ${seconds}`;
}

/** @throws RateLimited */
function refuseBeyond(count: Count, now: number, tell: (headers: RateHeaders) => void): void {
  if (count.known + count.own < count.policy.quota) return;
  tell(headersOf(count, now));
  const { quota, seconds } = count.policy;
  const retryAfter = secondsLeft(count, now);
  const detail = `The shop may send ${quota} requests in ${seconds} s; the next in ${retryAfter} s.`;
  throw new RateLimited({ retryAfter, detail });
}

function headersOf(count: Count, now: number): RateHeaders {
  const { policy, known, own } = count;
  const left = Math.max(0, policy.quota - known - own);
  return { 'ratelimit-policy': policy.header, ratelimit: `"shop";r=${left};t=${secondsLeft(count, now)}` };
}

function secondsLeft({ endsAt }: Count, now: number): number {
  return Math.max(1, Math.ceil((endsAt - now) / 1000));
}
