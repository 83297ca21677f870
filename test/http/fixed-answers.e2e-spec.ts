import { buffer } from 'node:stream/consumers';
import { type IncomingMessage, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { useTestApp } from '../support/test-app';

const ORIGIN = 'https://shop.example';
const app = useTestApp({ CORS_ORIGINS: ORIGIN });

const FIXED = [
  '/openapi.json',
  '/docs-yaml',
  '/docs/swagger-ui-init.js',
  '/docs/swagger-ui-bundle.js',
  '/docs/swagger-ui-standalone-preset.js',
  '/docs/swagger-ui.css',
];
const DECODERS = { identity: (bytes: Buffer) => bytes, br: brotliDecompressSync, gzip: gunzipSync };
type Encoding = keyof typeof DECODERS;

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  bytes: Buffer;
}

async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const asked = request(new URL(path, app.url), { method, headers });
  asked.end();
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject),
  );
  return { status: answer.statusCode, headers: answer.headers, bytes: await buffer(answer) };
}

const TOLD = ['content-type', 'content-length', 'content-encoding', 'etag', 'vary', 'cache-control'];
const told = ({ headers }: Answer) => TOLD.map((name) => [name, headers[name]]);

it.each(FIXED)('%s is the same for all who ask first, together', async (path) => {
  const asked = Array.from({ length: 20 }, () => ask('GET', path, { 'accept-encoding': 'br' }));
  const answers = await Promise.all(asked);
  expect(answers[0]!.headers.etag).toBeDefined(); // there are 20
  for (const one of answers) {
    expect(told(one)).toEqual(told(answers[0]!));
    expect(one.bytes.equals(answers[0]!.bytes)).toBe(true);
  }
});

describe.each(FIXED)('%s', (path) => {
  it.each(['br', 'gzip', 'identity'] as Encoding[])('is the same each time: %s', async (encoding) => {
    const headers = { 'accept-encoding': encoding };
    const [first, second] = [await ask('GET', path, headers), await ask('GET', path, headers)];
    expect(first.status).toBe(200);
    expect(told(second)).toEqual(told(first));
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(first.headers['content-length']).toBe(String(first.bytes.length));
    expect(first.headers['content-encoding'] ?? 'identity').toBe(encoding);
    const plain = await ask('GET', path);
    expect(DECODERS[encoding](first.bytes).equals(plain.bytes)).toBe(true);
    expect(plain.headers.etag).toBe(first.headers.etag);
    expect(plain.headers.vary).toMatch(/accept-encoding/i);
    expect(told(await ask('HEAD', path, headers))).toEqual(told(first));
  });

  it('is not sent to a client that has it', async () => {
    const { headers } = await ask('GET', path);
    expect(headers.etag).toMatch(/^W\/"[\w-]+"$/);
    for (const method of ['GET', 'HEAD']) {
      const same = await ask(method, path, { 'if-none-match': headers.etag!, 'accept-encoding': 'br' });
      expect([same.status, same.bytes.length, same.headers.etag]).toEqual([304, 0, headers.etag]);
      expect((await ask(method, path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it('differs by origin too, for a cache', async () => {
    const { headers } = await ask('GET', path, { origin: ORIGIN, 'accept-encoding': 'br' });
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(headers.vary).toMatch(/origin/i);
    expect(headers.vary).toMatch(/accept-encoding/i);
  });
});

it('each is another', async () => {
  const tags = await Promise.all(FIXED.map(async (path) => (await ask('GET', path)).headers.etag));
  expect(new Set(tags).size).toBe(FIXED.length);
});

describe('GET /openapi.json', () => {
  it('refuses If-None-Match that is no list of tags', async () => {
    const { status, bytes } = await ask('GET', '/openapi.json', { 'if-none-match': 'abc' });
    expect([status, JSON.parse(bytes.toString()).code]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('may have a query, and is JSON', async () => {
    const { status, headers, bytes } = await ask('GET', '/openapi.json?at=1');
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(JSON.parse(bytes.toString()).openapi).toMatch(/^3\./);
  });
});

describe('another file of the page', () => {
  it.each(['swagger-ui.css.map', './swagger-ui.js', 'favicon-32x32.png'])(
    'is sent without compression: %s',
    async (file) => {
      const { status, headers, bytes } = await ask('GET', `/docs/${file}`, { 'accept-encoding': 'br' });
      expect([status, headers['content-encoding']]).toEqual([200, undefined]);
      expect(headers['content-length']).toBe(String(bytes.length));
    },
  );

  it('is not found if there is none', async () => {
    expect((await ask('GET', '/docs/nothing.js')).status).toBe(404);
  });
});
