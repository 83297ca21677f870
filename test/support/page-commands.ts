import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { finish, type Finished, scratchFolder } from './program';

const ROOT = path.join(__dirname, '..', '..');

/** Commands of the first shell block that follows a text of a page, to be run as they stand there. */
export function commandsAfter(page: string, text: string): string {
  const content = readFileSync(path.join(ROOT, 'docs', page), 'utf8');
  const at = content.indexOf(text);
  const block = /```sh\n([^]*?)```/.exec(content.slice(at))?.[1];
  if (at === -1 || block === undefined) throw new Error(`docs/${page} has no commands after ${text}`);
  return block;
}

/** Stands for npm in the project's folder, with the program that the run has built. */
const NPM = `#!/bin/sh
[ "$1" = run ] || exit 64
shift; script=$1; shift
[ "$1" = -- ] && shift
[ "$script" = cli ] || set -- "$script" "$@"
exec "$NODE" "$TEST_PROGRAM/bundle/cli.js" "$@"
`;

/** Runs commands of a page in one shell, which ends at the first that fails. */
export function runCommands(
  commands: string,
  { cwd, env, tools = '' }: { cwd: string; env: Record<string, string>; tools?: string },
): Promise<Finished> {
  const bin = path.join(scratchFolder(), 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'npm'), NPM);
  chmodSync(path.join(bin, 'npm'), 0o755);
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: [bin, tools, path.dirname(process.execPath), process.env['PATH']].filter(Boolean).join(':'),
      NODE: process.execPath,
      TEST_PROGRAM: process.env['TEST_PROGRAM'],
      LOG_LEVEL: 'warn',
      WARM_TENANTS: '0',
      ...env,
    },
  });
  return finish(shell);
}
