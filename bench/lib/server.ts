import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '../../src/common/logger';
import { type Env, readEnv } from '../../src/config/env';
import { type Installation, openInstallation } from '../../src/database/installation';

/** Works on an installation of its own, on an embedded server that is gone afterwards. */
export async function withServer(
  work: (installation: Installation, env: Env) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stoa-bench-'));
  chmodSync(folder, 0o755); // the account of the server may be another
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
