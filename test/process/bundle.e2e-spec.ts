import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundle, runCli, scratchFolder } from '../support/program';

describe('the bundle', () => {
  it('finds its own files whatever the folder of the project is called', async () => {
    const scratch = scratchFolder();
    const program = path.join(scratch, 'c++ (copy) [1]');
    try {
      for (const part of ['src', 'migrations'])
        cpSync(path.join(process.env['TEST_PROGRAM']!, part), path.join(program, part), { recursive: true });
      bundle(program);
      const { code, stdout } = await runCli(['migration:lint'], { program });
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^[1-9]\d* migration\(s\): nothing found/)]);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
