import type { Answer, Api } from '../support/api';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { REDIS, startRedis } from '../support/redis';
import { CACHE_TIMES } from '../support/sizes';
import { startTestApp, useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });

const setLimits = ({ shop }: Owner, limits: object) =>
  app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [shop.id, JSON.stringify(limits)]);

async function ownerWith(limits: object): Promise<Owner> {
  const owner = await newOwner(app.api);
  await setLimits(owner, limits);
  return owner;
}

const list = (api: Api) => api.get('products?limit=1');
const rateOf = ({ headers }: Answer) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];

/** Sends requests until one is refused. @returns number of those before it, and the refusal */
async function untilLimited(apis: readonly Api[], most: number): Promise<{ served: number; last: Answer }> {
  for (let served = 0; ; served++) {
    const last = await list(apis[served % apis.length]!);
    if (last.status !== 200 || served > most) return { served, last };
  }
}

describe('rate limit of a shop', () => {
  it('tells each answer what is left, and refuses what exceeds it until the window ends', async () => {
    const owner = await ownerWith({ requestsPerMinute: 4 });
    const answers: Answer[] = [];
    for (let i = 0; i < 5; i++) answers.push(await list(owner.api));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429]);
    expect(problemIn(answers.at(-1)!)).toBe('429 RATE_LIMITED');
    expect(answers.at(-1)!.body.detail).toMatch(/ 4 requests in 60 s; the next in \d+ s\.$/);
    for (const answer of answers) expect(rateOf(answer)[0]).toBe('"shop";q=4;w=60');
    const left = answers.map((answer) => /^"shop";r=(\d+);t=(\d+)$/.exec(rateOf(answer)[1]!)!);
    expect(left.map(([, r]) => r)).toEqual(['3', '2', '1', '0', '0']);
    const [, , seconds] = left.at(-1)!;
    expect(answers.at(-1)?.headers.get('retry-after')).toBe(seconds);
    expect(Number(seconds)).toBeGreaterThan(0);
  });

  it('begins anew with the next window', async () => {
    const owner = await ownerWith({ requestsPerMinute: 120, requestBurst: 2 }); // in each second
    expect((await untilLimited([owner.api], 50)).last.status).toBe(429);
    await until(
      () => list(owner.api),
      ({ status }) => status === 200,
    );
  });

  it('counts refused requests of members too, and not those of routes outside of a shop', async () => {
    const owner = await ownerWith({ requestsPerMinute: 2 });
    expect(rateOf(await owner.api.get('shops'))).toEqual([null, null]);
    expect((await owner.api.get('products/00000000-0000-7000-8000-000000000000')).status).toBe(404);
    await list(owner.api);
    expect(problemIn(await list(owner.api))).toBe('429 RATE_LIMITED');
    expect((await owner.api.get('shops')).status).toBe(200);
  });

  it('leaves other shops alone, and those without a limit', async () => {
    const [busy, other, free] = [
      await ownerWith({ requestsPerMinute: 1 }),
      await ownerWith({ requestsPerMinute: 1 }),
      await ownerWith({ requestsPerMinute: null }),
    ];
    await untilLimited([busy.api], 5);
    expect((await list(other.api)).status).toBe(200);
    const answer = await list(free.api);
    expect([answer.status, ...rateOf(answer)]).toEqual([200, null, null]);
  });

  it('is in force soon after a change, higher or lower', async () => {
    const owner = await ownerWith({ requestsPerMinute: 1 });
    await untilLimited([owner.api], 5);
    await setLimits(owner, { requestsPerMinute: 100_000 });
    await until(
      () => list(owner.api),
      ({ status }) => status === 200,
    );
    await setLimits(owner, { requestsPerMinute: 1 });
    await until(
      () => list(owner.api),
      ({ status }) => status === 429,
    );
  });

  it('holds for all processes together, but for a slice of each', async () => {
    const other = await startTestApp({}, { database: app.database, times: CACHE_TIMES });
    try {
      const owner = await ownerWith({ requestsPerMinute: 40 });
      const [here, there] = [owner.api, other.api.as(owner.api.token)];
      const { served } = await untilLimited([here, there], 200);
      const slice = 2;
      expect(served).toBeGreaterThanOrEqual(40);
      expect(served).toBeLessThanOrEqual(40 + 2 * (slice + 1)); // one more each while an account is on its way
      await until(
        () => untilLimited([here, there], 200).then(({ served: more }) => more),
        (more) => more === 0,
      );
      const [row] = await app.database.query<{ points: number }>(
        'SELECT points FROM request_limits WHERE key LIKE $1',
        [`%${owner.shop.id} 40 60`],
      );
      expect(row!.points).toBeGreaterThanOrEqual(40 - 2 * slice);
    } finally {
      await other.close();
    }
  });

  it('holds in each process by itself while counts cannot be shared', async () => {
    const owner = await ownerWith({ requestsPerMinute: 30 });
    await app.database.query('ALTER TABLE request_limits RENAME TO gone');
    const { served, last } = await untilLimited([owner.api], 100);
    await app.database.query('ALTER TABLE gone RENAME TO request_limits');
    expect([served, problemIn(last)]).toEqual([30, '429 RATE_LIMITED']);
  });

  it('holds as well when the Redis server cannot be reached', async () => {
    const other = await startTestApp(
      { REDIS_URL: 'redis://127.0.0.1:1' },
      { database: app.database, times: CACHE_TIMES },
    );
    try {
      const owner = await ownerWith({ requestsPerMinute: 30 });
      const { served, last } = await untilLimited([other.api.as(owner.api.token)], 100);
      expect([served, problemIn(last)]).toEqual([30, '429 RATE_LIMITED']);
    } finally {
      await other.close();
    }
  });
});

if (REDIS === undefined)
  process.stdout.write('skipped, Redis is not installed: rate limits counted in Redis\n');

(REDIS === undefined ? describe.skip : describe)('rate limit counted in Redis', () => {
  it('holds for all processes together, also when Redis was away for a while', async () => {
    let redis = await startRedis();
    const settings = { REDIS_URL: redis.url };
    const options = { database: app.database, times: CACHE_TIMES };
    const two = [await startTestApp(settings, options), await startTestApp(settings, options)];
    const apisOf = ({ api }: Owner) => two.map((one) => one.api.as(api.token));
    try {
      const owner = await ownerWith({ requestsPerMinute: 40 });
      const { served } = await untilLimited(apisOf(owner), 200);
      expect(served).toBeGreaterThanOrEqual(40);
      expect(served).toBeLessThanOrEqual(46); // a slice of two each, and one on its way
      const known = await app.database.query('SELECT 1 FROM request_limits WHERE key LIKE $1', [
        `%${owner.shop.id}%`,
      ]);
      expect(known).toEqual([]);

      await redis.stop();
      const away = await ownerWith({ requestsPerMinute: 40 });
      expect((await untilLimited(apisOf(away), 200)).served).toBe(80); // each process by itself
      redis = await startRedis(Number(new URL(redis.url).port));
      await until(
        async () => untilLimited(apisOf(await ownerWith({ requestsPerMinute: 40 })), 200),
        ({ served: now }) => now <= 46,
      );
    } finally {
      await Promise.all(two.map((one) => one.close()));
      await redis.stop();
    }
  });
});
