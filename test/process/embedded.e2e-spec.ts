import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { newOrder, newOwner, newProduct, PASSWORD } from '../support/factories';
import {
  finish,
  runCli,
  type RunningServer,
  scratchFolder,
  spawnProgram,
  startServer,
} from '../support/program';
import { untilTrue } from '../support/until';

/** Runs the program with its own PostgreSQL, as after cloning the project. */
describe('npm start without DATABASE_URL', () => {
  const running: RunningServer[] = [];
  let dir: string;
  /** A folder that a program has used and left, to be copied: making one takes longer than most tests. */
  let used: string;

  const env = () => ({ DATA_DIR: dir });
  const pidFile = () => path.join(dir, 'postgres', 'postmaster.pid');
  const postmaster = () => Number(readFileSync(pidFile(), 'utf8').split('\n')[0]);
  async function start(extra: Record<string, string> = {}): Promise<RunningServer> {
    const server = await startServer({ env: { ...env(), ...extra } });
    running.push(server);
    return server;
  }

  const copyUsed = () => execFileSync('cp', ['-a', `${used}/.`, dir]); // with the owner of its files

  beforeAll(async () => {
    used = scratchFolder();
    const server = await startServer({ env: { DATA_DIR: used } });
    await server.end('SIGTERM');
  });
  beforeEach(() => {
    dir = scratchFolder();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')));
    if (existsSync(pidFile())) process.kill(postmaster(), 'SIGQUIT');
    await untilTrue(() => !existsSync(pidFile()));
    rmSync(dir, { recursive: true, force: true });
  });
  afterAll(() => rmSync(used, { recursive: true, force: true }));

  it('starts PostgreSQL, keeps data between runs and stops it with the program', async () => {
    const first = await start();
    expect(first.printed()).toContain('embedded PostgreSQL');
    expect(first.printed()).toContain('/docs');
    const { email } = await newOwner(first.api);
    expect(await first.end('SIGTERM')).toBe(0);
    expect(existsSync(pidFile())).toBe(false);

    const second = await start();
    expect((await second.api.post('auth/login', { email, password: PASSWORD })).status).toBe(200);
    expect(await second.end('SIGINT')).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('survives kill -9 and the next start', async () => {
    copyUsed();
    const first = await start();
    const owner = await newOwner(first.api);
    const product = await newProduct(owner.api);
    await first.end('SIGKILL');
    const second = await start();
    const { body } = await second.api.post('auth/login', { email: owner.email, password: PASSWORD });
    expect((await second.api.as(body.accessToken).get(`products/${product.id}`)).status).toBe(200);
    expect(await second.end('SIGTERM')).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('shares one server between two programs, and leaves it to the remaining one', async () => {
    const [first, second] = await Promise.all([start(), start()]); // the very first start, twice at once
    const { email } = await newOwner(first.api);
    expect(await first.end('SIGTERM')).toBe(0);
    expect((await second.api.post('auth/login', { email, password: PASSWORD })).status).toBe(200);
    const command = await runCli(['migrate:tenants'], { env: env() });
    expect(command.code).toBe(0);
    expect((await second.api.get('/health/ready')).status).toBe(200);
    expect(await second.end('SIGTERM')).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('serves the demo of a second terminal, which starts no other server', async () => {
    copyUsed();
    const server = await start();
    const demo = () => runCli(['demo'], { env: env() });
    const [first, second] = await Promise.all([demo(), demo()]);
    for (const { code, stdout, stderr } of [first, second]) {
      expect([code, stdout]).toEqual([0, expect.stringContaining('Looking across')]);
      expect(stderr).toContain(`server    ${server.url}, runs already`);
      expect(stderr).toMatch(/^database {2}embedded PostgreSQL on 127\.0\.0\.1:\d+\/stoa, data in /m);
    }
    process.kill(postmaster(), 'SIGKILL');
    await untilTrue(() => server.printed().includes('embedded.restarted'));
    expect((await demo()).stderr).toContain(`server    ${server.url}, runs already`);
    expect(await server.end('SIGTERM')).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('lets a second demo use the server of the first, which stops only after that', async () => {
    copyUsed();
    const demo = spawnProgram('cli', ['demo'], { env: env() });
    const end = finish(demo);
    let printed = '';
    demo.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await untilTrue(() => printed.includes('started for this demo'));
    const password = readFileSync(path.join(dir, 'postgres.secret'), 'utf8').trim();
    const port = Number(readFileSync(pidFile(), 'utf8').split('\n')[3]);
    const guest = new Client({
      ...{ host: '127.0.0.1', port, user: 'postgres', password, database: 'stoa' },
      application_name: 'stoa guest', // as that of the second demo
    });
    await guest.connect();
    await untilTrue(() => printed.includes('Another demo uses this server'));
    const second = await runCli(['demo'], { env: env() });
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining(', runs already')]);
    await guest.end();
    expect((await end).code).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('restarts the server when it is killed, and keeps serving', async () => {
    copyUsed();
    const server = await start();
    const { api } = await newOwner(server.api);
    process.kill(postmaster(), 'SIGKILL');
    await untilTrue(() => server.printed().includes('embedded.restarted'));
    expect((await api.get('products')).status).toBe(200);
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('ends with a message when it cannot listen, and leaves no server behind', async () => {
    await expect(start({ PORT: '0', HOST: '192.0.2.1' })).rejects.toThrow('EADDRNOTAVAIL');
    expect(existsSync(path.join(dir, 'postgres'))).toBe(true);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('stops what it has started when SIGTERM comes during the start', async () => {
    const child = spawnProgram('main', [], { env: { ...env(), PORT: '0' } });
    const ended = finish(child);
    await untilTrue(() => existsSync(pidFile())); // PostgreSQL is starting
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(existsSync(pidFile())).toBe(false);
  });

  it('starts over when its first start was killed while it made the database cluster', async () => {
    for (const delay of [300, 600, 900, 1200]) {
      const child = spawnProgram('main', [], { env: { ...env(), PORT: '0' }, group: true });
      const ended = finish(child);
      await sleep(delay); // the moment of the kill, not a wait for something
      process.kill(-child.pid!, 'SIGKILL'); // initdb and its children too; spawned, so it has a pid
      await ended;
    }
    const server = await start();
    expect((await newOwner(server.api)).shop.id).toBeDefined();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(readdirSync(dir).toSorted()).toEqual(['postgres', 'postgres.secret']);
  });

  it('stores its secrets readable by their owner only', async () => {
    await start({ APP_SECRET: '' });
    const modes = execFileSync('stat', [
      '-c',
      '%a %n',
      path.join(dir, 'app.secret'),
      path.join(dir, 'postgres.secret'),
    ]);
    expect(modes.toString().match(/^\d+/gm)).toEqual(['600', '600']);
  });

  it('has only complete shops after it is killed during registrations', async () => {
    copyUsed();
    const first = await start();
    const product = await newProduct((await newOwner(first.api)).api);
    expect(product.id).toBeDefined();
    const registrations = Array.from({ length: 30 }, () => newOwner(first.api).catch(() => null));
    await Promise.race(registrations); // one is done, the rest are in flight
    await first.end('SIGKILL');
    await Promise.all(registrations);

    const second = await start();
    const { code, stdout } = await runCli(['migrate:tenants', '--plan'], { env: env() });
    expect([code, stdout]).toEqual([0, expect.stringContaining('nothing to do: no shop is behind')]);
    const owner = await newOwner(second.api);
    expect((await newOrder(owner.api, (await newProduct(owner.api)).id)).number).toBe(1);
  });
});
