import { randomBytes, randomUUID } from 'node:crypto';
import type { Answer } from '../support/api';
import { BODY_ROUTES, fieldOf, productBody, withField, withText, type World } from '../support/body-routes';
import {
  created,
  newMember,
  newOrder,
  newOwner,
  newUser,
  newProduct,
  type Owner,
} from '../support/factories';
import { blamedIn, problemIn } from '../support/problem';
import { useTestApp } from '../support/test-app';

const JSON_TYPE = { 'content-type': 'application/json' };
const NUL = 'a\0b';
const CONTROL = 'a\u0001b';
const HALF_A_PAIR = 'a\ud800b';
const ABOUT_LIMITS = /longer|shorter|less than|greater than|each value|contain/;

const FIELDS = BODY_ROUTES.flatMap((route) =>
  Object.entries(route.fields).map(([name, field]) => ({ ...route, name, field })),
);

const app = useTestApp();
let owner: Owner;
let world: World;
let order: { id: string };
let customer: { id: string };

beforeAll(async () => {
  owner = await newOwner(app.api);
  world = {
    owner,
    product: await newProduct(owner.api),
    sold: await newProduct(owner.api, { stock: 1_000_000 }),
    variant: (await newProduct(owner.api)).variants[0],
    sized: await newProduct(owner.api, {
      ...{ sku: undefined, stock: undefined },
      variants: [{ optionValues: { Size: 'S' } }],
    }),
    staff: await newMember(owner),
    stranger: await newUser(app.api),
  };
  order = await newOrder(owner.api, world.sold.id);
  customer = created(await owner.api.post('customers', { name: 'Grace' })).body;
});

describe('a route with a body', () => {
  it.each(BODY_ROUTES)('accepts the good body of the table at $route', async ({ route, body, ok }) => {
    expect(await send(route, JSON.stringify(body(world)))).toMatchObject({ status: ok });
  });

  it.each(BODY_ROUTES)('refuses malformed JSON at $route', async ({ route }) => {
    const bodies = ['{', '{"a":}', '{"a":1}}', "{'a':1}", '{"a":1,}', '{"a":NaN}', '[1', '"x', 'x', '\0'];
    expect(await outcomes(bodies, (body) => send(route, body))).toEqual(all(bodies, '400 MALFORMED_BODY'));
  });

  it('refuses bytes that are not UTF-8 instead of storing something else', async () => {
    const body = Buffer.from('{"name":"caf\xe9","priceMinor":1}', 'latin1');
    expect(problemIn(await send('POST products', body))).toBe('400 MALFORMED_BODY');
  });

  it.each(BODY_ROUTES)('refuses JSON that is not an object at $route', async ({ route, body }) => {
    const bodies = ['[]', `[${JSON.stringify(body(world))}]`, '"x"', '""', '1', '0', 'true', 'false', 'null'];
    expect(await outcomes(bodies, (it) => send(route, it))).toEqual(all(bodies, '400 MALFORMED_BODY'));
  });

  const needy = BODY_ROUTES.filter(
    ({ route, needs }) => !route.startsWith('PATCH') && needs.some((name) => !name.includes('.')),
  );
  it.each(needy)('refuses a body without fields, and none, at $route', async ({ route }) => {
    const bodies = ['{}', ''];
    expect(await outcomes(bodies, (it) => send(route, it))).toEqual(all(bodies, '400 VALIDATION_FAILED'));
    expect(problemIn(await send(route, undefined, {}))).toBe('400 VALIDATION_FAILED');
  });

  it.each(BODY_ROUTES)('refuses a thousand levels and more at $route', async ({ route, body }) => {
    const bodies = [1000, 100_000].flatMap((levels) => [
      withText(body(world), `"deep":${'['.repeat(levels)}${']'.repeat(levels)}`),
      withText(body(world), `"deep":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`),
    ]);
    for (const deep of bodies) expect(problemIn(await send(route, deep))).toBe('400 VALIDATION_FAILED');
  });

  it.each(BODY_ROUTES)('refuses more values than a body may contain at $route', async ({ route, body }) => {
    const many = withText(body(world), `"many":[${'1,'.repeat(100_000)}1]`);
    expect(problemIn(await send(route, many))).toBe('400 VALIDATION_FAILED');
  });

  it.each(BODY_ROUTES)('refuses two megabytes at $route', async ({ route, body }) => {
    const large = withText(body(world), `"large":"${'x'.repeat(2 ** 21)}"`);
    expect(problemIn(await send(route, large))).toBe('413 BODY_TOO_LARGE');
  });

  it.each(BODY_ROUTES)('refuses other content types at $route', async ({ route, body }) => {
    const types = [
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/xml',
      'text/csv',
      'nonsense',
    ];
    const tried = [...types, 'text/html', 'multipart/form-data; boundary=x', 'application/json-patch+json'];
    const sendAs = (type: string) => send(route, JSON.stringify(body(world)), { 'content-type': type });
    expect(await outcomes(tried, sendAs)).toEqual(all(tried, '415 UNSUPPORTED_MEDIA_TYPE'));
    expect(problemIn(await send(route, Buffer.from('{}'), {}))).toBe('415 UNSUPPORTED_MEDIA_TYPE');
  });

  it('refuses two megabytes whose size is not announced', async () => {
    const large = new Blob([' '.repeat(2 ** 21)]).stream();
    expect(problemIn(await send('POST products', large))).toBe('413 BODY_TOO_LARGE');
  });

  it.each(BODY_ROUTES)('refuses keys that reach the prototype at $route', async ({ route, body }) => {
    const members = [
      '"__proto__":{"admin":true}',
      '"__proto__":null',
      String.raw`"\u005f_proto__":{"admin":true}`,
      '"constructor":{"prototype":{"admin":true}}',
      '"constructor":"x"',
      '"prototype":{}',
      '"toString":"x"',
      '" toString":"x"',
      '"hasOwnProperty":1',
      '"then":"x"',
    ];
    const got = await outcomes(members, (member) => send(route, withText(body(world), member)));
    expect(got).toEqual(members.map((member) => [member, expect.stringMatching(/^400 /)]));
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each(BODY_ROUTES)('names an unknown field at $route', async ({ route, body, fields }) => {
    const parents = Object.entries(fields).filter(([, { holds }]) => holds !== undefined);
    const places = parents.map(([name, { holds }]) => (holds === 'list' ? `${name}.0.` : `${name}.`));
    const strangers = ['', ...places].map((place) => `${place}stranger`);
    const tryOne = (name: string) => send(route, JSON.stringify(withField(body(world), name, 1)));
    const got = await outcomes(strangers, tryOne, (answer) => [blamedIn(answer)]);
    expect(got).toEqual(strangers.map((name) => [name, '400 VALIDATION_FAILED', [name]]));
  });
});

describe('a route that needs no body', () => {
  const routes = ['pay', 'fulfil', 'cancel', 'refund'].map((action) => `POST orders/{id}/${action}`);

  it.each(routes)('refuses malformed JSON at %s', async (route) => {
    const bodies = ['{', '[]', '1', '"x"', 'null'];
    expect(await outcomes(bodies, (it) => send(route, it))).toEqual(all(bodies, '400 MALFORMED_BODY'));
  });

  it.each(routes)('refuses other content types at %s', async (route) => {
    const types = ['text/plain', 'text/csv', 'application/xml', 'multipart/form-data; boundary=x'];
    const got = await outcomes(types, (type) => send(route, 'a,b', { 'content-type': type }));
    expect(got).toEqual(all(types, '415 UNSUPPORTED_MEDIA_TYPE'));
  });
});

describe('a field', () => {
  it.each(FIELDS)('$name of $route refuses wrong types', async ({ route, body, name, field }) => {
    const tryOne = (value: unknown) => send(route, JSON.stringify(withField(body(world), name, value)));
    const got = await outcomes(field.wrong, tryOne, (answer) => [blames(answer, name)]);
    expect(got).toEqual(field.wrong.map((value) => [value, '400 VALIDATION_FAILED', true]));
  });

  const needed = FIELDS.filter(({ name, needs }) => needs.includes(name));
  it.each(needed)('$name of $route may not be absent', async ({ route, body, name }) => {
    const answer = await send(route, JSON.stringify(withField(body(world), name, undefined)));
    expect([problemIn(answer), blames(answer, name)]).toEqual(['400 VALIDATION_FAILED', true]);
    expect(answer.body.detail).not.toMatch(ABOUT_LIMITS);
  });

  const holders = FIELDS.filter(({ field }) => field.holds !== undefined);
  it.each(holders)('$name of $route refuses a good value in a wrong container', async (it) => {
    const good = fieldOf(it.body(world), it.name);
    const wraps = Array.isArray(good) ? [[good], good[0], { 0: good[0] }] : [[good], { 0: good }];
    const tryOne = (wrap: unknown) =>
      send(it.route, JSON.stringify(withField(it.body(world), it.name, wrap)));
    const got = await outcomes(wraps, tryOne, (answer) => [blames(answer, it.name)]);
    expect(got).toEqual(wraps.map((wrap) => [wrap, '400 VALIDATION_FAILED', true]));
  });

  const strict = FIELDS.filter(({ field }) => field.takesNull !== true);
  it.each(strict)('$name of $route refuses null', async ({ route, body, name }) => {
    const answer = await send(route, JSON.stringify(withField(body(world), name, null)));
    expect([problemIn(answer), blames(answer, name)]).toEqual(['400 VALIDATION_FAILED', true]);
    expect(answer.body.detail).not.toMatch(ABOUT_LIMITS); // a value of another type is neither long nor short
  });

  const lenient = FIELDS.filter(({ field }) => field.takesNull === true);
  it.each(lenient)('$name of $route accepts null', async ({ route, body, name, ok }) => {
    expect(await send(route, JSON.stringify(withField(body(world), name, null)))).toMatchObject({
      status: ok,
    });
  });

  const texted = FIELDS.filter(({ field }) => field.max !== undefined);
  it.each(texted)('$name of $route refuses a longer text', async ({ route, body, name, field }) => {
    const long = name.endsWith('mail') ? `a@${'b.'.repeat(126)}com` : 'x'.repeat(field.max! + 1);
    const answer = await send(route, JSON.stringify(withField(body(world), name, long)));
    expect([problemIn(answer), blames(answer, name)]).toEqual(['400 VALIDATION_FAILED', true]);
  });

  const measured = FIELDS.filter(({ field }) => field.longest !== undefined);
  it.each(measured)('$name of $route accepts the longest text', async ({ route, body, name, field }) => {
    const answer = await send(route, JSON.stringify(withField(body(world), name, field.longest!())));
    expect([200, 201, 204, 401]).toContain(answer.status); // 401: well-formed, but not the password or token
  });

  it.each(texted)(
    '$name of $route refuses control characters and half a surrogate pair',
    async ({ route, body, name }) => {
      const values = [NUL, CONTROL, HALF_A_PAIR];
      const tryOne = (value: string) => send(route, JSON.stringify(withField(body(world), name, value)));
      expect(await outcomes(values, tryOne)).toEqual(all(values, '400 VALIDATION_FAILED'));
    },
  );

  it('that contains texts refuses control characters and half a surrogate pair, in names too', async () => {
    const bodies = [NUL, CONTROL, HALF_A_PAIR].flatMap((bad) => [
      withField(productBody(), 'tags', [bad]),
      withField(productBody(), 'variants.0.optionValues', { [bad]: 'x' }),
      withField(productBody(), 'variants.0.optionValues', { Size: bad }),
    ]);
    const got = await outcomes(bodies, (body) => send('POST products', JSON.stringify(body)));
    expect(got).toEqual(all(bodies, '400 VALIDATION_FAILED'));
  });

  it('that contains option values accepts the documented maximum length and number', async () => {
    const longest = () => randomBytes(200).toString('base64url').slice(0, 255);
    const optionValues = Object.fromEntries(Array.from({ length: 10 }, () => [longest(), longest()]));
    const answer = await owner.api.post('products', {
      name: 'x',
      priceMinor: 1,
      variants: [{ optionValues }],
    });
    expect(created(answer).body.variants[0].optionValues).toEqual(optionValues);
  });

  it('that contains option values keeps or refuses each name, and drops none', async () => {
    const names = ['constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length'];
    const dropped: string[] = [];
    for (const name of names) {
      const variants = [{ optionValues: { [name]: 'x' } }];
      const { status, body } = await owner.api.post('products', { name: 'x', priceMinor: 1, variants });
      expect([201, 400]).toContain(status);
      if (status === 201 && !Object.hasOwn(body.variants[0].optionValues, name)) dropped.push(name);
    }
    expect(dropped).toEqual([]);
  });
});

describe('an amount', () => {
  const beyond: [field: string, values: number[]][] = [
    ['priceMinor', [-1, 0.5, 1e20, 100_000_000_001, 2 ** 63]],
    ['stock', [-1, 0.5, 2 ** 31, 1_000_000_001]],
    ['variants.0.priceMinor', [-1, 0.5, 1e20, 100_000_000_001, 2 ** 63]],
    ['variants.0.compareAtMinor', [-1, 0.5, 1e20]],
    ['variants.0.costMinor', [-1, 0.5, 1e20]],
    ['variants.0.stock', [-1, 0.5, 2 ** 31, 1_000_000_001]],
    ['variants.0.grams', [-1, 0.5, 2 ** 31]],
    ['images.0.position', [0, -1, 1.5, 2 ** 31]],
  ];
  it.each(beyond)('of a product is refused in %s outside its limits', async (field, values) => {
    for (const route of ['POST products', 'PATCH products/{id}']) {
      const tryOne = (value: number) => send(route, JSON.stringify(withField(productBody(), field, value)));
      const got = await outcomes(values, tryOne, (answer) => [blamedIn(answer)]);
      expect(got).toEqual(values.map((value) => [value, '400 VALIDATION_FAILED', [field]]));
    }
  });

  it.each(['1e400', '-1e400', '1e308', '99999999999999999999'])('of %s is refused', async (number) => {
    const answer = await send('POST products', `{"name":"x","priceMinor":${number}}`);
    expect([problemIn(answer), blamedIn(answer)]).toEqual(['400 VALIDATION_FAILED', ['priceMinor']]);
  });

  it('of a product is kept exactly at its limits', async () => {
    const least = { priceMinor: 0, stock: 0 };
    const most = { priceMinor: 100_000_000_000, stock: 1_000_000_000 };
    expect(await newProduct(owner.api, least)).toMatchObject(least);
    expect(await newProduct(owner.api, most)).toMatchObject(most);
  });

  it('of an order is refused outside its limits', async () => {
    const values = [0, -1, 1.5, 100_001, 1e9, 2 ** 31, 2 ** 53, 1e20];
    const tryOne = (quantity: number) =>
      owner.api.post('orders', { lines: [{ productId: world.product.id, quantity }] });
    const got = await outcomes(values, tryOne, (answer) => [blamedIn(answer)]);
    expect(got).toEqual(values.map((value) => [value, '400 VALIDATION_FAILED', ['lines.0.quantity']]));
  });

  it('of an order is refused if its total cannot be counted exactly', async () => {
    const { id: productId } = await newProduct(owner.api, { priceMinor: 100_000_000_000, stock: 1_000_000 });
    const answer = await owner.api.post('orders', { lines: [{ productId, quantity: 100_000 }] });
    expect(problemIn(answer)).toBe('422 ORDER_TOO_LARGE');
    expect((await owner.api.get(`products/${productId}`)).body.stock).toBe(1_000_000);
  });

  it('of an order is added up over its lines before stock is compared', async () => {
    const { id: productId } = await newProduct(owner.api, { stock: 3 });
    const lines = Array.from({ length: 100 }, () => ({ productId, quantity: 100_000 }));
    expect(problemIn(await owner.api.post('orders', { lines }))).toBe('409 INSUFFICIENT_STOCK');
  });
});

describe('a query', () => {
  const lists = ['shops', 'products', 'orders', 'audit'];
  const badLimits = ['0', '101', '-1', 'abc', '1.5', '', ' ', '1e1', '0x10', '%2B5', '9'.repeat(400), 'NaN'];

  it.each(lists)('of GET /%s refuses a bad limit', async (path) => {
    const queries = [
      ...badLimits.map((limit) => `limit=${limit}`),
      'limit=1&limit=2',
      'limit[]=1',
      'limit.a=1',
    ];
    const got = await outcomes(queries, (query) => owner.api.get(`${path}?${query}`));
    expect(got).toEqual(all(queries, '400 VALIDATION_FAILED'));
  });

  it.each(lists)('of GET /%s accepts limits from 1 to 100', async (path) => {
    expect((await owner.api.get(`${path}?limit=1`)).status).toBe(200);
    expect((await owner.api.get(`${path}?limit=100`)).status).toBe(200);
  });

  it.each(lists)('of GET /%s refuses a bad cursor', async (path) => {
    const cursors = ['x', '-1', '1.5', '1e3', `${randomUUID()}0`, "'", '9'.repeat(20), '%F0%9F%9B%92'];
    const queries = [...cursors, path === 'orders' ? randomUUID() : '1'].map((cursor) => `cursor=${cursor}`);
    const got = await outcomes(queries, (query) => owner.api.get(`${path}?${query}`));
    expect(got).toEqual(all(queries, '400 INVALID_CURSOR'));
  });

  it.each(lists)('of GET /%s refuses text that is not a cursor', async (path) => {
    const queries = ['', '%00', '%ED%A0%80', 'x'.repeat(101), '1&cursor=2'].map(
      (cursor) => `cursor=${cursor}`,
    );
    const got = await outcomes(queries, (query) => owner.api.get(`${path}?${query}`));
    expect(got).toEqual(queries.map((query) => [query, expect.stringMatching(/^400 /)]));
  });

  it.each(lists)('of GET /%s refuses an unknown field', async (path) => {
    const answer = await owner.api.get(`${path}?stranger=1`);
    expect([problemIn(answer), blamedIn(answer)]).toEqual(['400 VALIDATION_FAILED', ['stranger']]);
  });

  it('of GET /products refuses a bad q', async () => {
    const queries = ['%00', 'a%00b', 'x'.repeat(101), '', 'a&q=b'].map((q) => `q=${q}`);
    const got = await outcomes(queries, (query) => owner.api.get(`products?${query}`));
    expect(got).toEqual(all(queries, '400 VALIDATION_FAILED'));
  });
});

describe('a path', () => {
  const routes = [
    ...['GET shops/{id}', 'PATCH shops/{id}', 'GET products/{id}', 'PATCH products/{id}'],
    ...['GET shops/{id}/members', 'PATCH shops/{id}/members/{userId}', 'DELETE shops/{id}/members/{userId}'],
    ...['DELETE products/{id}', 'GET orders/{id}'],
    ...['POST orders/{id}/pay', 'POST orders/{id}/fulfil', 'POST orders/{id}/cancel'],
    ...['POST orders/{id}/refund', 'GET orders/{id}/events'],
  ];

  it.each(routes)('of %s refuses an invalid id', async (route) => {
    const ids = ['x', '1', '%00', 'a%00b', '%20', "'%20OR%20true", '%2e%2e%2f', '%F0%9F%9B%92', 'null'];
    const tried = [...ids, `${randomUUID()}0`, `%7B${randomUUID()}%7D`, randomUUID().replaceAll('-', '')];
    const got = await outcomes(tried, (badId) => sendTo(route, badId));
    expect(got).toEqual(all(tried, '400 VALIDATION_FAILED'));
  });

  it.each(routes)('of %s refuses text that cannot be decoded', async (route) => {
    const ids = ['%zz', '%', '%C0%AF', '%F0%9F', '%ED%A0%80'];
    expect(await outcomes(ids, (badId) => sendTo(route, badId))).toEqual(all(ids, '400 MALFORMED_URL'));
  });

  it.each(routes)('of %s refuses an id that is very long', async (route) => {
    const ids = ['x'.repeat(101), 'x'.repeat(10_000)];
    expect(await outcomes(ids, (badId) => sendTo(route, badId))).toEqual(all(ids, '414 URI_TOO_LONG'));
  });

  const strangers = ['GET nothing', 'GET /', 'GET /api', 'PUT products', 'DELETE shops', 'GET products/x/y'];
  it.each([...strangers, 'POST health/live', 'GET ../../etc/passwd', 'GET /docs/../package.json'])(
    'of %s is unknown',
    async (route) => {
      const [method, path] = route.split(' ') as [string, string];
      expect(problemIn(await owner.api.raw(method, path))).toBe('404 ROUTE_NOT_FOUND');
    },
  );
});

describe('a request id', () => {
  it.each(['12345678', 'a_b-C_d-0', randomUUID(), 'x'.repeat(64)])('%s is kept', async (requestId) => {
    const headers = { 'x-request-id': requestId };
    const good = await owner.api.raw('GET', 'me', undefined, headers);
    const bad = await owner.api.raw('GET', 'shops/x', undefined, headers);
    expect(good.headers.get('x-request-id')).toBe(requestId);
    expect(bad.body.instance).toBe(requestId);
  });

  it.each(['1234567', 'x'.repeat(65), 'two words', '<script>', '{"a":1}', 'über-uns'])(
    '%s is replaced',
    async (requestId) => {
      const answer = await owner.api.raw('GET', 'shops/x', undefined, { 'x-request-id': requestId });
      expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
      expect(answer.body.instance).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    },
  );
});

/** A new order in the state from which the route changes it, so that no test depends on another. */
async function orderFor(path: string): Promise<string> {
  const action = /^orders\/\{id\}\/(\w+)$/.exec(path)?.[1];
  if (action === undefined) return order.id;
  const { id } = await newOrder(owner.api, world.sold.id);
  if (action === 'fulfil' || action === 'refund') await owner.api.post(`orders/${id}/pay`);
  if (action === 'refund') await owner.api.post(`orders/${id}/fulfil`);
  return id;
}

async function send(
  route: string,
  body: RequestInit['body'],
  headers: Record<string, string> = JSON_TYPE,
): Promise<Answer> {
  const [method, path] = route.split(' ') as [string, string];
  const ids = {
    ...{ shops: owner.shop.id as string, products: world.product.id },
    orders: await orderFor(path),
    ...{ variants: world.variant.id, customers: customer.id },
  };
  const id = path.endsWith('/variants') ? world.sized.id : ids[path.split('/')[0] as keyof typeof ids];
  const target = path.replace('{id}', id).replace('{userId}', world.staff.id);
  const { endsToken } = BODY_ROUTES.find((known) => known.route === route) ?? {};
  const { api } = endsToken ? await newUser(app.api) : owner;
  return api.raw(method, target, body, headers);
}

function sendTo(route: string, id: string): Promise<Answer> {
  const [method, path] = route.split(' ') as [string, string];
  const target = path
    .replace(/^shops\/\{id\}(?=.*\{userId\})/, () => `shops/${owner.shop.id}`)
    .replace(/\{\w+\}/, () => id);
  return method === 'PATCH' ? owner.api.raw(method, target, '{}', JSON_TYPE) : owner.api.raw(method, target);
}

/** Pairs each tried value with the answer of the API. */
function outcomes<T>(
  values: readonly T[],
  call: (value: T) => Promise<Answer>,
  more: (answer: Answer) => unknown[] = () => [],
): Promise<unknown[][]> {
  return Promise.all(
    values.map(async (value) => {
      const answer = await call(value);
      return answer.status < 400 ? [value, answer.status] : [value, problemIn(answer), ...more(answer)];
    }),
  );
}

function all<T>(values: readonly T[], outcome: string): [T, string][] {
  return values.map((value) => [value, outcome]);
}

function blames(answer: Answer, name: string): boolean {
  return blamedIn(answer).some((field) => field === name || field.startsWith(`${name}.`));
}
