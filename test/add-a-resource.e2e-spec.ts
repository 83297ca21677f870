import { execFileSync, spawn } from 'node:child_process';
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
import { createTestDatabase, type TestDatabase } from './support/database';
import { finish, type Finished, scratchFolder } from './support/program';
import { isFull } from './support/sizes';

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
  'build.mjs',
  'bundle.mjs',
  'bundle-loader.cjs',
  'bundle-options.mjs',
  '.oxlintrc.json',
  '.prettierrc',
];

/**
 * docs/add-a-resource.md, followed as a reader would: in a copy of the project. The second day also adds the job of a shop of
 * CONTRIBUTING.md. The tests depend on their order.
 */
describe('docs/add-a-resource.md', () => {
  const page = readFileSync(path.join(ROOT, 'docs', 'add-a-resource.md'), 'utf8');
  const [, firstDay, secondDay] = page.split(/^## The (?:first|second) day$/m) as [string, string, string];
  const contributing = readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const project = path.join(scratchFolder(), 'project');
  const inProject = (file: string) => path.join(project, file);
  let before: Map<string, string>;
  let database: TestDatabase;

  const run = (command: string, ...args: string[]): Promise<Finished> =>
    finish(
      spawn(command, args, {
        cwd: project,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...cleanEnv(), DATABASE_URL: database.url },
      }),
    );

  /** Runs the command with which a day generates its migration. @returns the path of the file */
  async function generate(day: string): Promise<string> {
    const [command] = /npm run migration:generate:tenant -- \S+/.exec(day)!;
    const [npm, ...args] = command.split(' ');
    const { code, stdout, stderr } = await run(npm!, ...args);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    return /wrote (migrations\/tenant\/\d{13}-\S+\.ts)/.exec(stdout)![1]!;
  }

  /** Runs a tool of node_modules. */
  const tool = (name: string, ...args: string[]) => run(inProject(`node_modules/.bin/${name}`), ...args);
  /** In one process, which loads the program once. */
  const jest = (...args: string[]) => tool('jest', ...args, '--runInBand');

  /** Checks types, too. */
  async function lint(...files: string[]): Promise<void> {
    const { code, stdout } = await tool(
      'oxlint',
      '--type-aware',
      '--type-check',
      '--deny-warnings',
      ...files,
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('0 warnings and 0 errors')]);
  }

  async function isFormatted(...files: string[]): Promise<void> {
    const { code, stderr } = await tool('prettier', '--check', ...files);
    expect([code, stderr]).toEqual([0, '']);
  }

  const touched = () =>
    [...contents(project)].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);

  function write(day: string): void {
    for (const { file, text } of blocks(day, 'ts')) {
      mkdirSync(path.dirname(inProject(file)), { recursive: true });
      writeFileSync(inProject(file), text);
    }
    for (const { file, text } of blocks(day, 'diff'))
      if (!file.includes('<version>')) patch(inProject(file), text);
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    mkdirSync(project);
    execFileSync('git', ['init', '--quiet', project]); // or the linter would obey a .gitignore above the copy
    for (const entry of COPIED) cpSync(path.join(ROOT, entry), inProject(entry), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules'), inProject('node_modules'));
    before = contents(project);
  });
  afterAll(async () => {
    rmSync(project, { recursive: true });
    await database.drop();
  });

  describe('the first day', () => {
    beforeAll(() => write(firstDay));

    it('writes the migration with the command it gives', async () => {
      expect(await generate(firstDay)).toMatch(/-create-suppliers\.ts$/);
    });

    it('touches seven files', () => {
      const names = touched().map((file) => file.replace(/\d{13}/, '<time>'));
      expect(names.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        'migrations/tenant/<time>-create-suppliers.ts',
        'src/tenant/suppliers/supplier.entity.ts',
        'src/tenant/suppliers/suppliers.dto.ts',
        'src/tenant/suppliers/suppliers.module.ts',
        'src/tenant/suppliers/suppliers.service.ts',
        'src/tenant/tenant.module.ts',
        'test/tenant/suppliers.e2e-spec.ts',
      ]);
    });

    it('passes the type check and the formatter', async () => {
      await lint(...touched());
      await isFormatted(...touched());
    });

    it('passes its own test, and those that inspect every resource', async () => {
      const { code, stderr } = await jest(
        ...['test/tenant/suppliers', 'test/architecture', 'test/http/plain-bodies'],
        ...['test/http/openapi-examples', 'test/operations/lifecycle/copied-columns'],
        ...['--selectProjects', 'unit', 'e2e'],
      );
      expect(stderr).toMatch(/Test Suites: 5 passed, 5 total/);
      expect(code).toBe(0);
    });

    it('is asked by the isolation kit without an entry there', async () => {
      const { code, stdout, stderr } = await jest(
        ...['test/isolation/routes', '--selectProjects', 'isolation'],
        ...['-t', 'the route table|routes without an entry'],
      );
      expect([code, stderr]).toEqual([0, expect.stringMatching(/Tests: .* 4 passed/)]);
      for (const route of ['GET /api/v1/suppliers', 'POST /api/v1/suppliers', 'GET /api/v1/suppliers/{id}'])
        expect(stdout).toContain(route);
    });
  });

  describe('the second day', () => {
    beforeAll(() => {
      write(secondDay);
      write(contributing);
    });

    it('writes the next migration with the command it gives, and nothing that the first day has', async () => {
      const file = inProject(await generate(secondDay));
      const [up] = readFileSync(file, 'utf8').split('async down');
      const statements = [...up!.matchAll(/query\(\s*`(.*)`,?\s*\)/g)].map(([, sql]) => sql!);
      expect(statements.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
        expect.stringMatching(/^ALTER TABLE "suppliers" ADD "code" text$/),
        expect.stringMatching(/^ALTER TABLE "suppliers" ADD "first_product_id" uuid$/),
        expect.stringMatching(/^ALTER TABLE "suppliers" ADD "updated_at" .*NOT NULL DEFAULT now\(\)$/),
        expect.stringMatching(/^ALTER TABLE "suppliers" ADD CONSTRAINT "suppliers_first_product_id_fkey" /),
        expect.stringMatching(/^CREATE INDEX "suppliers_first_product_id_idx" /),
        expect.stringMatching(/^CREATE UNIQUE INDEX "suppliers_code_key" /),
      ]);
      const { stderr } = await jest(
        ...['test/migrations/migration-lint', '--selectProjects', 'unit', '-t', 'breaks no rule'],
      );
      for (const rule of ['constraint-not-valid-first', 'index-not-concurrent'])
        expect(stderr).toContain(rule);
      const marks = blocks(secondDay, 'diff').filter((block) => block.file.includes('<version>'));
      expect(marks.length).toBe(1);
      patch(file, marks[0]!.text);
    });

    it('passes the type check, the linter and the formatter', async () => {
      await lint(
        ...(isFull ? ['src', 'test', 'migrations'] : touched().filter((file) => file.endsWith('.ts'))),
      );
      await isFormatted(...touched().filter((file) => !file.startsWith('docs'))); // its diffs do not align tables
    });

    it('passes its own tests, and those of migrations, errors, bodies, permissions and the isolation kit', async () => {
      const own = ['test/tenant/suppliers', 'test/architecture', 'test/common/error-catalogue'];
      const all = ['test/migrations/migration-lint', 'test/http/plain-bodies', 'test/http/bad-input'];
      const others = ['test/public/permissions', 'test/operations/lifecycle/copied-columns'];
      const named =
        'suppliers|source files|migrations|columns of a shop|docs/errors.md|docs/permissions.md|a body of plain fields|the route table|routes without an entry';
      const { code, stdout, stderr } = await jest(
        ...[...own, ...all, ...others, 'test/isolation/routes', '-t', named],
        ...['--selectProjects', 'unit', 'e2e', 'isolation'],
      );
      expect([code, stderr]).toEqual([0, expect.stringMatching(/Test Suites: 9 passed, 9 total/)]);
      const derived = ['GET /api/v1/suppliers/export', 'PATCH /api/v1/suppliers/{id}'];
      for (const route of [...derived, 'DELETE /api/v1/suppliers/{id}']) expect(stdout).toContain(route);
    });

    it('leaves nothing more to generate', async () => {
      const { stderr } = await run('npm', 'run', 'migration:generate:tenant', '--', 'create-suppliers-again');
      expect(stderr).toContain('there is nothing to write');
    });
  });
});

/** Blocks of a language that name a file. */
function blocks(section: string, language: string): { file: string; text: string }[] {
  const found = [...section.matchAll(new RegExp('^```' + language + ' (\\S+)\\n([\\s\\S]*?)^```$', 'gm'))];
  return found.map(([, file, text]) => ({ file: file!, text: text! }));
}

/** Applies a diff without line numbers. Old lines must occur once; runs of blanks are equal, as in cells of tables. */
function patch(file: string, diff: string): void {
  let text = readFileSync(file, 'utf8');
  for (const hunk of diff.trimEnd().split('\n@@\n')) {
    const lines = hunk.split('\n');
    const without = (sign: string) =>
      lines.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1));
    const literal = (line: string) => line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ +/g, ' +');
    const old = new RegExp(without('+').map(literal).join('\n'), 'g');
    const count = [...text.matchAll(old)].length;
    if (count !== 1) throw new Error(`${count} times in ${file}:\n${without('+').join('\n')}`);
    text = text.replace(old, () => without('-').join('\n'));
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
  const { JEST_WORKER_ID: _worker, NODE_ENV: _env, ...rest } = process.env;
  return { ...rest, LOG_LEVEL: 'warn' };
}
