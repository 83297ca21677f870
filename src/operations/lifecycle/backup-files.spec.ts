import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Env } from '../../config/env';
import { readBackupFile } from './backup-files';
import { DirectoryTarget } from '../../files/directory-target';

describe('readBackupFile', () => {
  it('closes an encrypted file that it has no key for', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stoa-backups-'));
    const file = path.join(folder, 'tea.tar.gz.age');
    writeFileSync(file, `age-encryption.org/v1\n${'x'.repeat(1_000_000)}`);
    const read = jest.spyOn(DirectoryTarget.prototype, 'read'); // the real one, to see what it has opened
    try {
      await expect(readBackupFile(file, {} as Env, () => Promise.resolve())).rejects.toMatchObject({
        code: 'BACKUP_KEY_MISSING',
      });
      expect((await read.mock.results[0]!.value).destroyed).toBe(true); // called once
    } finally {
      read.mockRestore();
      rmSync(folder, { recursive: true });
    }
  });
});
