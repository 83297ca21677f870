import { LRUCache } from 'lru-cache';
import type { PlanLimits } from './plan';

const MINUTE = 60;
/** Part of the quota that a process admits before it gives account: a twentieth. */
const SLICES = 20;

/** Requests that a shop may send in each window. */
export interface RequestPolicy {
  /** Number of requests. */
  readonly quota: number;
  /** Length of the window, seconds. */
  readonly seconds: number;
  /** Requests that a process admits before it gives account. */
  readonly slice: number;
  /** Value of the header `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). */
  readonly header: string;
}

/** Policies by numbers: thousands of shops have the same. */
const known = new LRUCache<string, RequestPolicy>({ max: 1000 });

/**
 * Derives the policy from the limits of a shop: a window in which `requestBurst` requests are those of `requestsPerMinute`.
 * @returns undefined for a shop without a limit
 */
export function requestPolicy(limits: Readonly<PlanLimits>): RequestPolicy | undefined {
  const { requestsPerMinute, requestBurst } = limits;
  if (requestsPerMinute === null) return undefined;
  const key = `${requestsPerMinute} ${requestBurst ?? ''}`;
  let policy = known.get(key);
  if (policy === undefined) {
    const burst = Math.min(requestBurst ?? requestsPerMinute, requestsPerMinute);
    const seconds = Math.max(1, Math.round((MINUTE * burst) / requestsPerMinute));
    const quota = Math.max(1, Math.floor((requestsPerMinute * seconds) / MINUTE));
    const slice = Math.max(1, Math.floor(quota / SLICES));
    policy = Object.freeze({ quota, seconds, slice, header: `"shop";q=${quota};w=${seconds}` });
    known.set(key, policy);
  }
  return policy;
}
