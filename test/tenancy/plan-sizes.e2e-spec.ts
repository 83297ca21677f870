import type { Api } from '../support/api';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { CACHE_TIMES } from '../support/sizes';
import { useTestApp } from '../support/test-app';
import { until } from '../support/until';

const app = useTestApp({}, { times: CACHE_TIMES });

/** Sets limits, and waits until they are in force. */
async function limit({ shop, api }: Owner, limits: object): Promise<void> {
  await app.database.query('UPDATE shops SET limits = $2 WHERE id = $1', [
    shop.id,
    JSON.stringify({ ...limits, pageSize: 20 }),
  ]);
  await until(
    () => api.get('products?limit=21'),
    ({ status }) => status === 400,
  );
}

const bytes = (length: number) => JSON.stringify({ name: 'a'.repeat(length - 11) });
const send = (api: Api, body: unknown, headers = {}) =>
  api.raw('POST', 'customers', body as never, { 'content-type': 'application/json', ...headers });

describe('bodyKiB of a plan', () => {
  it('bounds JSON bodies of the shop, to the byte, and no others', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    await limit(owner, { bodyKiB: 1 });
    expect(bytes(1024)).toHaveLength(1024);
    const tooLong = '400 VALIDATION_FAILED'; // the name itself, for which the body was read
    expect(problemIn(await send(owner.api, bytes(1024)))).toBe(tooLong);
    expect(problemIn(await send(owner.api, bytes(1025)))).toBe('413 BODY_TOO_LARGE');
    expect(problemIn(await send(other.api, bytes(1025)))).toBe(tooLong);
    expect((await owner.api.get('customers')).body.items).toEqual([]);
  });

  it('bounds bodies that do not say how long they are', async () => {
    const owner = await newOwner(app.api);
    await limit(owner, { bodyKiB: 1 });
    const body = new Blob([bytes(5000)]).stream();
    const answer = await fetch(`${app.url}/api/v1/customers`, {
      ...{ method: 'POST', body, duplex: 'half' },
      headers: { authorization: `Bearer ${owner.accessToken}`, 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(413);
  });

  it('leaves files alone', async () => {
    const owner = await newOwner(app.api);
    await limit(owner, { bodyKiB: 1 });
    const rows = Array.from({ length: 100 }, (_, i) => `mug-${i},Mug,5\n`);
    const csv = `Handle,Title,Variant Price\n${rows.join('')}`;
    const { body } = await owner.api.raw('POST', 'products/import', csv as never, {
      'content-type': 'text/csv',
    });
    expect(body).toMatchObject({ products: { created: 100 } });
  });
});

describe('pageSize of a plan', () => {
  it('bounds every list of the shop, and no other shop', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    await limit(owner, {});
    for (const list of ['products', 'orders', 'customers', 'variants', 'imports', 'audit']) {
      const refused = await owner.api.get(`${list}?limit=21`);
      expect([list, problemIn(refused), refused.body.errors[0].field]).toEqual([
        ...[list, '400 VALIDATION_FAILED', 'limit'],
      ]);
      expect([list, (await owner.api.get(`${list}?limit=20`)).status]).toEqual([list, 200]);
      expect([list, (await owner.api.get(list)).status]).toEqual([list, 200]);
      expect([list, (await other.api.get(`${list}?limit=100`)).status]).toEqual([list, 200]);
    }
  });

  it('leaves the message for what is no number to validation', async () => {
    const owner = await newOwner(app.api);
    await limit(owner, {});
    const refused = await owner.api.get('products?limit=2e1');
    expect(problemIn(refused)).toBe('400 VALIDATION_FAILED');
    expect(refused.body.errors[0].field).toBe('limit');
  });
});
