import type { Env } from '../../src/config/env';
import { adminOf, type Installation } from '../../src/database/installation';

/** What a process of the program needs to work on the installation of a benchmark. */
export function environmentOf(installation: Installation, { DATA_DIR }: Env): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: adminOf(installation).bootstrapUrl,
    DATA_DIR,
  };
}
