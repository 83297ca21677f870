import { once } from 'node:events';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { TEST_FOLDER } from '../../support/cluster';
import { createTestDatabase } from '../../support/database';
import { startServer } from '../../support/program';

it('waits for a program that does not end', async () => {
  const { url } = await createTestDatabase();
  const program = path.join(TEST_FOLDER, String(process.ppid), 'program'); // of the run, which was given one of another
  cpSync(process.env['TEST_PROGRAM']!, program, { recursive: true });
  const { pid } = await startServer({ env: { DATABASE_URL: url }, group: true, program });
  process.stdout.write(`program ${pid} runs\n`);
  await once(process, 'never');
});
