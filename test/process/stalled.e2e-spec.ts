import { readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, type Owner } from '../support/factories';
import { type RunningServer, scratchFolder, startServer } from '../support/program';
import { untilTrue } from '../support/until';

/** Clients that stop sending in the middle of a request. */
describe('a client that stalls', () => {
  const tmp = scratchFolder();
  let database: TestDatabase;
  let server: RunningServer;
  let owner: Owner;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(async () => {
    const limits = { REQUEST_TIMEOUT_MS: '1000', IMPORT_MAX_MB: '1', TMPDIR: tmp };
    server = await startServer({
      env: { DATABASE_URL: database.url, ...limits },
      times: { stopGraceMs: 1000 },
    });
    owner = await newOwner(server.api);
  });
  afterEach(() => server.end('SIGKILL'));
  afterAll(async () => {
    rmSync(tmp, { recursive: true });
    await database.drop();
  });

  /** Sends raw text and keeps the connection open; `answer` is everything received so far. */
  function connect(text: string): { socket: net.Socket; answer: () => string; closed: Promise<void> } {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => undefined); // a reset also ends the connection
    socket.write(text);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    return { socket, answer: () => answer, closed };
  }

  const head = (path: string, length: number, type: string) =>
    [
      `POST /api/v1/${path} HTTP/1.1`,
      'host: x',
      `authorization: Bearer ${owner.accessToken}`,
      `content-type: ${type}`,
      `content-length: ${length}`,
      '',
      '',
    ].join('\r\n');

  it.each([
    ['in its headers', () => 'POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\n'],
    ['in JSON', () => `${head('auth/login', 100, 'application/json')}{"email":`],
    ['in a file', () => `${head('products/import', 100, 'text/csv')}Handle,Ti`],
  ])('%s is answered with 408', async (_where, text) => {
    const { answer, closed } = connect(text());
    await closed;
    expect(answer()).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer()).toContain('"code":"REQUEST_TIMEOUT"');
  });

  it('does not keep the program from stopping', async () => {
    connect(`${head('products/import', 100, 'text/csv')}Handle,Ti`);
    await sleep(200); // it has arrived
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('leaves no file behind, even if the program is killed meanwhile', async () => {
    connect(`${head('products/import', 100_000, 'text/csv')}${'a'.repeat(50_000)}`);
    await sleep(200);
    await server.end('SIGKILL');
    expect(readdirSync(tmp).filter((name) => name.startsWith('stoa-'))).toEqual([]);
  });

  it('can use its connection again after a file that is too large, and the program stops in order', async () => {
    const size = 5_000_000;
    const { socket, answer } = connect(head('products/import', size, 'text/csv'));
    socket.write(Buffer.alloc(size, 'a'));
    await untilTrue(() => answer().includes('BODY_TOO_LARGE'));
    socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
    await untilTrue(() => answer().includes('"status":"ok"'));
    expect(answer()).toContain('BODY_TOO_LARGE');
    expect(answer()).toContain('"status":"ok"');
    socket.destroy();
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('is not mistaken for an unreachable database', async () => {
    const { socket } = connect(`${head('auth/login', 100, 'application/json')}{"email":`);
    await sleep(200);
    socket.destroy();
    await sleep(200);
    expect(server.printed()).not.toContain('DATABASE_UNAVAILABLE');
  });
});
