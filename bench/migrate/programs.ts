import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Env } from '../../src/config/env';
import type { Installation } from '../../src/database/installation';
import { environmentOf } from '../lib/environment';

const run = promisify(execFile);

/** The output folder of swc, with `src` and `bench`. */
const ROOT = path.join(__dirname, '..', '..');

/** MiB by which the migrator grows while it migrates the last `shops` shops, after `warmUp` others. */
export async function memoryOf(
  installation: Installation,
  env: Env,
  warmUp: number,
  shops: number,
): Promise<number> {
  const file = path.join(ROOT, 'bench', 'migrate', 'memory-child.js');
  const args = ['--expose-gc', file, String(warmUp), String(shops)];
  const { stdout } = await run(process.execPath, args, {
    env: { ...environmentOf(installation, env), LOG_LEVEL: 'warn' },
  });
  const { migrated, mebibytes } = JSON.parse(stdout) as { migrated: number; mebibytes: number };
  if (migrated !== shops) throw new Error(`${migrated} of ${shops} shops were migrated`);
  return mebibytes;
}

/** Runs the command as an operator does. */
export async function migrateCommand(installation: Installation, env: Env): Promise<void> {
  const cli = path.join(ROOT, 'src', 'cli.js');
  const { stdout } = await run(process.execPath, [cli, 'migrate:tenants'], {
    env: { ...environmentOf(installation, env), LOG_LEVEL: 'warn' },
  });
  if (!stdout.includes('nothing to do')) throw new Error(stdout);
}
