import { createLogger } from '../../src/common/logger';
import { type CacheStore, MemoryStore, RedisStore } from '../../src/tenancy/cache-store';
import { openRedis } from '../../src/tenancy/redis';
import { TenantCache } from '../../src/tenancy/tenant-cache';
import { REDIS, startRedis, type TestRedis } from '../support/redis';
import { until } from '../support/until';

const ADA = { shopId: '0196b7f0-0000-7000-8000-00000000000a' };
const BOB = { shopId: '0196b7f0-0000-7000-8000-00000000000b' };
const MINUTE = { ttlMs: 60_000 };
const logger = createLogger('silent');
const cacheOf = (store: CacheStore) => new TenantCache(store, logger);

/** Counts the makings of a value. */
function counter(): { make: () => Promise<number>; readonly made: number } {
  let made = 0;
  return {
    make: () => Promise.resolve(++made),
    get made() {
      return made;
    },
  };
}

/** A moment that the test chooses. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const itKeepsValues = (open: () => TenantCache) => {
  it('makes a value once', async () => {
    const [cache, value] = [open(), counter()];
    for (let i = 0; i < 3; i++) expect(await cache.remember(ADA, 'once', MINUTE, value.make)).toBe(1);
  });

  it('keeps the values of two shops apart, whatever their names say', async () => {
    const [cache, value] = [open(), counter()];
    const names = ['same', `tenant:${BOB.shopId}:value:same`, `${BOB.shopId}:value:same`, '../same'];
    const values = new Set<number>();
    for (const shop of [ADA, BOB])
      for (const name of names) values.add(await cache.remember(shop, name, MINUTE, value.make));
    expect(values.size).toBe(2 * names.length);
  });

  it('makes a value again after a write of what it depends on, and only then', async () => {
    const [cache, ofAny, ofProducts] = [open(), counter(), counter()];
    const read = async () => [
      await cache.remember(ADA, 'any', MINUTE, ofAny.make),
      await cache.remember(ADA, 'products', { ...MINUTE, of: 'products' }, ofProducts.make),
    ];
    expect(await read()).toEqual([1, 1]);
    await cache.forget(ADA, ['orders']);
    expect(await read()).toEqual([2, 1]);
    await cache.forget(ADA, ['products']);
    expect(await read()).toEqual([3, 2]);
    await cache.forget(BOB, ['products']);
    expect(await read()).toEqual([3, 2]);
    await cache.forgetShop(ADA.shopId);
    expect(await read()).toEqual([4, 3]);
  });

  it('does not keep a value that was made from data of before a write', async () => {
    const cache = open();
    const [reading, writing] = [gate(), gate()];
    const old = cache.remember(ADA, 'race', MINUTE, async () => {
      reading.open(); // has read the data, and is slow to answer
      await writing.opened;
      return 'before';
    });
    await reading.opened;
    await cache.forget(ADA, []);
    writing.open();
    expect(await old).toBe('before');
    expect(await cache.remember(ADA, 'race', MINUTE, () => Promise.resolve('after'))).toBe('after');
  });

  it('keeps no error', async () => {
    const cache = open();
    await expect(cache.remember(ADA, 'fails', MINUTE, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(await cache.remember(ADA, 'fails', MINUTE, () => Promise.resolve(1))).toBe(1);
  });

  it('does not let a caller change the value of another', async () => {
    const cache = open();
    const make = () => Promise.resolve({ list: [1] });
    await cache.remember(ADA, 'object', MINUTE, make);
    (await cache.remember(ADA, 'object', MINUTE, make)).list.push(2);
    expect(await cache.remember(ADA, 'object', MINUTE, make)).toEqual({ list: [1] });
  });

  it('forgets a value after its time', async () => {
    const [cache, value] = [open(), counter()];
    await cache.remember(ADA, 'short', { ttlMs: 20 }, value.make);
    await until(
      () => cache.remember(ADA, 'short', { ttlMs: 20 }, value.make),
      (found) => found > 1,
    );
  });
};

describe('a cache in the process', () => {
  itKeepsValues(() => cacheOf(new MemoryStore()));

  it('keeps no value that is too long', async () => {
    const [cache, value] = [cacheOf(new MemoryStore()), counter()];
    const long = async () => `${await value.make()}`.padEnd(600_000);
    for (let i = 0; i < 2; i++) await cache.remember(ADA, 'long', MINUTE, long);
    expect(value.made).toBe(2);
  });

  it('forgets the oldest of too many values, and no value returns with a forgotten generation', async () => {
    const [cache, value] = [cacheOf(new MemoryStore()), counter()];
    await cache.remember(ADA, 'oldest', MINUTE, value.make);
    for (let i = 0; i < 50_000; i++)
      await cache.remember(BOB, `value ${i}`, MINUTE, () => Promise.resolve(i));
    expect(await cache.remember(ADA, 'oldest', MINUTE, value.make)).toBe(2);
  });
});

if (REDIS === undefined)
  process.stdout.write('skipped, Redis is not installed: the cache of several processes\n');

(REDIS === undefined ? describe.skip : describe)('a cache in Redis', () => {
  let server: TestRedis;
  const stores: RedisStore[] = [];

  const newCache = async () => {
    const client = await openRedis(server.url, 1000, () => undefined);
    const store = new RedisStore(client);
    stores.push(store);
    await until(
      () => client.ping().catch(() => null),
      (answer) => answer === 'PONG',
    );
    return cacheOf(store);
  };
  let cache: TenantCache;

  beforeAll(async () => {
    server = await startRedis();
    cache = await newCache();
  });

  beforeEach(() => cache.forgetShop(ADA.shopId).then(() => cache.forgetShop(BOB.shopId)));

  afterAll(async () => {
    for (const store of stores) store.close();
    await server.stop();
  });

  itKeepsValues(() => cache);

  it('ends values in every process', async () => {
    const [other, value] = [await newCache(), counter()];
    await cache.remember(ADA, 'shared', MINUTE, value.make);
    expect(await other.remember(ADA, 'shared', MINUTE, value.make)).toBe(1);
    await other.forget(ADA, []);
    expect(await cache.remember(ADA, 'shared', MINUTE, value.make)).toBe(2);
  });

  it('makes values while Redis is frozen, and ends afterwards what was written meanwhile', async () => {
    const [other, value] = [await newCache(), counter()];
    expect(await other.remember(ADA, 'frozen', MINUTE, value.make)).toBe(1);
    server.signal('SIGSTOP');
    expect(await cache.remember(ADA, 'frozen', MINUTE, value.make)).toBe(2);
    await cache.forget(ADA, []);
    server.signal('SIGCONT');
    await until(
      async () => {
        const before = value.made;
        await cache.remember(ADA, 'kept', MINUTE, value.make);
        return value.made === before;
      },
      (isKept) => isKept,
    );
    expect(await other.remember(ADA, 'frozen', MINUTE, () => Promise.resolve(-1))).toBe(-1);
  });

  it('makes values while Redis is gone', async () => {
    await server.stop();
    const value = counter();
    for (let i = 1; i < 4; i++) expect(await cache.remember(ADA, 'gone', MINUTE, value.make)).toBe(i);
    await cache.forget(ADA, []);
    server = await startRedis(server.port);
    await until(
      async () => {
        const before = value.made;
        await cache.remember(ADA, 'gone', MINUTE, value.make);
        return value.made === before;
      },
      (isKept) => isKept,
    );
  });
});
