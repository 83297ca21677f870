import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { EmbeddedServer } from '../../src/database/server/embedded-server';
import { newOwner } from '../support/factories';
import { finish, type RunningServer, scratchFolder, spawnProgram, startServer } from '../support/program';
import { until } from '../support/until';

const PASSWORD = 'test';
const folder = scratchFolder();
const server = new EmbeddedServer(path.join(folder, 'postgres'), PASSWORD, { fsync: 'off' });
let port: number;
let url: string;

/** Lines of the log that say that a start waits. */
const waits = (printed: string) => printed.split('\n').filter((line) => line.includes('"database.awaited"'));

beforeAll(async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  port = (probe.address() as AddressInfo).port;
  probe.close();
  url = server.url(port, 'postgres');
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('a start before its database', () => {
  let api: RunningServer | undefined;

  afterAll(() => api?.end('SIGKILL'));

  it('waits, says so, and serves once it is there', async () => {
    const child = spawnProgram('main', [], { env: { DATABASE_URL: url, PORT: '0' } });
    let printed = '';
    child.stdout!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await until(
      () => Promise.resolve(waits(printed)),
      (lines) => lines.length >= 2,
    );
    expect(printed).not.toContain('Stoa is ready');
    await server.start(port);
    await until(
      () => Promise.resolve(printed),
      (text) => text.includes('Stoa is ready'),
    );
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const pauses = waits(printed).map((line) => (JSON.parse(line) as { retryMs: number }).retryMs);
    expect(pauses.slice(0, 2)).toEqual([250, 500]);
    expect(printed).not.toContain(`${PASSWORD}@`);
  });

  it('needs no restart when the server dies and returns', async () => {
    api = await startServer({ env: { DATABASE_URL: url } });
    await newOwner(api.api);
    await server.stop();
    const { status, body } = await api.api.get('/health/ready');
    expect([status, body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect((await api.api.get('/health/live')).status).toBe(200);
    await server.start(port);
    await until(
      () => api!.api.get('/health/ready'),
      (answer) => answer.status === 200,
    );
    await newOwner(api.api);
  });

  it('ends at once if the server refuses the password', async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong';
    const { code, stdout, stderr } = await finish(
      spawnProgram('main', [], { env: { DATABASE_URL: wrong.href, PORT: '0' } }),
    );
    expect([code, waits(stdout)]).toEqual([1, []]);
    expect(stderr).toContain('28P01');
  });

  it('ends at once if the database does not exist', async () => {
    const { code, stdout, stderr } = await finish(
      spawnProgram('main', [], { env: { DATABASE_URL: server.url(port, 'nowhere'), PORT: '0' } }),
    );
    expect([code, waits(stdout)]).toEqual([1, []]);
    expect(stderr).toContain('Create the database first');
  });
});

describe('a start without a database', () => {
  const nowhere = 'postgres://nobody:geheim@127.0.0.1:1/stoa';

  it.each(['1', '2'])('ends in time with the address and the reason, with WORKERS=%s', async (workers) => {
    const { code, stdout, stderr } = await finish(
      spawnProgram('main', [], {
        env: { DATABASE_URL: nowhere, PORT: '0', WORKERS: workers },
        times: { databaseWaitMs: 800 },
      }),
    );
    expect([code, waits(stdout).length]).toEqual([1, 2]);
    expect(stderr).toMatch(/^No connection to the database, 127\.0\.0\.1:1\/stoa .*\n.*ECONNREFUSED/);
    expect(stdout + stderr).not.toContain('geheim');
  });

  it.each([
    ['main', [], { PROVISIONING: 'inline' }],
    ['main', [], { PROVISIONING: 'worker', DATABASE_URL: 'postgres://127.0.0.1:1/stoa' }],
    ['cli', ['provisioning:worker'], { PROVISIONING: 'worker', ADMIN_SECRET: 'x'.repeat(32) }],
  ] as const)('is stopped by SIGTERM while it waits: %s %s', async (entry, args, settings) => {
    const child = spawnProgram(entry, [...args], { env: { DATABASE_URL: nowhere, PORT: '0', ...settings } });
    let printed = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        if (waits(printed).length === 0 && waits((printed += chunk.toString())).length > 0)
          child.kill('SIGTERM');
      });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(entry === 'main' ? 0 : 143);
  });
});
