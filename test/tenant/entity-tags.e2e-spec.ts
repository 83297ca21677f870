import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Answer, Api } from '../support/api';
import { withClient } from '../support/database';
import { newMember, newOrder, newOwner, newProduct, type Owner } from '../support/factories';
import { blamedIn, problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';
import { untilTrue } from '../support/until';

const app = useTestApp();
let owner: Owner;
let product: { id: string; variants: { id: string }[] };
let path: string;

beforeEach(async () => {
  owner = await newOwner(app.api);
  product = await newProduct(owner.api, { stock: 10 });
  path = `products/${product.id}`;
});

const tagIn = ({ headers }: Answer) => headers.get('etag');
const tagOf = async (url = path): Promise<string> => tagIn(await owner.api.get(url))!; // asserted below
const get = (url: string, headers: Record<string, string>) => owner.api.raw('GET', url, undefined, headers);
const outcome = (answer: Answer) => (answer.status < 400 ? String(answer.status) : problemIn(answer));

function change(url: string, ifMatch: string, body: object, api: Api = owner.api): Promise<Answer> {
  return api.raw('PATCH', url, JSON.stringify(body), {
    'content-type': 'application/json',
    'if-match': ifMatch,
  });
}

const act = (action: string, ifMatch: string) =>
  owner.api.raw('POST', action, undefined, { 'if-match': ifMatch });

/** Counts equal outcomes. */
function countOf(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[outcome(answer)] = (counts[outcome(answer)] ?? 0) + 1;
  return counts;
}

const ONE_OF_TWENTY = { '200': 1, '412 PRECONDITION_FAILED': 19 };

describe('the ETag', () => {
  it('of a change is that of the next GET', async () => {
    const created = await owner.api.post('products', { name: 'Tea', priceMinor: 1 });
    const changed = await owner.api.patch(path, { name: 'Changed' });
    const tea = await newProduct(owner.api);
    const sold = await owner.api.post('orders', { lines: [{ productId: tea.id, quantity: 1 }] });
    const soldAgain = await tagOf(`orders/${sold.body.id}`);
    const paid = await owner.api.post(`orders/${sold.body.id}/pay`);
    const shop = await owner.api.post('shops', { name: 'Another' });
    const renamed = await owner.api.patch(`shops/${owner.shop.id}`, { name: 'Renamed' });
    const pairs: [Answer, string][] = [
      [created, `products/${created.body.id}`],
      [changed, path],
      [paid, `orders/${sold.body.id}`],
      [shop, `shops/${shop.body.id}`],
      [renamed, `shops/${owner.shop.id}`],
    ];
    for (const [answer, url] of pairs) expect([url, await tagOf(url)]).toEqual([url, tagIn(answer)]);
    expect(soldAgain).toBe(tagIn(sold));
    expect(soldAgain).not.toBe(tagIn(paid));
    expect(soldAgain).toMatch(/^"[\w-]{22}"$/);
  });

  it('of a repeated POST is that of the first answer', async () => {
    const send = () =>
      owner.api.raw('POST', 'products', '{"name":"Tea","priceMinor":1}', {
        'content-type': 'application/json',
        'idempotency-key': 'a',
      });
    const [first, second] = [await send(), await send()];
    expect([tagIn(second), second.headers.get('idempotency-replayed')]).toEqual([tagIn(first), 'true']);
  });

  it('of a product moves with a sale and with its cancellation', async () => {
    const before = await tagOf();
    const { id } = await newOrder(owner.api, product.id);
    const sold = await tagOf();
    await owner.api.post(`orders/${id}/cancel`);
    expect(sold).not.toBe(before);
    expect(await tagOf()).not.toBe(sold);
  });

  it('is on every route that shows one resource, and on no list', async () => {
    const document = (await app.api.get('/openapi.json')).body as OpenAPIObject;
    const gets = Object.entries(document.paths).flatMap(([route, { get: found }]) =>
      found === undefined ? [] : [[route, found.responses] as const],
    );
    const one = gets.filter(([route]) => /(?:\{id\}|\/settings)$/.test(route)); // the settings are one resource of the shop
    expect(one.length).toBeGreaterThanOrEqual(4);
    const tagged = gets.filter(([, responses]) => '304' in responses).map(([route]) => route);
    expect(tagged).toEqual(one.map(([route]) => route));
    expect(tagIn(await owner.api.get('products'))).toBeNull();
  });
});

describe('If-None-Match', () => {
  it('answers 304 without a body while the resource is the same', async () => {
    const order = await newOrder(owner.api, product.id);
    for (const url of [path, `orders/${order.id}`, `shops/${owner.shop.id}`]) {
      const tag = await tagOf(url);
      for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
        const same = await get(url, { 'if-none-match': header });
        expect([same.status, same.body, tagIn(same)]).toEqual([304, undefined, tag]);
      }
      expect((await get(url, { 'if-none-match': '"x"' })).status).toBe(200);
    }
  });

  it('answers 200 after a sale', async () => {
    const tag = await tagOf();
    await newOrder(owner.api, product.id);
    const after = await get(path, { 'if-none-match': tag });
    expect([after.status, after.body.stock]).toEqual([200, 9]);
  });

  it('answers 404 for a resource that is not there', async () => {
    expect((await get(`products/${randomUUID()}`, { 'if-none-match': '*' })).status).toBe(404);
  });
});

describe('If-Match', () => {
  it('keeps the change of the first of two people', async () => {
    const staff = await newMember(owner);
    const tag = await tagOf();
    const first = await change(path, tag, { name: 'First' });
    const second = await change(path, tag, { vendor: 'Second' }, staff.inShop);
    expect([first, second].map(outcome)).toEqual(['200', '412 PRECONDITION_FAILED']);
    expect((await owner.api.get(path)).body).toEqual(first.body);
    expect(outcome(await change(path, tagIn(first)!, { vendor: 'Second' }, staff.inShop))).toBe('200');
  });

  it('does not put sold stock back', async () => {
    const tag = await tagOf();
    await newOrder(owner.api, product.id, 3);
    expect(outcome(await change(path, tag, { stock: 10 }))).toBe('412 PRECONDITION_FAILED');
    expect((await owner.api.get(path)).body.stock).toBe(7);
  });

  it('loses no sale that comes at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await newProduct(owner.api, { stock: 10 });
      const url = `products/${id}`;
      const tag = await tagOf(url);
      const sales = Array.from({ length: 10 }, () => newOrder(owner.api, id));
      const [changed] = await Promise.all([change(url, tag, { stock: 10, name: 'Changed' }), ...sales]);
      expect(['200', '412 PRECONDITION_FAILED']).toContain(outcome(changed));
      expect((await owner.api.get(url)).body.stock).toBe(0);
    }
  });

  it('lets one of twenty changes of a product win', async () => {
    const tag = await tagOf();
    const names = Array.from({ length: 20 }, (_, i) => `Name ${i}`);
    const answers = await Promise.all(names.map((name) => change(path, tag, { name })));
    expect(countOf(answers)).toEqual(ONE_OF_TWENTY);
    const winner = answers.find(({ status }) => status === 200);
    expect((await owner.api.get(path)).body).toEqual(winner?.body);
  });

  it('lets one of twenty changes of a shop win', async () => {
    const url = `shops/${owner.shop.id}`;
    const tag = await tagOf(url);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => change(url, tag, { name: `Name ${i}` })),
    );
    expect(countOf(answers)).toEqual(ONE_OF_TWENTY);
  });

  it.each(['pay', 'cancel'])('lets one of twenty win who %s an order', async (action) => {
    const { id } = await newOrder(owner.api, product.id);
    const tag = await tagOf(`orders/${id}`);
    const answers = await Promise.all(Array.from({ length: 20 }, () => act(`orders/${id}/${action}`, tag)));
    expect(countOf(answers)).toEqual(ONE_OF_TWENTY);
  });

  it.each([
    ['PATCH', 'products', ''],
    ['DELETE', 'products', ''],
    ['PATCH', 'shops', ''],
    ['POST', 'orders', '/pay'],
    ['POST', 'orders', '/cancel'],
  ])('is compared after a change that is under way: %s %s%s', async (method, kind, action) => {
    const ids: Record<string, string> = { products: product.id, shops: owner.shop.id };
    const id = ids[kind] ?? (await newOrder(owner.api, product.id)).id;
    const table = `${kind === 'shops' ? 'public' : `shop_${owner.shop.id.replaceAll('-', '')}`}.${kind}`;
    const tag = await tagOf(`${kind}/${id}`);
    const answer = await withClient(app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`UPDATE ${table} SET updated_at = now() + interval '1 s' WHERE id = $1`, [id]);
      const asked =
        method === 'PATCH'
          ? change(`${kind}/${id}`, tag, { name: 'Changed' })
          : owner.api.raw(method, `${kind}/${id}${action}`, undefined, { 'if-match': tag });
      await untilTrue(async () => (await waiting()) === 1);
      await client.query('COMMIT');
      return asked;
    });
    expect(outcome(answer)).toBe('412 PRECONDITION_FAILED');
  });

  it('refuses to fulfil an order that has changed', async () => {
    const { id } = await newOrder(owner.api, product.id);
    const tag = await tagOf(`orders/${id}`);
    const paid = await owner.api.post(`orders/${id}/pay`);
    expect(outcome(await act(`orders/${id}/fulfil`, tag))).toBe('412 PRECONDITION_FAILED');
    expect(outcome(await act(`orders/${id}/fulfil`, tagIn(paid)!))).toBe('200');
  });

  it('refuses to remove a product that has changed', async () => {
    const stale = await tagOf();
    await newOrder(owner.api, product.id);
    const remove = (tag: string) => owner.api.raw('DELETE', path, undefined, { 'if-match': tag });
    expect(outcome(await remove(stale))).toBe('412 PRECONDITION_FAILED');
    expect(outcome(await remove(await tagOf()))).toBe('204');
    expect(outcome(await remove(stale))).toBe('404 PRODUCT_NOT_FOUND');
  });

  it('lets a stale GET fail', async () => {
    const tag = await tagOf();
    expect((await get(path, { 'if-match': tag })).status).toBe(200);
    await newOrder(owner.api, product.id);
    expect(problemIn(await get(path, { 'if-match': tag }))).toBe('412 PRECONDITION_FAILED');
  });

  it('takes * and lists, and no weak tag', async () => {
    const tried: [string, string][] = [
      ['*', '200'],
      [`"x", ${await tagOf()}`, '412 PRECONDITION_FAILED'], // the change before has moved it
      ['W/"x"', '412 PRECONDITION_FAILED'],
      ['abc', '400 VALIDATION_FAILED'],
      ['"abc', '400 VALIDATION_FAILED'],
    ];
    for (const [header, expected] of tried)
      expect([header, outcome(await change(path, header, { name: header }))]).toEqual([header, expected]);
    const tag = await tagOf();
    expect(outcome(await change(path, `W/${tag}`, { name: 'weak' }))).toBe('412 PRECONDITION_FAILED');
    expect(outcome(await change(path, `"x", ${tag}`, { name: 'listed' }))).toBe('200');
    expect(outcome(await change(`products/${randomUUID()}`, '*', { name: 'x' }))).toBe(
      '404 PRODUCT_NOT_FOUND',
    );
  });
});

/** Sessions of the database that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await app.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row!.count; // an aggregate has one row
}

describe('a condition that a route would ignore', () => {
  it.each([
    ['POST', 'products', 'if-match'],
    ['GET', 'products', 'if-match'],
    ['GET', 'orders/export', 'if-match'],
    ['POST', 'products', 'if-none-match'],
    ['PATCH', 'products/{id}', 'if-none-match'],
    ['DELETE', 'products/{id}', 'if-none-match'],
  ])('is refused: %s %s %s', async (method, to, header) => {
    const answer = await owner.api.raw(method, to.replace('{id}', product.id), undefined, { [header]: '*' });
    expect([problemIn(answer), blamedIn(answer)]).toEqual(['400 VALIDATION_FAILED', [header]]);
  });
});
