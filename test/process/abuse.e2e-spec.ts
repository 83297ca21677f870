import { readdirSync, readlinkSync } from 'node:fs';
import { freePort } from '../../src/database/server/free-port';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newOwner, newProduct, type Owner, PASSWORD } from '../support/factories';
import { type RunningServer, startServer } from '../support/program';
import { headOf, RawClient } from '../support/raw-client';
import { ABUSE } from '../support/sizes';
import { until, untilTrue } from '../support/until';

/** Fewer fit into the memory for bodies that arrive. */
const BODIES_AT_ONCE = 17;
/** MiB of bodies that arrive and of other work: garbage would make it twice as much. */
const MOST_BUFFERS = 24;
const CSV = 'Handle,Title,Variant Price\nmug,Mug,5\n';
const LARGE_PATHS = ['/openapi.json', '/docs/swagger-ui-bundle.js'];

/** A program and two shops; what the one's clients do must not be felt by the other. */
class Attacked {
  readonly clients: RawClient[] = [];

  constructor(
    private readonly database: TestDatabase,
    readonly server: RunningServer,
    readonly metrics: string,
    readonly attacker: Owner,
    private readonly other: Owner,
  ) {}

  /** With one connection of the database for each side: whoever held it would stop the other shop. */
  static async start(settings: Record<string, string>): Promise<Attacked> {
    const database = await createTestDatabase();
    const port = await freePort();
    const server = await startServer({
      env: {
        ...{ DATABASE_URL: database.url, METRICS_PORT: String(port) },
        ...{ TENANT_POOL_SIZE: '1', PUBLIC_POOL_SIZE: '1', ...settings },
      },
    });
    const [attacker, other] = [await newOwner(server.api), await newOwner(server.api)];
    await newProduct(attacker.api, { description: 'x'.repeat(50_000) });
    return new Attacked(database, server, `http://127.0.0.1:${port}`, attacker, other);
  }

  async client(url = this.server.url): Promise<RawClient> {
    const one = await RawClient.connect(url);
    this.clients.push(one);
    return one;
  }

  many(count: number): Promise<RawClient[]> {
    return Promise.all(Array.from({ length: count }, () => this.client()));
  }

  post(path: string, type: string, length: number): string {
    return this.head(`POST /api/v1/${path}`, { 'content-type': type, 'content-length': length });
  }

  head(line: string, headers: Record<string, string | number> = {}): string {
    return headOf(line, { authorization: `Bearer ${this.attacker.accessToken}`, ...headers });
  }

  /** The other shop reads, writes, imports and signs in. @returns statuses */
  async othersServed(): Promise<number[]> {
    const { api, email } = this.other;
    const answers = [
      await api.get('products'),
      await api.post('products', { name: 'Mug', priceMinor: 500 }),
      await api.raw('POST', 'products/import', CSV, { 'content-type': 'text/csv' }),
      await api.as().post('auth/login', { email, password: PASSWORD }),
    ];
    return answers.map(({ status }) => status);
  }

  /** Descriptors of the program that match. Readable on Linux only. */
  open(kind: RegExp): number {
    const folder = `/proc/${this.server.pid}/fd`;
    return readdirSync(folder).filter((fd) => {
      try {
        return kind.test(readlinkSync(`${folder}/${fd}`));
      } catch {
        return false; // closed since it was listed
      }
    }).length;
  }

  /** Memory of the program's buffers, MiB. */
  async buffers(): Promise<number> {
    const text = await (await fetch(`${this.metrics}/metrics`)).text();
    return Number(/^nodejs_external_memory_bytes (\S+)$/m.exec(text)?.[1]) / 1_048_576;
  }

  async assertNothingLeft(): Promise<void> {
    for (const client of this.clients.splice(0)) client.end();
    await untilTrue(() => this.open(FILES) === 0);
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity
       WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    if (row?.count !== 0) throw new Error(`${row?.count} transaction(s) are still open`);
  }

  async end(): Promise<void> {
    const code = await this.server.end('SIGTERM');
    if (code !== 0) throw new Error(`the program ended with ${code}`);
    await this.database.drop();
  }
}

/** Statuses if the other shop is served. */
const SERVED = [200, 201, 200, 200];
/** Unlinked files: uploads and downloads. */
const FILES = /\/stoa-[\w-]+ \(deleted\)$/;
const SOCKETS = /^socket:/;

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('beside clients that keep connections', () => {
  let attacked: Attacked;
  beforeAll(async () => {
    attacked = await Attacked.start({ MAX_CONNECTIONS: String(ABUSE.silent) });
  });
  afterEach(() => attacked.assertNothingLeft());
  afterAll(() => attacked.end());

  it('a shop is served, as the silent one of them that is oldest gives way', async () => {
    const upload = (await attacked.client()).send(attacked.post('products/import', 'text/csv', CSV.length));
    await untilTrue(() => attacked.open(FILES) === 1);
    const silent: RawClient[] = [];
    for (let i = 0; i < 3; i++) {
      silent.push(...(await attacked.many(ABUSE.silent / 2)));
      expect(await attacked.othersServed()).toEqual(SERVED);
    }
    await untilTrue(() => silent.filter((one) => one.isOpen()).length < ABUSE.silent);
    expect(silent.slice(0, 10).map((one) => one.isOpen())).toEqual(Array(10).fill(false));
    expect(silent.at(-1)!.isOpen()).toBe(true);
    expect(await upload.send(CSV).answered()).toEqual(['200']); // a request under way does not give way
  });

  it('a shop is served, as the oldest of their bodies gives way when they take too much memory', async () => {
    const slow = await attacked.many(ABUSE.slowBodies);
    const before = await attacked.buffers();
    const growth: number[] = [];
    for (const one of slow) {
      one
        .send(attacked.post('products', 'application/json', 1_000_000))
        .send(`{"name":"${'a'.repeat(950_000)}`);
      growth.push((await attacked.buffers()) - before);
      if (one === slow[10]) expect(await attacked.othersServed()).toEqual(SERVED);
    }
    const refused = () => slow.filter((one) => one.outcomes()[0] === '408 REQUEST_TIMEOUT').length;
    await untilTrue(() => refused() >= ABUSE.slowBodies - BODIES_AT_ONCE);
    expect(Math.max(...growth)).toBeLessThan(MOST_BUFFERS);
    expect(await attacked.othersServed()).toEqual(SERVED);
    const last = slow.findLast((one) => one.outcomes().length === 0)!; // at least one has room
    expect(await last.send('b'.repeat(49_991)).answered()).toEqual(['400 MALFORMED_BODY']);
  });

  it('a shop is served, while their uploads wait for the next byte', async () => {
    const slow = await attacked.many(12);
    for (const one of slow) one.send(attacked.post('products/import', 'text/csv', 100_000)).send(CSV);
    await untilTrue(() => slow.filter((one) => one.outcomes()[0] === '429 TOO_MANY_REQUESTS').length === 4);
    await untilTrue(() => attacked.open(FILES) === 8);
    expect(await attacked.othersServed()).toEqual(SERVED);
    expect((await attacked.attacker.api.get('products')).status).toBe(200); // their own shop too, but for imports
  });

  it('a shop is served, while they read none of their answers', async () => {
    for (const [i, one] of (await attacked.many(20)).entries()) {
      const path = i % 4 === 0 ? '/api/v1/products' : LARGE_PATHS[i % 2]!; // there are two
      one.deafen().send(attacked.head(`GET ${path}`, { 'accept-encoding': 'br' }));
    }
    expect(await attacked.othersServed()).toEqual(SERVED);
  });
});

describeOnLinux('a client is disconnected', () => {
  const SHORT = { HEADERS_TIMEOUT_MS: '1000', KEEP_ALIVE_MS: '1000', REQUEST_TIMEOUT_MS: '2000' };
  let attacked: Attacked;
  beforeAll(async () => {
    attacked = await Attacked.start(SHORT);
  });
  afterEach(() => attacked.assertNothingLeft());
  afterAll(() => attacked.end());

  it('that sends nothing', async () => {
    const silent = await attacked.client();
    await silent.closed();
    expect(silent.outcomes()).toEqual(['408 REQUEST_TIMEOUT']);
  });

  it('that sends its headers byte by byte', async () => {
    const slow = await attacked.client();
    const head = attacked.head('GET /api/v1/products');
    let sent = 0;
    await until(
      async () => slow.send(head[sent++]!).isOpen(), // the head is longer than the test
      (isOpen) => !isOpen,
    );
    expect(sent).toBeLessThan(head.length);
    expect(slow.outcomes()).toEqual(['408 REQUEST_TIMEOUT']);
  });

  it.each(['', '\r\n', '\r\n\r\n'])('that sends no second request after its first, but %j', async (more) => {
    const idle = (await attacked.client()).send(headOf('GET /health/live'));
    expect(await idle.answered()).toEqual(['200']);
    idle.send(more);
    await idle.closed();
    expect(idle.outcomes()[0]).toBe('200');
  });

  it('that sends nothing to the port of the metrics', async () => {
    await (await attacked.client(attacked.metrics)).closed();
    expect((await fetch(`${attacked.metrics}/metrics`)).status).toBe(200);
  });

  it.each(['identity', 'br'])(
    'that does not read its answer, as text and as a file: %s',
    async (encoding) => {
      const before = attacked.open(SOCKETS);
      const deaf = await attacked.many(8);
      for (const [i, one] of deaf.entries())
        one.deafen().send(headOf(`GET ${LARGE_PATHS[i % 2]!}`, { 'accept-encoding': encoding }).repeat(20)); // there are two
      await untilTrue(() => attacked.open(SOCKETS) >= before + 8);
      await untilTrue(() => attacked.open(SOCKETS) <= before);
      expect(await attacked.othersServed()).toEqual(SERVED);
      for (const one of deaf) await one.listen().closed();
    },
  );
});
