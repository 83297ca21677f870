import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { finish, type Finished, scratchFolder } from './support/program';

const ROOT = path.join(__dirname, '..');
const COPIED = [
  'src',
  'migrations',
  'test',
  'examples',
  'docs',
  'package.json',
  '.swcrc',
  'jest.config.js',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'bundle.mjs',
  'bundle-loader.cjs',
];

/** The section "Add a resource", followed as a reader would: in a copy of the project. */
describe('README, "Add a resource"', () => {
  const section = /## Add a resource\n([\s\S]*?)\n## /.exec(
    readFileSync(path.join(ROOT, 'README.md'), 'utf8'),
  )![1]!;
  const project = path.join(scratchFolder(), 'project');
  const inProject = (file: string) => path.join(project, file);
  let before: Map<string, string>;

  const run = (command: string, ...args: string[]): Promise<Finished> =>
    finish(spawn(command, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnv() }));

  beforeAll(() => {
    mkdirSync(project);
    for (const entry of COPIED) cpSync(path.join(ROOT, entry), inProject(entry), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules'), inProject('node_modules'));
    before = contents(project);
    for (const { file, text } of blocks(section, 'ts')) {
      mkdirSync(path.dirname(inProject(file)), { recursive: true });
      writeFileSync(inProject(file), text);
    }
    for (const { file, text } of blocks(section, 'diff')) patch(inProject(file), text);
  });
  afterAll(() => rmSync(project, { recursive: true }));

  it('writes the migration with the command it gives', async () => {
    const [command, ...args] = /npm run (migration:generate:tenant) -- (\S+)/
      .exec(section)!
      .slice(0, 1)[0]!
      .split(' ');
    const { code, stdout, stderr } = await run(command!, ...args);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toMatch(/wrote migrations\/tenant\/\d{13}-create-suppliers\.ts/);
  });

  it('touches seven files', () => {
    const after = contents(project);
    const touched = [...after].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);
    expect(
      touched.map((file) => file.replace(/\d{13}/, '<time>')).toSorted((a, b) => (a < b ? -1 : 1)),
    ).toEqual([
      'migrations/tenant/<time>-create-suppliers.ts',
      'src/tenant/suppliers/supplier.entity.ts',
      'src/tenant/suppliers/suppliers.dto.ts',
      'src/tenant/suppliers/suppliers.module.ts',
      'src/tenant/suppliers/suppliers.service.ts',
      'src/tenant/tenant.module.ts',
      'test/tenant/suppliers.e2e-spec.ts',
    ]);
  });

  it('passes the type check', async () => {
    const { code, stdout } = await run('npx', 'tsc', '--noEmit', '--incremental', 'false');
    expect([code, stdout]).toEqual([0, '']);
  });

  it('passes its own test, and those that look at every resource', async () => {
    const { code, stderr } = await run(
      'npx',
      'jest',
      'test/tenant/suppliers',
      'test/architecture',
      'test/http/plain-bodies',
      '--selectProjects',
      'unit',
      'e2e',
    );
    expect(stderr).toMatch(/Test Suites: 3 passed, 3 total/);
    expect(code).toBe(0);
  });

  it('is asked by the isolation kit without an entry there', async () => {
    const { code, stdout, stderr } = await run(
      ...(['npx', 'jest', 'test/isolation/routes', '--selectProjects', 'isolation'] as const),
      ...(['-t', 'the route table|routes without an entry'] as const),
    );
    expect([code, stderr]).toEqual([0, expect.stringMatching(/Tests: .* 4 passed/)]);
    for (const route of ['GET /api/v1/suppliers', 'POST /api/v1/suppliers', 'GET /api/v1/suppliers/{id}'])
      expect(stdout).toContain(route);
  });

  it('leaves nothing more to generate', async () => {
    const { stderr } = await run('npm', 'run', 'migration:generate:tenant', '--', 'create-suppliers-again');
    expect(stderr).toContain('there is nothing to write');
  });
});

function blocks(section: string, language: string): { file: string; text: string }[] {
  const found = [...section.matchAll(new RegExp('^```' + language + ' (\\S+)\\n([\\s\\S]*?)^```$', 'gm'))];
  return found.map(([, file, text]) => ({ file: file!, text: text! }));
}

/** Lines of a diff without context: `+import` goes to the top, `-old` and the `+new` around it replace a line's start. */
function patch(file: string, diff: string): void {
  const lines = diff.trimEnd().split('\n');
  let text = readFileSync(file, 'utf8');
  const imports = lines.filter((line) => line.startsWith('+import ')).map((line) => line.slice(1));
  text = `${imports.join('\n')}\n${text}`;
  const [removed, added] = ['-', '+'].map((sign) =>
    lines
      .filter((line) => line.startsWith(sign) && !line.startsWith('+import '))
      .map((line) => line.slice(1)),
  );
  for (const [i, old] of removed!.entries()) {
    if (text.split(old).length !== 2) throw new Error(`${old} is not once in ${file}`);
    text = text.replace(old, added![i]!);
  }
  writeFileSync(file, text);
}

/** Text of every source file below a folder, by its path. */
function contents(folder: string): Map<string, string> {
  const files = ['src', 'migrations', 'test', 'docs'].flatMap((top) =>
    (readdirSync(path.join(folder, top), { recursive: true }) as string[]).map((file) =>
      path.join(top, file),
    ),
  );
  const regular = files.filter((file) => statSync(path.join(folder, file)).isFile());
  return new Map(regular.map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]));
}

/** The environment of this run without what jest and the run itself put there. */
function cleanEnv(): NodeJS.ProcessEnv {
  const { TEST_PROGRAM: _program, JEST_WORKER_ID: _worker, NODE_ENV: _env, ...rest } = process.env;
  return { ...rest, DATA_DIR: '.data', DATABASE_URL: '', LOG_LEVEL: 'warn' };
}
