import { gzipSync } from 'node:zlib';
import { newOwner, newProduct, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { headOf, RawClient } from '../support/raw-client';
import { ABUSE } from '../support/sizes';
import { useTestApp } from '../support/test-app';

const app = useTestApp({ IMPORT_MAX_MB: '1' });
let owner: Owner;
const clients: RawClient[] = [];

beforeAll(async () => {
  owner = await newOwner(app.api);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.end();
});

async function client(): Promise<RawClient> {
  const one = await RawClient.connect(app.url);
  clients.push(one);
  return one;
}

const post = (path: string, headers: Record<string, string | number>) =>
  headOf(`POST /api/v1/${path}`, { authorization: `Bearer ${owner.accessToken}`, ...headers });
const JSON_TYPE = { 'content-type': 'application/json' };
const CSV_TYPE = { 'content-type': 'text/csv' };

/** Sends a text and gives all outcomes once `count` answers have arrived. */
async function outcomesOf(text: string | Buffer, count = 1): Promise<string[]> {
  return (await client()).send(text).answered(count);
}

describe('a compressed body', () => {
  const bomb = gzipSync(Buffer.alloc(ABUSE.bombMiB * 1_048_576));
  const codings = ['gzip', 'GZIP', 'x-gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'identity, gzip'];

  it.each(codings)('%s is refused before it is read, as JSON and as a file', async (coding) => {
    for (const [path, type] of [
      ['products', JSON_TYPE],
      ['products/import', CSV_TYPE],
    ] as const) {
      const one = await client();
      one.send(post(path, { ...type, 'content-encoding': coding, 'content-length': bomb.length }));
      expect(await one.answered()).toEqual(['415 UNSUPPORTED_MEDIA_TYPE']); // nothing of the body was sent
      one.send(bomb).send(headOf('GET /health/live'));
      expect(await one.answered(2)).toEqual(['415 UNSUPPORTED_MEDIA_TYPE', '200']);
    }
  });

  it('is not decompressed if it is sent without Content-Encoding', async () => {
    const send = (path: string, type: Record<string, string>) =>
      owner.api.raw('POST', path, bomb.subarray(0, 1000), type);
    expect(problemIn(await send('products', JSON_TYPE))).toBe('400 MALFORMED_BODY');
    expect(problemIn(await send('products/import', CSV_TYPE))).toMatch(/^400 /);
  });

  it('is no JSON if its coding is one of the transfer', async () => {
    const coded = Buffer.concat([
      Buffer.from(post('products', { ...JSON_TYPE, 'transfer-encoding': 'gzip, chunked' })),
      Buffer.from('5\r\n\x1f\x8b\x08\x00\x00\r\n0\r\n\r\n', 'latin1'),
    ]);
    expect(await outcomesOf(coded)).toEqual(['400 MALFORMED_BODY']);
  });
});

describe('a large body', () => {
  const bytes = ABUSE.bodyMiB * 1_048_576;

  it.each([
    ['announced', 'products', JSON_TYPE, true],
    ['chunked', 'products', JSON_TYPE, false],
    ['a file, announced', 'products/import', CSV_TYPE, true],
    ['a file, chunked', 'products/import', CSV_TYPE, false],
  ] as const)('%s, is refused while it is being sent', async (_, path, type, isAnnounced) => {
    const one = await client();
    const size: Record<string, string | number> = isAnnounced
      ? { 'content-length': bytes }
      : { 'transfer-encoding': 'chunked' };
    one.send(post(path, { ...type, ...size }));
    const part = Buffer.alloc(65_536, 'a');
    for (let sent = 0; sent < bytes; sent += part.length)
      one.send(isAnnounced ? part : Buffer.concat([Buffer.from('10000\r\n'), part, Buffer.from('\r\n')]));
    expect(await one.answered()).toEqual(['413 BODY_TOO_LARGE']);
  });

  it('leaves the connection in use if the rest is small', async () => {
    const one = (await client()).send(post('products', { ...JSON_TYPE, 'content-length': 2_000_000 }));
    expect(await one.answered()).toEqual(['413 BODY_TOO_LARGE']);
    one.send(Buffer.alloc(2_000_000, ' ')).send(headOf('GET /health/live'));
    expect(await one.answered(2)).toEqual(['413 BODY_TOO_LARGE', '200']);
  });

  it('is refused if it arrives in chunks of a byte', async () => {
    const text =
      post('products', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }) + '1\r\na\r\n'.repeat(20_000);
    expect(await outcomesOf(text)).toEqual(['400 MALFORMED_BODY']);
  });

  it('of JSON is put together from many parts', async () => {
    const product = { name: 'Mug', priceMinor: 500, description: 'x'.repeat(9000) };
    const chunks = [...JSON.stringify(product)].map((letter) => `1\r\n${letter}\r\n`).join('');
    const head = post('products', { ...JSON_TYPE, 'transfer-encoding': 'chunked' });
    const one = (await client()).send(`${head}${chunks}0\r\n\r\n`);
    expect(await one.answered()).toEqual(['201']);
    expect(one.answer()).toContain(product.description);
  });

  it.each(['announced', 'chunked'])('never has bytes of one that arrives beside it: %s', async (kind) => {
    const bodies = [...'abcdefghijkl'].map((letter) =>
      JSON.stringify({ name: letter, priceMinor: 500, description: letter.repeat(49_000) }),
    );
    const senders = await Promise.all(bodies.map(() => client()));
    for (const [i, one] of senders.entries()) {
      const size = kind === 'announced' ? { 'content-length': bodies[i]!.length } : CHUNKED; // one of each
      one.send(post('products', { ...JSON_TYPE, ...size }));
    }
    for (let from = 0; from < 4 * PART; from += PART) {
      for (const [i, one] of senders.entries()) one.send(partOf(bodies[i]!, from, kind === 'chunked'));
      await owner.api.get('products'); // the parts do not arrive together
    }
    for (const [i, one] of senders.entries()) {
      expect(await one.answered()).toEqual(['201']);
      expect(JSON.parse(one.answer().split('\r\n\r\n')[1]!)).toMatchObject(JSON.parse(bodies[i]!)); // both are there
    }
  });
});

const CHUNKED = { 'transfer-encoding': 'chunked' };
/** Larger than what is freed early (src/http/free-bytes.ts). */
const PART = 20_000;

/** The part behind the end is empty, which ends a body in chunks. */
function partOf(body: string, from: number, isFramed: boolean): string {
  const part = body.slice(from, from + PART);
  return isFramed ? `${part.length.toString(16)}\r\n${part}\r\n` : part;
}

describe('Expect: 100-continue', () => {
  const expecting = { expect: '100-continue' };

  it('is answered with 100 once somebody reads the body', async () => {
    for (const [path, type, body] of [
      ['products', JSON_TYPE, '{"name":"Mug","priceMinor":5}'],
      ['products/import', CSV_TYPE, 'Handle,Title,Variant Price\nmug,Mug,5\n'],
    ] as const) {
      const one = await client();
      one.send(post(path, { ...type, ...expecting, 'content-length': body.length }));
      expect(await one.answered()).toEqual(['100']);
      expect(await one.send(body).answered(2)).toEqual(['100', path === 'products' ? '201' : '200']);
    }
  });

  it.each([
    ['a body too large', 'products', { ...JSON_TYPE, 'content-length': 50_000_000 }, '413 BODY_TOO_LARGE'],
    [
      'a compressed one',
      'products',
      { ...JSON_TYPE, 'content-length': 9, 'content-encoding': 'br' },
      '415 UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a file without a token',
      'products/import',
      { ...CSV_TYPE, 'content-length': 9, authorization: '' },
      '401 UNAUTHENTICATED',
    ],
  ] as const)(
    'is answered with the error for %s, and the body is not asked for',
    async (_, path, headers, outcome) => {
      const one = (await client()).send(post(path, { ...headers, ...expecting }));
      await one.closed();
      expect(one.outcomes()).toEqual([outcome]);
    },
  );

  it('may ask for nothing else', async () => {
    expect(await outcomesOf(headOf('GET /health/live', { expect: 'the best' }))).toEqual([
      '417 EXPECTATION_FAILED',
    ]);
  });
});

describe('an unusual request', () => {
  const body = (length: number) => ({ ...JSON_TYPE, 'content-length': length });
  const closing: [name: string, text: () => string, outcomes: string[]][] = [
    [
      '100,000 headers',
      () => `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(100_000)}\r\n`,
      ['431 HEADERS_TOO_LARGE'],
    ],
    ['a header of 100 KB', () => headOf('GET /', { a: 'a'.repeat(100_000) }), ['431 HEADERS_TOO_LARGE']],
    ['a URL of 200 KB', () => headOf(`GET /${'a'.repeat(200_000)}`), ['431 HEADERS_TOO_LARGE']],
    [
      'two lengths',
      () => post('products', { ...body(2), 'Content-Length': 3 }) + '{}',
      ['400 MALFORMED_REQUEST'],
    ],
    [
      'length and chunks',
      () => post('products', { ...body(2), 'transfer-encoding': 'chunked' }),
      ['400 MALFORMED_REQUEST'],
    ],
    [
      'a coding without chunks',
      () => post('products', { ...JSON_TYPE, 'transfer-encoding': 'gzip' }),
      ['400 MALFORMED_REQUEST'],
    ],
    [
      'a wrong size of a chunk',
      () => `${post('products', { ...JSON_TYPE, 'transfer-encoding': 'chunked' })}zz\r\n`,
      ['400 MALFORMED_BODY', '400 MALFORMED_REQUEST'],
    ],
    [
      'a body longer than announced',
      () => `${post('products', body(2))}{}garbage\r\n\r\n`,
      ['400 VALIDATION_FAILED', '400 MALFORMED_REQUEST'],
    ],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ['400 MALFORMED_REQUEST']],
    ['a handshake of TLS', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', ['400 MALFORMED_REQUEST']],
  ];

  it.each(closing)('with %s ends its connection', async (_, text, outcomes) => {
    const one = (await client()).send(text());
    await one.closed();
    expect(outcomes).toEqual(expect.arrayContaining(one.outcomes()));
    expect(one.outcomes()).toContain(outcomes.at(-1));
  });

  it.each(['websocket', 'h2c'])('that wants to upgrade to %s is answered as HTTP', async (upgrade) => {
    const head = headOf('GET /api/v1/products', {
      connection: 'Upgrade',
      upgrade,
      'sec-websocket-version': 13,
    });
    expect(await outcomesOf(head)).toEqual(['401 UNAUTHENTICATED']);
  });

  it('with thousands of unknown fields gets a short answer', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => `f${i}`);
    const answers = [
      await owner.api.get(`products?${many.join('&')}`),
      await owner.api.get(`me?${many.join('&')}`),
      await owner.api.post('products', Object.fromEntries(many.map((name) => [name, 1]))),
    ];
    for (const answer of answers) {
      expect(problemIn(answer)).toBe('400 VALIDATION_FAILED');
      expect(answer.body.errors).toHaveLength(50);
    }
  });

  it('behind another waits for its turn', async () => {
    const product = await newProduct(owner.api);
    const authorization = `Bearer ${owner.accessToken}`;
    const requests = Array.from({ length: ABUSE.pipelined }, (_, i) =>
      i % 10 === 0 ? headOf(`GET /api/v1/products/${product.id}`, { authorization }) : headOf('GET /none'),
    );
    const outcomes = await outcomesOf(requests.join(''), ABUSE.pipelined);
    expect(outcomes).toEqual(requests.map((_, i) => (i % 10 === 0 ? '200' : '404 ROUTE_NOT_FOUND')));
  });
});
