import type { Env } from '../../src/config/env';
import { adminOf, type Installation } from '../../src/database/installation';

/** The environment with which a process of the program uses the installation of a benchmark. */
export function environmentOf(installation: Installation, { DATA_DIR }: Env): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: adminOf(installation).bootstrapUrl,
    DATA_DIR,
  };
}
