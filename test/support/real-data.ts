import { existsSync } from 'node:fs';
import path from 'node:path';

/** Folder of real data, which is not part of the project: `REAL_DATA`, by default beside the checkout. */
export const REAL_DATA = path.resolve(process.env['REAL_DATA'] ?? '../shared/data');

/** `describe` for tests that read real files; says in one line why it skips them where there are none. */
export function describeWithRealData(name: string, tests: () => void, folder = 'shopify'): void {
  if (existsSync(path.join(REAL_DATA, folder))) return describe(name, tests);
  process.stderr.write(`skipped "${name}": no folder ${folder} in ${REAL_DATA} (set REAL_DATA)\n`);
  // oxlint-disable-next-line jest/no-disabled-tests -- the files may not be copied into the project
  describe.skip(name, tests);
}
