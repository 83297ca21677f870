import { PLAN_LIMITS } from './plan';
import { requestPolicy } from './request-policy';

const policyOf = (requestsPerMinute: number | null, requestBurst: number | null = null) =>
  requestPolicy(PLAN_LIMITS.parse({ requestsPerMinute, requestBurst }));

describe('requestPolicy', () => {
  it.each([
    { perMinute: 1200, burst: 300, quota: 300, seconds: 15 },
    { perMinute: 1200, burst: null, quota: 1200, seconds: 60 },
    { perMinute: 60, burst: 600, quota: 60, seconds: 60 },
    { perMinute: 1, burst: 1, quota: 1, seconds: 60 },
    { perMinute: 7, burst: 3, quota: 3, seconds: 26 },
    { perMinute: 6000, burst: 1, quota: 100, seconds: 1 },
  ])(
    '$perMinute a minute with a burst of $burst are $quota in $seconds s',
    ({ perMinute, burst, quota, seconds }) => {
      expect(policyOf(perMinute, burst)).toMatchObject({
        quota,
        seconds,
        header: `"shop";q=${quota};w=${seconds}`,
      });
    },
  );

  it('is one object for equal limits, and none without a limit', () => {
    expect(policyOf(100, 10)).toBe(policyOf(100, 10));
    expect(policyOf(null, 10)).toBeUndefined();
  });

  it('gives account after a twentieth, and after each request of a small quota', () => {
    expect([policyOf(1200)?.slice, policyOf(15)?.slice]).toEqual([60, 1]);
  });
});
