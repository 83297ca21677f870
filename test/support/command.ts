import { run } from '../../src/cli';
import type { Finished } from './program';
import type { TestApp } from './test-app';

const SECRET = 'a secret that only tests use, at least 32 characters';

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command in this process, which has loaded the program: starting one takes longer than most commands. One at a time, since
 * commands write to what all share. Only for what a command does and answers; `runCli` also shows that the bundle has it and that it ends.
 */
export function runHere(args: string[], env: Record<string, string>): Promise<Finished> {
  const next = last.then(() => runAlone(args, env));
  last = next.catch(() => undefined);
  return next;
}

/** Runs a command with `--json` on the database of the app. @returns the one object that it prints */
export async function runJson<T>(app: TestApp, args: string[], exitCode = 0): Promise<T> {
  const { code, stdout, stderr } = await runHere([...args, '--json'], { DATABASE_URL: app.database.url });
  if (code !== exitCode || stdout.trim().split('\n').length !== 1)
    throw new Error(`exited with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

async function runAlone(args: string[], env: Record<string, string>): Promise<Finished> {
  const output = { stdout: '', stderr: '' };
  let exited: number | undefined;
  const restore = [
    replace(process, 'argv', [process.execPath, 'cli.js', ...args]),
    replace(process, 'env', { APP_SECRET: SECRET, LOG_LEVEL: 'warn', WARM_TENANTS: '0', ...env }),
    replace(process, 'exit', (code) => {
      exited ??= Number(code ?? 0);
      throw new Error('the process would have ended here');
    }),
    ...(['stdout', 'stderr'] as const).map((name) =>
      replace(process[name], 'write', ((text: string) => {
        if (exited === undefined) output[name] += text;
        return true;
      }) as typeof process.stdout.write),
    ),
  ];
  try {
    await run();
    return { code: exited ?? Number(process.exitCode ?? 0), ...output };
  } finally {
    for (const put of restore) put();
    process.exitCode = undefined;
  }
}

/** @returns puts the former value back */
function replace<T extends object, K extends keyof T>(object: T, name: K, value: T[K]): () => void {
  const former = object[name];
  object[name] = value;
  return () => {
    object[name] = former;
  };
}
