import { newOwner, newProduct, type Owner } from '../support/factories';
import { REDIS, startRedis, type TestRedis } from '../support/redis';
import { startTestApp, type TestApp } from '../support/test-app';

if (REDIS === undefined) process.stdout.write('skipped, Redis is not installed: cached counts of lists\n');

(REDIS === undefined ? describe.skip : describe)('counts of products, with Redis and two processes', () => {
  let redis: TestRedis;
  let apps: [TestApp, TestApp];
  let owner: Owner;

  beforeAll(async () => {
    redis = await startRedis();
    const first = await startTestApp({ REDIS_URL: redis.url });
    apps = [first, await startTestApp({ REDIS_URL: redis.url }, { database: first.database })];
    owner = await newOwner(first.api);
  });
  afterAll(async () => {
    await apps[1].close();
    await apps[0].close();
    await redis.stop();
  });

  const countIn = async ({ api }: TestApp, query = '') => {
    const { body } = await api.as(owner.accessToken).get(`products?count=true&limit=1${query}`);
    return body.count as number;
  };

  it('are right after each write, in both', async () => {
    for (let i = 1; i <= 3; i++) {
      await newProduct(apps[i % 2]!.api.as(owner.accessToken), { type: 'Shirts', stock: 1 });
      expect([await countIn(apps[0]), await countIn(apps[1])]).toEqual([i, i]);
    }
    const inStock = '&inStock=true';
    const [first] = (await owner.api.get('products?limit=1')).body.items as { id: string }[];
    expect(await countIn(apps[0], inStock)).toBe(3);
    await apps[1].api
      .as(owner.accessToken)
      .post('orders', { lines: [{ productId: first!.id, quantity: 1 }] });
    expect(await countIn(apps[0], inStock)).toBe(2);
    expect(await countIn(apps[0], '&type=Bags')).toBe(0);
  });

  it('are kept until then', async () => {
    const before = await countIn(apps[0]);
    const schema = `shop_${(owner.shop.id as string).replaceAll('-', '')}`;
    await apps[0].database.query(
      `INSERT INTO ${schema}.products (id, handle, name, currency, status) VALUES (gen_random_uuid(), 'unseen', 'x', 'EUR', 'active')`,
    );
    expect(await countIn(apps[1])).toBe(before);
    await newProduct(owner.api);
    expect(await countIn(apps[1])).toBe(before + 2);
  });
});
