import type { Answer, Api } from '../../support/api';
import { newOwner, newProduct } from '../../support/factories';
import { backUp, operate, rowsOf, useBackupFolder } from '../../support/lifecycle';
import { useTestApp } from '../../support/test-app';

const CLIENTS = 8;
const SWAPS = 6;

describe('the exchange of the data of a shop that sells', () => {
  const app = useTestApp();
  const folder = useBackupFolder();

  /** Reads and sells without a pause until `stop` is set. @returns answers that are no success, and the number of all */
  function trade(api: Api, productId: string) {
    const state = { isOver: false, failed: [] as Answer[], answers: 0, slowestMs: 0 };
    const lines = [{ productId, quantity: 1 }];
    const asks = [
      () => api.post('orders', { lines }),
      () => api.get('products?limit=20'),
      () => api.patch(`products/${productId}`, { description: String(Math.random()) }),
      () => api.get('orders?limit=5'),
    ];
    const client = async (at: number) => {
      for (let i = at; !state.isOver; i++) {
        const started = performance.now();
        const answer = await asks[i % asks.length]!();
        state.slowestMs = Math.max(state.slowestMs, performance.now() - started);
        state.answers++;
        if (answer.status >= 300) state.failed.push(answer);
      }
    };
    const running = Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)));
    return { state, stop: () => ((state.isOver = true), running) };
  }

  it('fails no request, and leaves each order on one side', async () => {
    const owner = await newOwner(app.api);
    const other = await newOwner(app.api);
    const product = await newProduct(owner.api, { stock: 1_000_000 });
    await newProduct(other.api);
    const untouched = await rowsOf(app, other.shop.id);
    const file = await backUp(app, folder.path, owner.shop.id);
    const { state, stop } = trade(owner.api, product.id);
    const shop = { id: owner.shop.id as string, slug: owner.shop.slug as string };
    const done = await operate(app, {
      kind: 'restore',
      shop,
      isExclusive: true,
      input: { file, as: null, over: shop.id, tables: null },
    });
    expect(done).toMatchObject({ state: 'done', error: null });
    for (let i = 1; i < SWAPS; i++)
      expect(
        await operate(app, { kind: 'undo-restore', shop, isExclusive: true, input: { shop: shop.id } }),
      ).toMatchObject({ state: 'done', error: null });
    await stop();
    expect(state.failed.map(({ status, body }) => [status, body.code, body.detail])).toEqual([]);
    expect(state.answers).toBeGreaterThan(SWAPS * CLIENTS);
    const schemas = await app.database.query<{ schema: string }>(
      `SELECT 'shop_' || replace(shop_id::text, '-', '') AS schema FROM held_tenants WHERE of_shop = $1
       UNION SELECT 'shop_' || replace($1::text, '-', '')`,
      [shop.id],
    );
    expect(schemas).toHaveLength(2);
    for (const { schema } of schemas) {
      const [sums] = await app.database.query<{
        lines: number;
        taken: number;
        numbers: number;
        last: number;
      }>(
        `SELECT (SELECT sum(quantity)::int FROM ${schema}.order_lines) AS lines,
           (SELECT 1000000 - stock FROM ${schema}.product_variants) AS taken,
           (SELECT count(*)::int FROM ${schema}.orders) AS numbers,
           (SELECT max(number)::int FROM ${schema}.orders) AS last`,
      );
      expect([sums!.taken, sums!.last]).toEqual([sums!.lines, sums!.numbers]);
      expect(sums!.numbers).toBeGreaterThan(0);
    }
    expect(await rowsOf(app, other.shop.id)).toEqual(untouched);
  });
});
