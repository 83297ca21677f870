import { newOwner, type Owner } from '../support/factories';
import { useTestApp } from '../support/test-app';

const SHOP = 'https://shop.example';
const LOCAL = 'http://localhost:5173';
const OTHER = 'https://shop.example.evil.example';
const EXPOSED = ['content-disposition', 'etag', 'idempotency-replayed', 'retry-after', 'x-request-id'];

const headersOf = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('with CORS_ORIGINS', () => {
  const app = useTestApp({ CORS_ORIGINS: `${SHOP}, ${LOCAL}` });
  let owner: Owner;
  beforeAll(async () => {
    owner = await newOwner(app.api);
  });

  const preflight = (origin: string) =>
    app.api.raw('OPTIONS', 'products/0198c0de-0000-7000-8000-000000000000', undefined, {
      origin,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization,content-type,if-match',
    });

  it.each([SHOP, LOCAL])('%s may read answers and their headers, but sends no cookies', async (origin) => {
    const { status, headers } = await owner.api.raw('GET', 'products', undefined, { origin });
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining(EXPOSED),
    );
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toMatch(/\borigin\b/i);
  });

  it('errors can be read too', async () => {
    for (const path of ['me', 'nothing', 'products/x']) {
      const { status, headers } = await app.api.raw('GET', path, undefined, { origin: SHOP });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('access-control-allow-origin')).toBe(SHOP);
    }
  });

  it('a preflight request names the methods and headers of the API', async () => {
    const { status, body, headers } = await preflight(SHOP);
    expect([status, body]).toEqual([204, undefined]);
    expect(headers.get('access-control-allow-origin')).toBe(SHOP);
    const allowed = (name: string) => headers.get(`access-control-allow-${name}`)?.toLowerCase().split(', ');
    expect(allowed('methods')).toEqual(['get', 'head', 'post', 'patch', 'delete']);
    expect(allowed('headers')).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'idempotency-key', 'if-match']),
    );
  });

  it.each([OTHER, 'https://SHOP.example', 'http://shop.example', 'https://shop.example:8443', 'null'])(
    '%s is not allowed',
    async (origin) => {
      const { headers } = await owner.api.raw('GET', 'products', undefined, { origin });
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it('every header that the API documents is allowed', async () => {
    const { body } = await app.api.get('/openapi.json');
    const operations = Object.values<Record<string, { parameters?: { in: string; name: string }[] }>>(
      body.paths,
    ).flatMap((path) => Object.values(path));
    const parameters = operations.flatMap((operation) => operation.parameters ?? []);
    const names = new Set(parameters.flatMap(({ in: place, name }) => (place === 'header' ? name : [])));
    const allowed = (await preflight(SHOP)).headers.get('access-control-allow-headers')!.toLowerCase();
    expect(names.size).toBeGreaterThan(0);
    expect([...names].filter((name) => !allowed.split(', ').includes(name.toLowerCase()))).toEqual([]);
  });

  it('every method of the API is allowed', async () => {
    const { body } = await app.api.get('/openapi.json');
    const methods = new Set(Object.values<object>(body.paths).flatMap((path) => Object.keys(path)));
    const allowed = (await preflight(SHOP)).headers.get('access-control-allow-methods')!.toLowerCase();
    expect([...methods].filter((method) => !allowed.split(', ').includes(method))).toEqual([]);
  });
});

describe('without CORS_ORIGINS', () => {
  const app = useTestApp();

  it('no origin is allowed', async () => {
    const { status, headers } = await app.api.raw('GET', 'me', undefined, { origin: SHOP });
    expect([status, headersOf(headers)]).toEqual([401, {}]);
    const preflight = await app.api.raw('OPTIONS', 'me', undefined, {
      origin: SHOP,
      'access-control-request-method': 'GET',
    });
    expect([preflight.status, headersOf(preflight.headers)]).toEqual([404, {}]);
  });
});
