import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase } from '../support/database';
import { bundle, runCli, scratchFolder, startServer } from '../support/program';

const BUNDLES = path.join(process.env['TEST_PROGRAM']!, 'bundle');

/** Runs a program's bundle directly. @returns its output */
function node(program: 'main' | 'cli', flags: string[], script: string): string {
  const file = readdirSync(BUNDLES).find((name) => name.startsWith(`${program}-`) && name.endsWith('.js'))!;
  const head = `const { load } = require('${BUNDLES}/loader.cjs'); const file = '${BUNDLES}/${file}';`;
  return execFileSync(process.execPath, [...flags, '-e', head + script], { encoding: 'utf8' }).trim();
}

function flagsOf(script: 'start' | 'cli'): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  return scripts[script]!.split(' ').filter((part) => part.startsWith('--'));
}

describe('the bundle', () => {
  it.each([
    ['main', 'as npm start runs it', flagsOf('start')],
    ['main', 'as tests run it', []],
    ['cli', 'as npm run cli runs it', flagsOf('cli')],
  ] as const)('%s is not compiled anew, %s', (program, _how, flags) => {
    expect(node(program, [...flags], 'console.log(load(file).script.cachedDataRejected)')).toBe('false');
  });

  it('runs without the code cache, too', () => {
    const flags = ['--max-semi-space-size=63']; // no cache fits these
    expect(node('main', flags, 'console.log(typeof load(file).exports.run)')).toBe('function');
  });

  it('names the lines of our own files in a stack trace', () => {
    const script = `const { run } = load(file).exports;
      const get = () => { require('node:fs').writeSync(1, new Error().stack); process.exit(); };
      Object.defineProperty(process, 'env', { get });
      run();`;
    expect(node('main', flagsOf('start'), script)).toMatch(/at readEnv \(.*\/src\/config\/env\.ts:\d+:\d+\)/);
  });

  it('loads what only a setting needs', async () => {
    const database = await createTestDatabase();
    const origin = 'https://shop.example';
    const server = await startServer({ env: { DATABASE_URL: database.url, CORS_ORIGINS: origin } });
    const { headers } = await server.api.raw('GET', '/openapi.json', undefined, { origin });
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('content-encoding')).toMatch(/^(br|gzip)$/); // fetch accepts both
    expect(await server.end('SIGTERM')).toBe(0);
    await database.drop();
  });

  it('finds its own files whatever the folder of the project is called', async () => {
    const scratch = scratchFolder();
    const program = path.join(scratch, 'c++ (copy) [1]');
    try {
      for (const part of ['src', 'migrations'])
        cpSync(path.join(process.env['TEST_PROGRAM']!, part), path.join(program, part), { recursive: true });
      bundle(program);
      const { code, stdout } = await runCli(['migration:lint'], { program });
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^[1-9]\d* migration\(s\): nothing found/)]);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
