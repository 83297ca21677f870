import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { TenantDatabase } from '../../src/tenancy/tenant-database';
import { TenantLocator } from '../../src/tenancy/tenant-locator';
import type { Answer } from '../support/api';
import { withClient } from '../support/database';
import { newOwner, type Owner } from '../support/factories';
import { problemIn } from '../support/problem';
import { startTestApp, type TestApp, useTestApp } from '../support/test-app';
import { until } from '../support/until';

/** More than the socket buffers of both ends hold for a client that does not read. */
const PRODUCTS = 400;
/** Compresses to half its length, so that a compressed catalogue is as much too large. */
const DESCRIPTION = randomBytes(49_500).toString('hex');

/** Counts unlinked files that this process, which runs the server, has open; readable on Linux only. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /\/stoa-[\w-]+ \(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false; // closed since it was listed: the descriptor of the listing itself
    }
  }).length;
}

const noFiles = () =>
  until(
    async () => openFiles(),
    (count) => count === 0,
  );
const oneFile = () =>
  until(
    async () => openFiles(),
    (count) => count === 1,
  );

async function largeShop(app: TestApp): Promise<Owner> {
  const owner = await newOwner(app.api);
  const rows = Array.from({ length: PRODUCTS }, (_, i) => `t-${i},Thing ${i},1,${DESCRIPTION}`);
  const csv = ['Handle,Title,Variant Price,Body (HTML)', ...rows].join('\n');
  const { status } = await owner.api.raw('POST', 'products/import', csv, { 'content-type': 'text/csv' });
  expect(status).toBe(200);
  return owner;
}

/** Requests the catalogue and does not read the answer. */
function ask(app: Pick<TestApp, 'url'>, { accessToken }: Owner, encoding = 'identity'): Promise<Socket> {
  const { hostname, port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      const head = [
        'GET /api/v1/products/export HTTP/1.1',
        'host: shop',
        `authorization: Bearer ${accessToken}`,
        `accept-encoding: ${encoding}`,
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      resolve(socket);
    });
    socket.pause();
    socket.on('error', reject);
  });
}

const ENCODINGS = ['identity', 'gzip'];

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('a download', () => {
  const app = useTestApp({ TENANT_POOL_SIZE: '1' });
  let owner: Owner;
  beforeAll(async () => {
    owner = await largeShop(app);
  });
  const idle = () =>
    until(
      async () => app.app.get(TenantDatabase, { strict: false }).load(),
      ({ total, idle: free }) => total === free,
    );

  it.each(ENCODINGS)(
    'holds no connection while a client does not read, and no file once it is gone: %s',
    async (encoding) => {
      const socket = await ask(app, owner, encoding);
      await oneFile();
      await idle();
      expect((await owner.api.get('products?limit=1')).status).toBe(200); // there is only one connection
      expect(openFiles()).toBe(1);
      socket.destroy();
      await noFiles();
    },
  );

  it.each(ENCODINGS)(
    'leaves nothing of a client that disconnects in the middle of the answer: %s',
    async (encoding) => {
      const socket = await ask(app, owner, encoding);
      await new Promise((resolve) => socket.once('readable', resolve));
      expect(String(socket.read(12))).toBe('HTTP/1.1 200');
      expect(openFiles()).toBe(1);
      socket.destroy();
      await noFiles();
    },
  );

  it('leaves nothing of a client that disconnects before the answer', async () => {
    const { schema } = new TenantLocator().locate(owner.shop.id);
    await withClient(app.database.url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${schema}.products`);
      const before = await connectionsOf(app);
      const socket = await ask(app, owner);
      await oneFile();
      socket.destroy();
      await until(
        () => connectionsOf(app),
        (count) => count <= before,
      );
      await client.query('ROLLBACK');
    });
    await noFiles();
    await idle();
  });

  it('leaves nothing of one that was read to its end, nor of a HEAD', async () => {
    const identity = { 'accept-encoding': 'identity' };
    const { body, headers } = await owner.api.raw('GET', 'products/export', undefined, identity);
    expect(Buffer.byteLength(body)).toBe(Number(headers.get('content-length')));
    await noFiles();
    const answer = await fetch(`${app.url}/api/v1/products/export`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${owner.accessToken}` },
    });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    await noFiles();
  });

  it('that is sent while the program stops is sent whole, and its connection does not hold up the stop', async () => {
    const stopping = await startTestApp({}, { database: app.database });
    const socket = await ask(stopping, owner);
    await new Promise((resolve) => socket.once('readable', resolve));
    const head = String(socket.read(12));
    const closing = stopping.close();
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const start = performance.now();
    await closing;
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(head).toBe('HTTP/1.1 200');
    expect(bytes).toBeGreaterThan(PRODUCTS * DESCRIPTION.length);
    await noFiles();
  });

  it.each(ENCODINGS)('that nobody takes is ended, and its file with it: %s', async (encoding) => {
    const impatient = await startTestApp({ REQUEST_TIMEOUT_MS: '2000' }, { database: app.database });
    const socket = await ask(impatient, owner, encoding);
    await oneFile();
    await noFiles();
    socket.destroy();
    await impatient.close();
  });

  it('leaves nothing when what it reads cannot be read', async () => {
    const { schema } = new TenantLocator().locate(owner.shop.id);
    await app.database.query(`ALTER TABLE ${schema}.products RENAME TO away`);
    try {
      expect((await owner.api.get('products/export')).status).toBeGreaterThanOrEqual(500);
    } finally {
      await app.database.query(`ALTER TABLE ${schema}.away RENAME TO products`);
    }
    await noFiles();
  });
});

describe('too many downloads of one shop at once', () => {
  const app = useTestApp({ LOCK_TIMEOUT_MS: '60000', STATEMENT_TIMEOUT_MS: '60000' });

  it('are refused beyond the one that is written and those that wait, while others are served', async () => {
    const [owner, other] = [await newOwner(app.api), await newOwner(app.api)];
    const { schema } = new TenantLocator().locate(owner.shop.id);
    await withClient(app.database.url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${schema}.products`);
      const ends: Answer[] = [];
      const asked = Array.from({ length: 1 + 20 + 1 }, () =>
        owner.api.get('products/export').then((answer) => ends.push(answer)),
      );
      await until(
        async () => ends.length,
        (count) => count === 1,
      );
      expect(problemIn(ends[0]!)).toBe('429 TOO_MANY_REQUESTS');
      for (const kind of ['products', 'orders'])
        expect((await other.api.get(`${kind}/export`)).status).toBe(200);
      expect(ends.length).toBe(1);
      await client.query('ROLLBACK');
      await Promise.all(asked);
      expect(ends.slice(1).map(({ status }) => status)).toEqual(Array(21).fill(200));
    });
  });
});

function connectionsOf({ app }: Pick<TestApp, 'app'>): Promise<number> {
  return new Promise((resolve, reject) => {
    app.getHttpServer().getConnections((error: Error | null, count: number) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
