import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { type RunningServer, startServer } from '../support/program';
import { until } from '../support/until';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  status: { code?: number };
}
interface Export {
  resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
}

let database: TestDatabase;
let collector: Server;
let spans: Span[] = [];
let running: RunningServer | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(parts).toString()) as Export;
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  await running?.end('SIGTERM');
  running = undefined;
  spans = [];
});
afterAll(async () => {
  collector.close();
  await database.drop();
});

const endpoint = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
const start = async (env: Record<string, string>) =>
  (running = await startServer({ env: { DATABASE_URL: database.url, ...env } }));
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const traceparent = `00-${TRACE}-${PARENT}-01`;

function valueOf({ attributes }: Span, name: string): string | number | undefined {
  const { stringValue, intValue } = attributes.find(({ key }) => key === name)?.value ?? {};
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue));
}

describe('tracing', () => {
  it('reports a request, its transaction and its statements inside the trace of the caller', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() });
    const owner = await newOwner(server.api);
    await newProduct(owner.api, { sku: 'secret-sku' });
    const answer = await fetch(`${server.url}/api/v1/products?q=secret-sku`, {
      headers: { authorization: `Bearer ${owner.accessToken}`, traceparent, 'x-request-id': 'request-0001' },
    });
    expect(answer.status).toBe(200);
    const found = await until(
      () => Promise.resolve(spans.filter(({ traceId }) => traceId === TRACE)),
      ({ length }) => length >= 3,
    );
    const [request] = found.filter(({ parentSpanId }) => parentSpanId === PARENT);
    expect(request!.name).toBe('GET /api/v1/products');
    expect(valueOf(request!, 'stoa.requestId')).toBe('request-0001');
    expect(valueOf(request!, 'stoa.shopId')).toBe(owner.shop.id);
    expect(valueOf(request!, 'http.response.status_code')).toBe(200);
    const transactions = found.filter(({ name }) => name === 'shop transaction');
    expect(transactions.map(({ parentSpanId }) => parentSpanId)).toEqual([request!.spanId]);
    expect(valueOf(transactions[0]!, 'stoa.shopId')).toBe(owner.shop.id);
    const statements = found.filter(({ parentSpanId }) => parentSpanId === transactions[0]!.spanId);
    expect(statements.map(({ name }) => name)).toEqual(['WITH']); // a list is one statement
    expect(JSON.stringify(spans)).not.toContain('secret-sku');
  });

  it('names the code of a failed request', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() });
    await fetch(`${server.url}/api/v1/products`, { headers: { traceparent } });
    const [request] = await until(
      () => Promise.resolve(spans.filter(({ parentSpanId }) => parentSpanId === PARENT)),
      ({ length }) => length > 0,
    );
    expect(valueOf(request!, 'error.type')).toBe('UNAUTHENTICATED');
    expect(valueOf(request!, 'http.response.status_code')).toBe(401);
  });

  it('sends the last spans before the process ends', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() });
    await fetch(`${server.url}/api/v1/shops`, { headers: { traceparent } });
    await server.end('SIGTERM');
    running = undefined;
    expect(spans.filter(({ parentSpanId }) => parentSpanId === PARENT)).toHaveLength(1);
  });

  it('disturbs nobody when there is no collector', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const owner = await newOwner(server.api);
    expect((await owner.api.get('products')).status).toBe(200);
  });

  it('is off by default, and the log still has the trace of the caller', async () => {
    const server = await start({ LOG_LEVEL: 'info' });
    await fetch(`${server.url}/api/v1/shops`, { headers: { traceparent, 'x-request-id': 'request-0002' } });
    const line = await until(
      () =>
        Promise.resolve(
          server
            .printed()
            .split('\n')
            .find((text) => text.includes('request-0002')),
        ),
      (text) => text !== undefined,
    );
    expect(JSON.parse(line!)).toMatchObject({ event: 'request', traceId: TRACE });
    expect(spans).toEqual([]);
  });
});
