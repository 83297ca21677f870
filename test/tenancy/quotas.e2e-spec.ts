import { newOwner, newProduct, type Owner } from '../support/factories';
import { newOperator, useOperators } from '../support/operators';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({}, { times: { ...CACHE_TIMES, usageCacheMs: 50 } });
const operators = useOperators(app);

const WARNING = 'x-quota-warning';
const CSV = 'Handle,Title,Variant Price\nmug,Mug,5\n';
const schemaOf = ({ shop }: Owner) => `shop_${shop.id.replaceAll('-', '')}`;
const setLimits = ({ shop }: Owner, limits: object) =>
  app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [shop.id, JSON.stringify(limits)]);
const addTo = ({ api }: Owner) => api.post('customers', { name: 'Ada' });
const usageOf = async ({ shop }: Owner) => {
  const [usage] = await app.database.query<{ rows: string; bytes: string }>(
    'SELECT rows, bytes FROM measure_shop($1, 0)',
    [shop.id],
  );
  return { rows: Number(usage!.rows), bytes: Number(usage!.bytes) };
};

/** Waits until the statistics have these rows, some more or less, which transactions report within seconds. */
async function fill(owner: Owner, rows: number): Promise<number> {
  await app.database.query(
    `INSERT INTO ${schemaOf(owner)}.customers (id, name) SELECT gen_random_uuid(), 'Filler' FROM generate_series(1, $1::int)`,
    [rows],
  );
  return (
    await until(
      () => usageOf(owner),
      (usage) => usage.rows >= rows,
    )
  ).rows;
}

describe('quota of rows', () => {
  it('refuses what adds, and neither reads nor changes nor removals', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const product = await newProduct(owner.api);
    const rows = await fill(owner, 200);
    expect((await addTo(owner)).headers.get(WARNING)).toBeNull();
    await setLimits(owner, { rows });
    await until(
      () => addTo(owner),
      ({ status }) => status === 403,
    );
    const { api } = owner;
    const variant = { priceMinor: 1, options: { Size: 'L' } };
    const adding = [
      await api.post('products', { name: 'Mug', priceMinor: 1 }),
      await api.post(`products/${product.id}/variants`, variant),
      await api.post('orders', { lines: [{ productId: product.id, quantity: 1 }] }),
      await api.raw('POST', 'products/import', CSV as never, { 'content-type': 'text/csv' }),
      await api.post('variants/bulk', { variants: [{ id: product.variants[0].id, delta: 1 }] }),
      await api.patch(`products/${product.id}`, { variants: [{ id: product.variants[0].id }, variant] }),
    ];
    expect(adding.map(problemIn)).toEqual(adding.map(() => '403 QUOTA_EXCEEDED'));
    expect((await api.get('products')).body.items).toHaveLength(1);
    expect((await api.patch(`products/${product.id}`, { name: 'Bowl' })).status).toBe(200);
    const { id: variantId } = product.variants[0];
    const changed = await api.patch(`products/${product.id}`, {
      variants: [{ id: variantId, priceMinor: 2 }],
    });
    expect(changed.status).toBe(200);
    expect((await api.post(`variants/${variantId}/stock`, { delta: 1, reason: 'Found' })).status).toBe(200);
    expect((await api.delete(`products/${product.id}`)).status).toBe(204);
    expect((await addTo(other)).status).toBe(201);
  });

  it('warns from 80 % on, in the answer and in the list of operators', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const rows = await fill(owner, 200);
    await setLimits(owner, { rows: Math.ceil(rows / 0.9) });
    const warned = await until(
      () => addTo(owner),
      ({ headers }) => headers.get(WARNING) !== null,
    );
    expect(warned.status).toBe(201);
    expect(warned.headers.get(WARNING)).toMatch(/^rows (89|9\d)%$/);
    const { api: operator } = await newOperator(app, operators, 'viewer');
    const { items } = (await operator.get('shops')).body as {
      items: { id: string; quotaWarning: unknown }[];
    };
    const warnings = new Map(items.map(({ id, quotaWarning }) => [id, quotaWarning]));
    expect(warnings.get(owner.shop.id)).toMatch(/^rows (89|9\d)%$/);
    expect(warnings.get(other.shop.id)).toBeNull();
  });

  it('has room again once rows are gone or the limit is higher', async () => {
    const owner = await newOwner(app.api);
    await fill(owner, 200);
    await setLimits(owner, { rows: 100 });
    const outcome = async () => (await addTo(owner)).status;
    await until(outcome, (status) => status === 403);
    await app.database.query(`DELETE FROM ${schemaOf(owner)}.customers WHERE name = 'Filler'`);
    await until(outcome, (status) => status === 201);
  });
});

describe('quota of storage', () => {
  it('counts tables, indexes and long texts', async () => {
    const owner = await newOwner(app.api);
    const schema = schemaOf(owner);
    await app.database.query(
      `INSERT INTO ${schema}.customers (id, name) SELECT gen_random_uuid(),
         (SELECT string_agg(md5(i::text || j::text), '') FROM generate_series(1, 300) j) FROM generate_series(1, 200) i`,
    );
    await app.database.query(`VACUUM (ANALYZE) ${schema}.customers`);
    const [{ size } = { size: '0' }] = await app.database.query<{ size: string }>(
      `SELECT pg_table_size('${schema}.customers') + pg_indexes_size('${schema}.customers') AS size`,
    );
    const { bytes } = await usageOf(owner);
    expect(bytes).toBeGreaterThan(1_500_000);
    expect(Math.abs(bytes / Number(size) - 1)).toBeLessThan(0.2);
    await setLimits(owner, { storageMiB: 1 });
    const refused = await until(
      () => addTo(owner),
      ({ status }) => status === 403,
    );
    expect(refused.body.detail).toMatch(/storage \d{3}%/);
  });
});

describe('a measurement', () => {
  it('is kept for others, and not made for a shop without quotas', async () => {
    const [limited, free] = [await newOwner(app.api), await newOwner(app.api)];
    await setLimits(free, { rows: null, storageMiB: null });
    await until(
      async () => {
        await Promise.all([addTo(limited), addTo(free)]);
        return app.database.query<{ id: string }>(
          'SELECT shop_id AS id FROM shop_usage WHERE shop_id = ANY ($1)',
          [[limited.shop.id, free.shop.id]],
        );
      },
      (rows) => rows.length > 0,
    );
    await app.database.query('UPDATE shop_usage SET rows = 77 WHERE shop_id = $1', [limited.shop.id]);
    const measured = await app.database.query<{ rows: string }>('SELECT rows FROM measure_shop($1, 60000)', [
      limited.shop.id,
    ]);
    expect(Number(measured[0]!.rows)).toBe(77);
    expect((await usageOf(limited)).rows).not.toBe(77);
  });

  it('of a shop without a schema, or of none, is nothing', async () => {
    const nobody = { shop: { id: '0198c0de-0000-7000-8000-000000000000' } } as Owner;
    expect(await usageOf(nobody)).toEqual({ rows: 0, bytes: 0 });
  });
});
