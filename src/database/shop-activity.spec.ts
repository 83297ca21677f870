import { ShopActivity } from './shop-activity';

describe('ShopActivity', () => {
  it('sums what each shop did since the last call', () => {
    const activity = new ShopActivity();
    activity.transacted('a', 10, 1, 3);
    activity.transacted('a', 5, 2, 0);
    activity.waited('a', 100);
    activity.answered('a', false);
    activity.answered('a', true);
    activity.worked('b', true);
    expect(Object.fromEntries(activity.take())).toEqual({
      a: { databaseMs: 15, waitMs: 103, transactions: 2, rows: 3, requests: 2, errors: 1, jobs: 0 },
      b: { databaseMs: 0, waitMs: 0, transactions: 0, rows: 0, requests: 0, errors: 1, jobs: 1 },
    });
    expect(activity.take()).toEqual([]);
  });

  it('gives the busiest by each count, and holds no more than a thousand', () => {
    const activity = new ShopActivity();
    activity.worked('works', false);
    activity.waited('waits', 1e9);
    for (let i = 0; i < 5000; i++) activity.transacted(`shop ${i}`, i % 500, 0, 1);
    const taken = activity.take();
    const shops = taken.map(([shopId]) => shopId);
    expect(shops).toEqual(expect.arrayContaining(['works', 'waits', 'shop 499', 'shop 997']));
    expect(shops).not.toContain('shop 100');
    expect(shops).not.toContain('shop 4999'); // came too late
    expect(new Set(shops).size).toBe(shops.length);
    expect(shops.length).toBeLessThanOrEqual(7 * 40);
  });
});
