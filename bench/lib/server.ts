import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '../../src/common/logger';
import { type Env, readEnv } from '../../src/config/env';
import { type Installation, openInstallation } from '../../src/database/installation';

/** Runs `work` on an installation of its own, on an embedded server that is removed afterwards. */
export async function withServer(
  work: (installation: Installation, env: Env) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-bench-'));
  chmodSync(folder, 0o755); // the server may run under another account
  try {
    const env = readEnv({ DATA_DIR: folder, LOG_LEVEL: 'warn' });
    const installation = await openInstallation(env, createLogger(env.LOG_LEVEL));
    try {
      await work(installation, env);
    } finally {
      await installation.server.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
