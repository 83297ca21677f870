import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { finish, scratchFolder } from '../../support/program';
import type { Mutant } from './mutants';

const ROOT = path.join(__dirname, '..', '..', '..');
const COPIED = [
  'src',
  'migrations',
  'test',
  'examples',
  'bundle.mjs',
  'bundle-loader.cjs',
  'bundle-options.mjs',
  'package.json',
  '.swcrc',
  'jest.config.js',
  'tsconfig.json',
];
/** Smallest size of the kit: a mistake shows after few requests. */
const SMALL = { KIT_SHOPS: '8', KIT_REQUESTS: '400', KIT_SECONDS: '2', KIT_KILLS: '6' };
const LIMIT_MS = 180_000;

/** Result of the kit on a copy of the project. */
export interface Verdict {
  failed: number;
  passed: number;
  /** Suites that did not start: they prove nothing. */
  broken: number;
  /** Name of the first failed test. */
  first: string | undefined;
  seconds: number;
}

interface JestResults {
  numFailedTests: number;
  numPassedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
}

/** A copy of the project in a temporary folder, in which one file at a time is mutated. */
export class MutatedProject {
  private readonly folder = path.join(scratchFolder(), 'project');

  constructor() {
    mkdirSync(this.folder);
    for (const entry of COPIED)
      cpSync(path.join(ROOT, entry), path.join(this.folder, entry), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(this.folder, 'node_modules'));
  }

  /** Runs `work` with a mutant applied. @throws Error when its text is not in the file exactly once */
  async with<T>({ name, file, find, replace }: Mutant, work: () => Promise<T>): Promise<T> {
    const target = path.join(this.folder, file);
    const source = readFileSync(target, 'utf8');
    const found = source.split(find).length - 1;
    if (found !== 1) throw new Error(`mutant "${name}": its text occurs ${found} times in ${file}`);
    writeFileSync(target, source.split(find).join(replace));
    try {
      return await work();
    } finally {
      writeFileSync(target, source);
    }
  }

  /** Runs the kit, or one suite of it. Without `--bail`, which ends jest before it has written the results. */
  async test(suite?: string): Promise<Verdict> {
    const output = path.join(this.folder, 'results.json');
    rmSync(output, { force: true });
    const began = performance.now();
    const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const which = suite === undefined ? [] : [`test/isolation/${suite}.e2e-spec.ts`];
    const options = ['--selectProjects', 'isolation', '--json', `--outputFile=${output}`];
    const child = spawn(process.execPath, [jest, ...which, ...options], {
      cwd: this.folder,
      env: { ...cleanEnv(), ...SMALL },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const { stderr } = await finish(child).finally(() => clearTimeout(timer));
    return { ...readResults(output, stderr), seconds: (performance.now() - began) / 1000 };
  }

  remove(): void {
    rmSync(path.dirname(this.folder), { recursive: true });
  }
}

function readResults(file: string, stderr: string): Omit<Verdict, 'seconds'> {
  let results: JestResults;
  try {
    results = JSON.parse(readFileSync(file, 'utf8')) as JestResults;
  } catch (cause) {
    throw new Error(`the kit gave no result:\n${stderr.slice(-2000)}`, { cause });
  }
  const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    failed: results.numFailedTests,
    passed: results.numPassedTests,
    broken: results.numRuntimeErrorTestSuites,
    first: tests.find(({ status }) => status === 'failed')?.fullName,
  };
}

/** The environment without the variables of jest and of this run, except the URL of the shared server. */
function cleanEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(JEST_|KIT_|TEST_PROGRAM|TEST_SIZE)/.test(name),
  );
  return Object.fromEntries(own);
}
