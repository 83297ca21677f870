import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { newOwner, newProduct, type Owner, PASSWORD } from '../support/factories';
import { useTestApp } from '../support/test-app';

const app = useTestApp();
let owner: Owner;
let id: string;
let shortId: string;

/** A thousand of each letter: compressible, and longer than what is compressed in one piece. */
const DESCRIPTION = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => letter.repeat(1000)).join('');
const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync };

beforeAll(async () => {
  owner = await newOwner(app.api);
  ({ id } = await newProduct(owner.api, { description: DESCRIPTION }));
  ({ id: shortId } = await newProduct(owner.api, { description: 'mug '.repeat(500) }));
});

interface Raw {
  status: number | undefined;
  headers: NodeJS.Dict<string | string[]>;
  bytes: Buffer;
}

/** Sends a request and returns the body as it came: `fetch` decompresses it. */
async function send(method: string, path: string, encoding?: string, body?: object): Promise<Raw> {
  const headers = {
    authorization: `Bearer ${owner.accessToken}`,
    ...(encoding === undefined ? {} : { 'accept-encoding': encoding }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const asked = request(new URL(path, app.url), { method, headers });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject),
  );
  return { status: answer.statusCode, headers: answer.headers, bytes: await buffer(answer) };
}

describe.each(['br', 'gzip'] as const)('an answer to a client that accepts %s', (encoding) => {
  it.each([
    ['a long document', () => `/api/v1/products/${id}`],
    ['a list', () => '/api/v1/products'],
    ['an export', () => '/api/v1/products/export'],
    ['the OpenAPI document', () => '/openapi.json'],
    ['a script of the page', () => '/docs/swagger-ui-bundle.js'],
  ])('is compressed: %s', async (_, path) => {
    const plain = await send('GET', path());
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers['content-length']).toBe(String(plain.bytes.length));
    const { status, headers, bytes } = await send('GET', path(), encoding);
    expect([status, headers['content-encoding']]).toEqual([200, encoding]);
    expect(headers['vary']).toMatch(/accept-encoding/i);
    expect(headers['content-type']).toBe(plain.headers['content-type']);
    expect(bytes.length).toBeLessThan(plain.bytes.length / 2);
    expect(DECODERS[encoding](bytes).equals(plain.bytes)).toBe(true); // toEqual takes seconds for a megabyte
  });

  it.each([
    ['a document of some kilobytes', () => `/api/v1/products/${shortId}`],
    ['a long document', () => `/api/v1/products/${id}`],
    ['an export', () => '/api/v1/products/export'],
    ['the OpenAPI document', () => '/openapi.json'],
    ['a script of the page', () => '/docs/swagger-ui-bundle.js'],
  ])('has the same headers for HEAD as for GET: %s', async (_, path) => {
    const told = (answer: Raw) =>
      ['content-encoding', 'content-length', 'content-type', 'vary'].map((name) => answer.headers[name]);
    const head = await send('HEAD', path(), encoding);
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(told(head)).toEqual(told(await send('GET', path(), encoding)));
  });

  it('has its true length, or none', async () => {
    const { headers, bytes } = await send('GET', `/api/v1/products/${shortId}`, encoding);
    expect([headers['content-encoding'], headers['content-length']]).toEqual([encoding, `${bytes.length}`]);
    const stream = await send('GET', '/api/v1/products/export', encoding);
    expect(stream.headers['content-length']).toBeUndefined();
  });
});

describe('an answer is not compressed', () => {
  it.each([
    ['a client does not ask for it', undefined],
    ['a client refuses it', 'identity'],
    ['a client accepts only what the server does not speak', 'compress'],
  ])('if %s', async (_, encoding) => {
    const { status, headers, bytes } = await send('GET', '/api/v1/products', encoding);
    expect([status, headers['content-encoding']]).toEqual([200, undefined]);
    expect(JSON.parse(bytes.toString()).items).toHaveLength(2);
  });

  it('if it is shorter than a kilobyte', async () => {
    const { headers, bytes } = await send('GET', '/api/v1/shops', 'gzip');
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers['content-length']).toBe(String(bytes.length));
  });

  it('if it holds tokens, however long it is', async () => {
    for (let i = 0; i < 6; i++) await owner.api.post('shops', { name: `Shop ${i} `.padEnd(110, 'long ') });
    const { email, refreshToken, shop } = owner;
    const answers = [
      await send('POST', '/api/v1/auth/login', 'br, gzip', { email, password: PASSWORD, shopId: shop.id }),
      await send('POST', '/api/v1/auth/refresh', 'br, gzip', { refreshToken }),
    ];
    const next = JSON.parse(answers[1]!.bytes.toString()).refreshToken;
    answers.push(
      await send('POST', '/api/v1/auth/switch', 'br, gzip', { refreshToken: next, shopId: shop.id }),
    );
    for (const { status, headers, bytes } of answers) {
      expect([status, headers['content-encoding']]).toEqual([200, undefined]);
      expect(bytes.length).toBeGreaterThan(2000);
      expect(headers['content-length']).toBe(String(bytes.length));
    }
    const { headers } = await send('GET', '/api/v1/me', 'gzip'); // as long, but without tokens
    expect(headers['content-encoding']).toBe('gzip');
  });
});

describe('the OpenAPI document', () => {
  it('has secrets only in answers below /auth, which are never compressed', async () => {
    const { body } = await app.api.get('/openapi.json');
    const isSecret = (name: string) => /token|secret|password|link/i.test(name) && name !== 'tokenType';
    const hasSecret = (schema: unknown, seen: string[] = []): boolean => {
      if (typeof schema !== 'object' || schema === null) return false;
      return Object.entries(schema).some(([key, value]) => {
        if (key === 'properties' && Object.keys(value as object).some(isSecret)) return true;
        if (key !== '$ref') return hasSecret(value, seen);
        const name = String(value).split('/').at(-1)!;
        return !seen.includes(name) && hasSecret(body.components.schemas[name], [...seen, name]);
      });
    };
    const withSecrets = Object.entries<Record<string, { responses: object }>>(body.paths).flatMap(
      ([path, methods]) =>
        Object.values(methods).some(({ responses }) => hasSecret(responses)) ? [path] : [],
    );
    expect(withSecrets).toContain('/api/v1/auth/login');
    expect(withSecrets.filter((path) => !path.startsWith('/api/v1/auth/'))).toEqual([]);
  });
});
